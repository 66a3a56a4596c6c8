"""The merchant's services that acquirers call, and the path that they sign."""

import pytest

from handlers.snap.call import Call
from handlers.snap.service import Service


def test_a_service_accepts_post_alone_by_default() -> None:
    """A service whose settings name no methods accepts only POST."""
    assert Service("24").methods == ("POST",)


@pytest.mark.parametrize("query", ["", "?", "?a=b", "?a=b?c"])
def test_the_signed_path_replaces_the_path_only(query: str) -> None:
    """A fixed path replaces the path of the call. The query stays as received."""
    received = ("POST", f"/real/path{query}", "time", b"{}", "token")
    fixed = Service("52", signed_path="/qr/notify").signed_call(*received)
    assert (fixed.uri, fixed.path_is_fixed) == (f"/qr/notify{query}", True)
    assert Service("52").signed_call(*received) == Call("POST", f"/real/path{query}", "token", "time", b"{}")
