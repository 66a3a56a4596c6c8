"""All clients of the settings, and the client that stands for every unknown client."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from handlers.snap.client import Client
from handlers.snap.dummy_keys import dummy_key_like
from handlers.snap.verification_keys import MakeDummyKey, paddings, secret_paddings


class Clients:
    """The clients of the settings, and one client that stands for every unknown client.

    A refusal takes the same time for all clients. Each client is padded with dummy keys, until it has as many keys of
    each shape (size and exponent) as the client that has the most keys of that shape. The unknown client has only dummy
    keys. The same holds for the notification keys, and for the secrets that sign calls without a token.

    Attributes:
        widest_tolerance: The widest clock tolerance of all clients.
        from_other_network: Stands for a client that sends from an address that it may not send from. It is an unknown
            client with another reason, so that the caller cannot find out which clients exist.
    """

    def __init__(self, clients: Sequence[Client], dummy_key: MakeDummyKey = dummy_key_like) -> None:
        """`dummy_key` returns a key of the same shape as another. Nobody has its private key."""
        calls, all_of_calls = paddings([client.public_keys for client in clients], dummy_key)
        notifications, all_of_notifications = paddings([client.notification_keys for client in clients], dummy_key)
        secrets = secret_paddings([client.secrets_without_token for client in clients])
        self.widest_tolerance = max(client.clock_tolerance for client in clients)
        nobody = Client("", (), self.widest_tolerance, known=False)
        *known, self._unknown_client = (
            replace(client, padding=padding, notification_padding=notification_padding, secret_padding=secret_padding)
            for client, padding, notification_padding, secret_padding in zip(
                (*clients, nobody), (*calls, all_of_calls), (*notifications, all_of_notifications), secrets, strict=True
            )
        )
        self.from_other_network = replace(self._unknown_client, unknown_reason="client.address_not_allowed")
        self._by_key = {client.key: client for client in known}
        self._by_partner_id = {partner_id: client.key for client in known for partner_id in client.partner_ids}
        self._suspended = {key: replace(client, suspended=True) for key, client in self._by_key.items()}

    def __contains__(self, client_key: str) -> bool:
        """Whether the settings have this client."""
        return client_key in self._by_key

    def __iter__(self) -> Iterator[Client]:
        """The clients of the settings, in their order."""
        return iter(self._by_key.values())

    def __len__(self) -> int:
        """The number of clients in the settings."""
        return len(self._by_key)

    def find(self, client_key: str, *, suspended: bool = False) -> Client:
        """Return the client of that key, or the unknown client.

        `suspended` suspends the client. False does not resume a client that the settings suspend.
        """
        clients = self._suspended if suspended else self._by_key
        return clients.get(client_key, self._unknown_client)

    def key_of_partner(self, partner_id: str) -> str:
        """Return the client key for an X-PARTNER-ID. It is empty if no client has that X-PARTNER-ID.

        If a service accepts body-signed calls, the settings make sure that no two clients share one.
        """
        return self._by_partner_id.get(partner_id, "")
