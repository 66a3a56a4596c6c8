"""The places in the settings that have the published test key, with which everybody can sign."""

from collections.abc import Iterable, Iterator

from handlers.config.tables import ClientTable
from handlers.snap.published_key import is_published

PUBLISHED = "this is the published test key, with which everybody can sign; use the public key that the client sent you"


def published_keys(clients: Iterable[ClientTable]) -> Iterator[tuple[int, str, int]]:
    """The place of each published key: the number of the client, the list in its table, and the number of the key."""
    for place, client in enumerate(clients):
        for purpose, keys in (("public_keys", client.public_keys), ("notification_keys", client.notification_keys)):
            for number, key in enumerate(keys):
                if is_published(key):
                    yield place, purpose, number
