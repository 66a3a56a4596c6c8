"""The URL of a PostgreSQL database, as libpq writes it: `postgresql://USER@HOST:PORT,HOST:PORT/DATABASE?OPTIONS`.

Without a password in it, the driver reads the password file of libpq: `passfile`, `PGPASSFILE` or `~/.pgpass`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from handlers.state.hosts import MALFORMED, parse_hosts

SCHEMES = frozenset({"postgresql", "postgres"})

_TLS_FILES = ("sslrootcert", "sslcert", "sslkey")
_VALUES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("read-write", "primary"),
}
OPTIONS = ("host", "passfile", *_TLS_FILES, *_VALUES)
"""The options of the URL. No other option reaches the driver."""
_URL = re.compile(
    r"postgres(?:ql)?://(?:(?P<login>[^/?#@]*)@)?(?P<hosts>[^/?#@]*)(?:/(?P<database>[^/?#]*))?(?:\?(?P<query>[^#]*))?",
    re.IGNORECASE,
)
DEFAULT_PORT = 5432
_GROUP_AND_OTHERS = 0o077
_PASSFILE_LINE = "host:port:database:user:password"
_LOCAL = re.compile(r"(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?|%2F.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PostgresqlUrl:
    """A valid URL. `hosts` are as in the URL: each with its port, or the folder of a socket."""

    hosts: tuple[str, ...]
    _login: str = field(repr=False)
    _database: str
    _options: dict[str, str]

    @property
    def dsns(self) -> list[str]:
        """Return a URL for each host, whose files have absolute paths. It may contain a password."""
        query = urlencode(self._options | {"target_session_attrs": "read-write"})
        return [f"postgresql://{self._login}{host}/{self._database}?{query}" for host in self.hosts]

    @property
    def tls_files(self) -> list[Path]:
        """Return the certificates and keys. Every new connection reads them."""
        return [Path(self._options[name]) for name in _TLS_FILES if name in self._options]

    @property
    def is_private(self) -> bool:
        """Whether nobody can listen to the connection, or pose as the server: TLS with a check, or no network."""
        return self._options.get("sslmode") == "verify-full" or all(map(_LOCAL.fullmatch, self.hosts))


def parse(url: str, folder: Path) -> PostgresqlUrl:
    """Return the parts of the URL. Its files are relative to `folder`.

    Raises:
        ValueError: The URL is not valid. The message quotes nothing of the URL but the path of the password file.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError(MALFORMED)
    options = _options(parts["query"] or "", folder)
    hosts = parts["hosts"] or options.pop("host", "")
    login = f"{parts['login']}@" if parts["login"] else ""
    return PostgresqlUrl(_hosts(hosts), login, parts["database"] or "", options)


def _hosts(text: str) -> tuple[str, ...]:
    if not text:
        message = "a host is missing; for a socket, write postgresql://USER@/DATABASE?host=/run/postgresql"
        raise ValueError(message)
    parse_hosts(text, DEFAULT_PORT)
    return tuple(host.replace("/", "%2F") for host in text.split(","))


def _options(query: str, folder: Path) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not options.keys() <= set(OPTIONS):
        message = f"the options are {', '.join(OPTIONS)}"
        raise ValueError(message)
    for name, allowed in _VALUES.items():
        if name in options and options[name] not in allowed:
            message = f"{name} must be one of {', '.join(allowed)}"
            raise ValueError(message)
    files = {name: str(folder / options[name]) for name in ("passfile", *_TLS_FILES) if name in options}
    if "passfile" in files:
        _require_private_file(Path(files["passfile"]))
    return options | files


def _require_private_file(file: Path) -> None:
    """Check the password file. The driver would ignore a file that others can read, and connect without a password."""
    if not file.is_file():
        message = f"{file} (passfile) is not a file; write {_PASSFILE_LINE} into it"
        raise ValueError(message)
    if file.stat().st_mode & _GROUP_AND_OTHERS:
        message = f"other users can read {file} (passfile); run: chmod 600 {file}"
        raise ValueError(message)
    _require_lines(file)


def _require_lines(file: Path) -> None:
    """Check the format of each line. The messages quote none, because it may be a password."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not text in UTF-8"
        message = f"{file} (passfile) cannot be read: {cause}"
        raise ValueError(message) from None
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith("#") and line.count(":") < _PASSFILE_LINE.count(":"):
            message = f"line {number} of {file} (passfile) must be {_PASSFILE_LINE}"
            raise ValueError(message)
