"""The merchant's services that NICEPAY calls."""

from handlers.snap.service import Service


def test_a_service_accepts_post_alone_by_default() -> None:
    """A service whose settings name no methods accepts only POST."""
    assert Service("24").methods == ("POST",)
