"""What has been taken back, as far as this process knows."""

from datetime import datetime


class Revocations:
    """A copy of the state's; here still empty."""

    def is_revoked(self, client_key: str, fingerprint: str, issued_at: datetime) -> bool:  # noqa: ARG002  nothing is
        """Whether the token, or all of its client's up to its issue, have been taken back."""
        return False

    def require_fresh(self) -> None:
        """Refuse if the copy is old and the engine down."""
