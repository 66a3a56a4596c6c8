"""The secrets in the settings, which logs and output must mask."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from handlers.config.key_files import read_text
from handlers.config.settings import Settings
from handlers.snap.masking import NamedSecret


def secrets_to_mask(settings: Settings) -> Iterator[NamedSecret]:
    """Every secret in the settings, each with the name that replaces it."""
    for table in settings.clients:
        yield from (("client secret", secret) for secret in table.client_secret_file)
    if settings.internal:
        yield from (("internal secret", secret) for secret in settings.internal.secrets)
    yield from (("token key", key) for key in settings.token.keys)
    yield from private_key_secrets(settings.sandbox.private_key_file)


def private_key_secrets(file: Path) -> Iterator[NamedSecret]:
    """Each base64 line of a private key in PEM, because each is a secret. Nothing if the file cannot be read."""
    with suppress(ValueError, OSError):
        if file.is_file():
            lines = map(str.strip, read_text(file).splitlines())
            yield from (("private key", line.encode()) for line in lines if "-----" not in line)
