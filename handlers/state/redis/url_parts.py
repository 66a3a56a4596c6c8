"""What the settings need to know about the URL of a Redis server. The library of Redis is not imported here."""

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl

SENTINEL = "redis+sentinel"

SCHEMES = frozenset({"redis", "rediss", "unix", SENTINEL})

TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
"""The options of the URL that name files."""


def tls_files(url: SplitResult, folder: Path) -> list[Path]:
    """Return the files in the URL."""
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    return [folder / options[name] for name in TLS_FILES if name in options]
