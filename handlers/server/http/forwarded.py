"""The Forwarded header (RFC 7239), read strictly: a value that does not fit the grammar counts as unreadable."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from handlers.snap.networks import Address, plain

# RFC 7239, section 4: `token` and `quoted-string` as in RFC 9110, section 5.6.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_PAIR = re.compile(rf"[ \t]*(?:({_WORD})=({_WORD}|{_QUOTED})[ \t]*)?([;,]|\Z)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

# RFC 7239, section 6: an address with or without a port. A port is a number or an obfuscated identifier.
_NODE = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<ipv4>[0-9.]+))(?::(?:[0-9]{1,5}|_[0-9A-Za-z._-]+))?")


def nodes(value: str) -> list[str]:
    """The `for` parameters, from the first proxy to the last. Empty text for an element without one.

    Raises:
        ValueError: The value does not fit the grammar, or an element has a parameter twice.
    """
    return [element.get("for", "") for element in _elements(value)]


def _elements(value: str) -> Iterator[Mapping[str, str]]:
    element: dict[str, str] = {}
    at, separator = 0, ","
    while separator:
        pair = _PAIR.match(value, at)
        if pair is None or (pair[1] or "").lower() in element:
            message = "not a Forwarded header"
            raise ValueError(message)
        if pair[1]:
            element[pair[1].lower()] = _unquoted(pair[2])
        at, separator = pair.end(), pair[3]
        if separator != ";":
            yield element
            element = {}


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def parse_node(node: str) -> Address:
    """The address of a node.

    Raises:
        ValueError: The node is `unknown` or an obfuscated identifier, or has no valid address.
    """
    found = _NODE.fullmatch(node)
    if found is None:
        message = "not an address"
        raise ValueError(message)
    return plain(IPv6Address(found["ipv6"]) if found["ipv6"] else IPv4Address(found["ipv4"]))
