"""A captured request."""

import pytest

from handlers.doctor.request import Request


@pytest.mark.parametrize(
    ("target", "uri", "path"),
    [
        ("/a/b?c=d", "/a/b?c=d", "/a/b"),
        ("https://merchant.example/a?c=d?e", "/a?c=d?e", "/a"),
        ("https://merchant.example", "/", "/"),
        ("//a", "//a", "//a"),
    ],
)
def test_a_target_is_a_path_or_a_whole_url(target: str, uri: str, path: str) -> None:
    """Scheme and host are left out; what is a path already stays as it is."""
    request = Request("POST", target, ())
    assert (request.uri, request.path) == (uri, path)


def test_headers_are_found_in_any_case() -> None:
    """All values of a header are there, in their order; the last one stands for it, as at the server."""
    request = Request("POST", "/", (("X-A", "1"), ("x-a", "2"), ("X-B", "3")))
    assert (request.all("x-A"), request.get("X-A"), request.get("X-C")) == (["1", "2"], "2", "")


def test_what_is_no_url_is_its_own_path() -> None:
    """Half of an IPv6 address: no path of ours, and no failure."""
    assert Request("GET", "http://[", ()).uri == "http://["
