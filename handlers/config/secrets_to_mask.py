"""The secrets in the settings, which logs and output must mask."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from handlers.config.file_content import read_bytes
from handlers.config.settings import Settings
from handlers.snap.key_content import text_of
from handlers.snap.masking import SHORTEST, NamedSecret

_BASE64_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{SHORTEST},}}={{0,2}}")


def secrets_to_mask(settings: Settings) -> Iterator[NamedSecret]:
    """Every secret in the settings, each with the name that replaces it."""
    for table in settings.clients:
        yield from (("client secret", secret) for secret in table.client_secret_file)
    if settings.internal:
        yield from (("internal secret", secret) for secret in settings.internal.secrets)
    if settings.state.password_file:
        yield "state password", settings.state.password_file.encode()
    yield from (("token key", key) for key in settings.token.keys)
    yield from private_key_secrets(settings.sandbox.private_key_file)


def private_key_secrets(file: Path) -> Iterator[NamedSecret]:
    """Each run of base64 in the text of a private key, because each is a secret. Nothing if the file cannot be read."""
    with suppress(ValueError, OSError):
        if file.is_file():
            runs = _BASE64_RUN.findall(text_of(read_bytes(file)))
            yield from (("private key", run.encode()) for run in runs)
