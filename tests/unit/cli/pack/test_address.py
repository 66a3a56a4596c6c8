"""The base URL of the merchant in the pack."""

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.pack.address import base_url

EXAMPLE = "; for example https://merchant.example/api/v1.0"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://a.example", "https://a.example/base"),
        ("https://a.example/", "https://a.example/base"),
        ("https://a.example/api/v2", "https://a.example/api/v2"),
        ("https://A.Example:8443/x_y~z/", "https://a.example:8443/x_y~z"),
        ("https://[2001:db8::1]/api", "https://[2001:db8::1]/api"),
        (f"https://{'a' * 63}.b/.x/..y", f"https://{'a' * 63}.b/.x/..y"),
        ("https://192.0.2.1", "https://192.0.2.1/base"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/base"),
        ("http://localhost/x", "http://localhost/x"),
        ("http://[::1]:1", "http://[::1]:1/base"),
    ],
)
def test_a_base_url_is_taken_in_one_form(given: str, taken: str) -> None:
    """The host is in lower case, there is no slash at the end, and a URL without a path gets the base path."""
    assert base_url(given, "/base") == taken


def test_a_base_path_may_be_empty() -> None:
    """If the base path of the settings is empty, the URL has no path."""
    assert base_url("https://a.example/", "") == "https://a.example"


@pytest.mark.parametrize(
    "given",
    [
        "http://a.example",
        "a.example",
        "",
        "ftp://a.example",
        "HTTP://b",
    ],
)
def test_anything_but_https_is_refused(given: str) -> None:
    """http:// is allowed only for this machine and with --internal."""
    with pytest.raises(UsageError) as refusal:
        base_url(given, "")
    expected = "the URL must begin with https://; http:// is allowed only for this machine and with --internal"
    assert refusal.value.mistakes == (f"--base-url: {expected}{EXAMPLE}",)


@pytest.mark.parametrize(
    "given",
    [
        "https://",
        "https://u:p@a.example",
        "https://@a.example",
        "https://a.example/?x=1",
        "https://a.example/#x",
        "https://tokó.example",
        "https://a b",
        "https://-a",
        "https://a-.b",
        "https://a..b",
        f"https://{'a' * 64}.b",
        "https://[::1",
        "https://[1.x]",
        "https://a:99999",
        "https://a:0",
        "https://a:b/",
    ],
)
def test_other_parts_of_a_url_are_refused(given: str) -> None:
    """A URL with a password, a query, a fragment or an invalid host is refused, and is not repeated."""
    with pytest.raises(UsageError, match="it must have a host") as refusal:
        base_url(given, "")
    assert "u:p" not in str(refusal.value)


@pytest.mark.parametrize("path", ["//x", "/a//b", "/a b", "/a%20b", "/é", "/a/../b", "/.", "/a/.."])
def test_a_path_that_the_settings_cannot_have_is_refused(path: str) -> None:
    """The path follows the rule of server.base_path, and a client sends it unchanged."""
    with pytest.raises(UsageError, match="its path may hold letters"):
        base_url(f"https://a.example{path}", "")


def test_the_url_of_the_endpoint_is_refused() -> None:
    """If the URL is that of the whole endpoint, the error says what to leave out."""
    with pytest.raises(UsageError, match="leave /access-token/b2b out"):
        base_url("https://a.example/api/v1.0/access-token/b2b/", "")


@pytest.mark.parametrize("given", ["http://10.0.0.5:9080", "https://internal.a.example/x", "http://a/access-token/b2b"])
def test_an_internal_url_needs_no_tls(given: str) -> None:
    """The URL of the internal listener may begin with http://, and gets no path."""
    assert base_url(given, "", is_internal=True) == given


def test_an_internal_url_has_no_other_scheme() -> None:
    """Another scheme is refused also for the internal listener, with an example of its own."""
    with pytest.raises(UsageError, match=r"must begin with https://.*; for example http://10\.0\.0\.5:9080"):
        base_url("ftp://10.0.0.5", "", is_internal=True)
