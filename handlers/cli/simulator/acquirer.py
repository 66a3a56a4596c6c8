"""What the settings say about the calls of one client to one path. Without settings, the common values."""

from dataclasses import dataclass

from handlers.config.settings import Settings
from handlers.config.tables import ClientTable
from handlers.server.process import assembly
from handlers.snap.call_form import CallForm
from handlers.snap.particulars import USUAL, Particulars
from handlers.snap.service import Service

_UNNAMED = Service("")
"""The service of a path that the settings do not name."""


@dataclass(frozen=True, slots=True)
class Acquirer:
    """A client as the settings describe it, and the service that it calls.

    Attributes:
        client_key: The client ID.
        table: The client's table in the settings. None if they do not name the client.
        service: The service of the path.
    """

    client_key: str
    table: ClientTable | None = None
    service: Service = _UNNAMED

    @classmethod
    def of(cls, settings: Settings | None, client_key: str, uri: str) -> "Acquirer":
        """Find the client and the service in the settings. `uri` is a path with its query."""
        if settings is None:
            return cls(client_key)
        table = next((table for table in settings.clients if table.id == client_key), None)
        service = assembly.called_services_of(settings).get(uri.partition("?")[0], _UNNAMED)
        return cls(client_key, table, service)

    @property
    def particulars(self) -> Particulars:
        """What differs between acquirers in the client's calls."""
        return assembly.particulars_of(self.table) if self.table else USUAL

    @property
    def partner_id(self) -> str:
        """The first X-PARTNER-ID of the client."""
        return self.table.partner_id if self.table else self.client_key

    @property
    def form(self) -> CallForm:
        """The form of call that the service accepts. It is `token` if that is one of several."""
        return "token" if "token" in self.service.forms else self.service.forms[0]

    @property
    def is_symmetric(self) -> bool:
        """Whether the client secret signs the client's calls with a token."""
        return self.table is not None and self.table.call_signature == "symmetric"

    @property
    def secret(self) -> bytes | None:
        """The newest client secret. None if the settings name none."""
        return self.table.client_secret_file[0] if self.table and self.table.client_secret_file else None
