"""The addresses of listeners in the settings."""

from ipaddress import ip_address

PUBLIC_PORT = 8080
INTERNAL_PORT = 9080
"""The ports if the settings name none."""


def is_loopback(host: str) -> bool:
    """Whether the host name or IP address reaches only this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hosts_overlap(one: str, other: str) -> bool:
    """Whether two servers cannot listen on the same port at these two hosts."""
    hosts = {"127.0.0.1" if host == "localhost" else host for host in (one, other)}
    return len(hosts) == 1 or bool(hosts & {"0.0.0.0", "::"})  # noqa: S104  compared, not listened on
