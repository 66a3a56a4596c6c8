"""What has been taken back, as far as this process knows."""

from datetime import datetime


class Revocations:
    """One process's own, for as long as it runs."""

    def __init__(self) -> None:
        self._held: dict[str, datetime | None] = {}

    def is_revoked(self, client_key: str, fingerprint: str, issued_at: datetime) -> bool:  # noqa: ARG002  all or none
        """Whether the token or its client is held."""
        return f"client:{client_key}" in self._held or f"token:{fingerprint}" in self._held

    def require_fresh(self) -> None:
        """There is nothing to be behind of."""

    async def revoke_token(self, fingerprint: str, ttl_seconds: int) -> None:  # noqa: ARG002  nothing is forgotten
        """Hold the token."""
        self._held[f"token:{fingerprint}"] = None

    async def revoke_client(self, client_key: str, ttl_seconds: int) -> None:  # noqa: ARG002  nothing is forgotten
        """Hold the client."""
        self._held[f"client:{client_key}"] = None
