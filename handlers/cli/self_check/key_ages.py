"""The ages of the token keys, the sizes of the public keys, and the ends of certificates."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from handlers.cli.self_check.finding import Finding, error, findings_or, good, warning
from handlers.config.file_content import read_bytes
from handlers.config.setting_warning import SOON
from handlers.config.settings import Settings
from handlers.config.token_key_note import PUBLISHED, since
from handlers.snap.keys import certificate_end

OLDEST_KEY = timedelta(days=90)
"""The age from which the token key should be rotated. The alert `SnapTokenKeyOld` has the same."""

LONGEST_ROTATION = timedelta(days=1)
"""The age from which a published key shows that somebody forgot the second step of a rotation."""

_ROTATE = "run: snap-token keys rotate --config FILE"


def check_token_keys(settings: Settings, now: datetime) -> Iterator[Finding]:
    """How old the key is that encrypts new tokens, and whether a rotation was left unfinished."""
    file = settings.token.keys_file
    first, *others = file.lines
    age = file.minting_age(now)
    found = f"the token key {first.fingerprint} is {_days(age)} old" + (
        "" if file.minting_since else ", as old as its file"
    )
    yield warning("keys.token", found, _ROTATE) if age > OLDEST_KEY else good("keys.token", found)
    for line in others:
        published = since(line.note, PUBLISHED)
        if published and now - published > LONGEST_ROTATION:
            cause = f"the token key {line.fingerprint} was published {_days(now - published)} ago and is not used yet"
            yield warning("keys.token", cause, f"finish the rotation; {_ROTATE}")


def check_client_keys(settings: Settings) -> Finding:
    """How many public keys there are, and how long they are. The warnings about settings name each short key."""
    bits = [key.key_size for table in settings.clients for key in (*table.public_keys, *table.notification_keys)]
    text = f"public keys: {len(bits)}, clients: {len(settings.clients)}, bits: {min(bits):,} to {max(bits):,}"
    return good("keys.clients", text)


def check_state_certificates(settings: Settings, now: datetime) -> list[Finding]:
    """When the certificates in `state.url` end. The warnings about settings name those of clients."""
    files = settings.state.url.files
    findings = [found for file in files for found in _of_certificate(file, now)]
    text = f"no certificate in state.url ends within {SOON.days} days"
    return findings_or(findings, good("keys.certificates", text)) if files else []


def _of_certificate(file: Path, now: datetime) -> Iterator[Finding]:
    try:
        end = certificate_end(read_bytes(file))
    except (ValueError, TimeoutError) as cause:
        yield error("keys.certificates", f"state.url: {cause}", "correct the path or the mode of the file")
        return
    if end and end - now <= SOON:
        found = f"state.url: the certificate in {file} {'expired' if end <= now else 'ends'} on {end:%Y-%m-%d}"
        severity = error if end <= now else warning
        yield severity("keys.certificates", found, "replace it")


def _days(age: timedelta) -> str:
    return f"{age.days} day{'' if age.days == 1 else 's'}"
