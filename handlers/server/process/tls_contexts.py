"""The TLS context of each listener. A reload replaces it: new connections get the new certificate, open ones stay."""

from functools import partial

from handlers.config.listeners import listeners_of
from handlers.config.settings import Settings
from handlers.config.tls_files import Tls
from handlers.server.process.tls_handshakes import CurrentContext


class TlsContexts:
    """The current context of each listener that had TLS at the start."""

    def __init__(self, settings: Settings) -> None:
        self._pairs = pairs_of(settings)
        self._contexts = {name: pair.context() for name, pair in self._pairs.items()}

    def current(self, name: str) -> CurrentContext | None:
        """A function that returns the context of this listener. None if the listener has no TLS."""
        return partial(self._contexts.__getitem__, name) if name in self._contexts else None

    def use(self, settings: Settings) -> None:
        """Replace the contexts whose certificate, key or version changed.

        A listener without TLS stays without it, and one with TLS never loses it, until the next start.
        """
        changed = {name: pair for name, pair in pairs_of(settings).items() if pair != self._pairs.get(name, pair)}
        self._contexts |= {name: pair.context() for name, pair in changed.items()}
        self._pairs |= changed


def pairs_of(settings: Settings) -> dict[str, Tls]:
    """Certificate and key of each listener with TLS, by the name of its table in the settings."""
    return {name: table.tls for name, table in listeners_of(settings).items() if table.tls}
