"""The public keys in the settings, and the certificates from which they come."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handlers.config.file_content import read_bytes
from handlers.config.settings import Settings
from handlers.snap.keys import certificate_end, is_inline

Purpose = Literal["public_keys", "notification_keys"]


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key of a client.

    Attributes:
        key: The key.
        client_id: The client.
        purpose: The setting that lists the key.
        list_place: The place of that list in the settings, such as `clients[0].public_keys`.
        place: The place of the key in the settings.
        written: What the settings have for the key: the key itself, or its path.
        folder: The folder of the settings file.
    """

    key: RSAPublicKey
    client_id: str
    purpose: Purpose
    list_place: str
    place: str
    written: Any
    folder: Path

    @property
    def certificate_end(self) -> datetime | None:
        """The end of the certificate's validity in UTC. None if the key is not in a certificate.

        This reads the file again. None also if it was deleted since the settings were read.
        """
        if is_inline(self.written):
            return certificate_end(str(self.written))
        with suppress(ValueError):
            return certificate_end(read_bytes(self.folder / self.written))
        return None


def client_keys(settings: Settings) -> Iterator[ClientKey]:
    """All public keys in the settings, in their order."""
    purposes: tuple[Purpose, ...] = ("public_keys", "notification_keys")
    folder = settings.file.absolute().parent
    for number, (table, written) in enumerate(zip(settings.clients, settings.written["clients"], strict=True)):
        for purpose in purposes:
            place = f"clients[{number}].{purpose}"
            for at, key in enumerate(getattr(table, purpose)):
                yield ClientKey(key, table.id, purpose, place, f"{place}[{at}]", written[purpose][at], folder)
