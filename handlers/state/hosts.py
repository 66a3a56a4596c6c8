"""Lists of hosts in the URL of a state store: `host1:5432,host2:5432`."""

import re

MALFORMED = "host or port is malformed; in a password, write / # ? @ as %2F %23 %3F %40"

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_LAST_PORT = 65_535


def parse_hosts(text: str, default_port: int) -> list[tuple[str, int]]:
    """Return the name and the port of each host. An IPv6 address keeps its brackets.

    Raises:
        ValueError: A host is malformed. The message quotes nothing of it, because it may be a part of a password.
    """
    matches = [_HOST.fullmatch(host) for host in text.split(",")]
    hosts = [(match["name"], int(match["port"] or default_port)) for match in matches if match]
    if len(hosts) < len(matches) or not all(0 < port <= _LAST_PORT for _, port in hosts):
        raise ValueError(MALFORMED)
    return hosts
