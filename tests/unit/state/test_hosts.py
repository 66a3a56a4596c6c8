"""Lists of hosts in the URL of a state store."""

import pytest

from handlers.state.hosts import MALFORMED, parse_hosts


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("h", [("h", 7)]),
        ("a:1,b", [("a", 1), ("b", 7)]),
        ("[::1]:65535,[::2]", [("[::1]", 65_535), ("[::2]", 7)]),
    ],
)
def test_a_list_of_hosts(text: str, hosts: list[tuple[str, int]]) -> None:
    """Each host has its own port, or the default port."""
    assert parse_hosts(text, 7) == hosts


@pytest.mark.parametrize("text", ["", "a,", "a:0", "a:65536", "a:x", "a:1:2", "[::1", "::1", "a b:1:"])
def test_malformed_hosts(text: str) -> None:
    """A malformed host is refused, and the message quotes nothing of it."""
    with pytest.raises(ValueError, match="host or port is malformed") as refusal:
        parse_hosts(text, 7)
    assert str(refusal.value) == MALFORMED
