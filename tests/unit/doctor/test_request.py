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
    """Scheme and host of a URL are left out, and a path stays unchanged."""
    request = Request("POST", target, ())
    assert (request.uri, request.path) == (uri, path)


def test_header_names_have_no_case() -> None:
    """`all` returns all values of a header in their order, and `get` returns the last one, as the server does."""
    request = Request("POST", "/", (("X-A", "1"), ("x-a", "2"), ("X-B", "3")))
    assert (request.all("x-A"), request.get("X-A"), request.get("X-C")) == (["1", "2"], "2", "")


def test_an_invalid_url_is_its_own_path() -> None:
    """A target with an incomplete IPv6 address stays unchanged, and nothing fails."""
    assert Request("GET", "http://[", ()).uri == "http://["
