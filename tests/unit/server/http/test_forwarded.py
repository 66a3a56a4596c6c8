"""The Forwarded header of RFC 7239."""

import pytest

from handlers.server.http.forwarded import nodes, parse_node


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", ["192.0.2.60"]),
        ("for=192.0.2.43, for=198.51.100.17", ["192.0.2.43", "198.51.100.17"]),
        ('For="[2001:db8:cafe::17]:4711"', ["[2001:db8:cafe::17]:4711"]),
        ('for="_gazonk"', ["_gazonk"]),
        (
            "for=192.0.2.43,FOR=198.51.100.17;by=203.0.113.60;proto=http;host=example.com",
            ["192.0.2.43", "198.51.100.17"],
        ),
        ("proto=https", [""]),
        ("for=192.0.2.43,", ["192.0.2.43", ""]),
        (" \tfor=192.0.2.43 ; proto=https\t, for=a;", ["192.0.2.43", "a"]),
        ('for="a,for=b", for="c\\"d\\\\"', ["a,for=b", 'c"d\\']),
        ("", [""]),
    ],
)
def test_each_element_has_its_node(value: str, expected: list[str]) -> None:
    """The nodes are the `for` parameters of all elements, without quotes. Text in quotes separates nothing."""
    assert nodes(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            "192.0.2.43",
            "for",
            "for=",
            "for =a",
            "for= a",
            'for="a',
            'for="a"b',
            "for=a b",
            "for=a;for=b",
            "for=a;FOR=b",
        ),
        *("for=[::1]", "for=1.2.3.4:80", "for=\xff", 'for="\x00"', 'for="\\', "=a", "for=a;;=", "\x0bfor=a", "for=a\n"),
    ],
)
def test_another_grammar_is_refused(value: str) -> None:
    """A value that does not fit the grammar, or has a parameter twice in one element, gives no node."""
    with pytest.raises(ValueError, match="not a Forwarded header"):
        nodes(value)


@pytest.mark.parametrize("value", [" " * 16_000 + "x", "for=" + '"\\a' * 4_000, "a=b;" * 4_000 + '"', "a" * 16_000])
def test_a_long_value_is_refused_or_read_at_once(value: str) -> None:
    """A value as long as all headers may be takes linear time, so this test ends."""
    with pytest.raises(ValueError, match="not a Forwarded header"):
        nodes(value)


@pytest.mark.parametrize(
    ("node", "address"),
    [
        ("192.0.2.43", "192.0.2.43"),
        ("192.0.2.43:80", "192.0.2.43"),
        ("192.0.2.43:_port", "192.0.2.43"),
        ("[2001:db8::17]", "2001:db8::17"),
        ("[2001:DB8::17]:47011", "2001:db8::17"),
        ("[::ffff:192.0.2.43]", "192.0.2.43"),
    ],
)
def test_a_node_has_an_address(node: str, address: str) -> None:
    """A node is an IPv4 address, or an IPv6 address in brackets, with or without a port. A mapped one is IPv4."""
    assert str(parse_node(node)) == address


@pytest.mark.parametrize(
    "node",
    [
        *("", "unknown", "_hidden", "2001:db8::17", "[192.0.2.43]", "[::1", "::1]", "192.0.2.43:", "192.0.2.43:123456"),
        *("192.0.2.043", "192.0.2", "[fe80::1%eth0]", " 192.0.2.43", "merchant.example", "192.0.2.43:80:80", "[]"),
    ],
)
def test_another_node_has_none(node: str) -> None:
    """`unknown`, an obfuscated identifier, an IPv6 address without brackets and any other text are no addresses."""
    with pytest.raises(ValueError, match=r".+"):
        parse_node(node)
