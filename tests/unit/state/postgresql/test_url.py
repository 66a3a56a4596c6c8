"""The URL of a PostgreSQL database."""

from pathlib import Path

import pytest

from handlers.state.hosts import MALFORMED
from handlers.state.opening import StateUrl
from handlers.state.postgresql.url import parse

MARK = "RECOGNISEME"
FOLDER = Path("/settings")
NO_HOST = "a host is missing; for a socket, write postgresql://USER@/DATABASE?host=/run/postgresql"
OPTIONS = "the options are host, passfile, sslrootcert, sslcert, sslkey, sslmode, target_session_attrs"


@pytest.mark.parametrize(
    ("url", "hosts", "dsns"),
    [
        ("postgresql://h", ["h"], ["postgresql://h/?"]),
        ("POSTGRES://h:1/db", ["h:1"], ["postgresql://h:1/db?"]),
        ("postgresql://u:p%2F@h/db", ["h"], ["postgresql://u:p%2F@h/db?"]),
        ("postgresql://u@a:1,b:2/db", ["a:1", "b:2"], ["postgresql://u@a:1/db?", "postgresql://u@b:2/db?"]),
        ("postgresql://[::1]:1,[::2]/db", ["[::1]:1", "[::2]"], ["postgresql://[::1]:1/db?", "postgresql://[::2]/db?"]),
        ("postgresql://u@/db?host=/run/pg", ["%2Frun%2Fpg"], ["postgresql://u@%2Frun%2Fpg/db?"]),
        ("postgresql://%2Frun%2Fpg:6432/db", ["%2Frun%2Fpg:6432"], ["postgresql://%2Frun%2Fpg:6432/db?"]),
    ],
)
def test_each_host_has_its_own_connection(url: str, hosts: list[str], dsns: list[str]) -> None:
    """The driver gets a URL for each host, and connects only to a server that accepts writes."""
    parsed = parse(url, FOLDER)
    assert list(parsed.hosts) == hosts
    assert parsed.dsns == [dsn + "target_session_attrs=read-write" for dsn in dsns]


def test_files_are_beside_the_settings() -> None:
    """The paths of certificates and keys are relative to the settings' folder."""
    url = StateUrl("postgresql://h/db?sslmode=verify-full&sslrootcert=ca.pem&sslcert=/c.pem&sslkey=c.key", FOLDER)
    assert url.files == [Path("/settings/ca.pem"), Path("/c.pem"), Path("/settings/c.key")]
    assert "sslrootcert=%2Fsettings%2Fca.pem" in parse(url.text, FOLDER).dsns[0]


def test_the_password_file(tmp_path: Path) -> None:
    """The password file exists, and only its owner can read it. Otherwise the driver would ignore it."""
    url, file = "postgresql://u@h/db?passfile=pass", tmp_path / "pass"
    with pytest.raises(ValueError, match=r"pass \(passfile\) is not a file") as missing:
        parse(url, tmp_path)
    assert str(missing.value).startswith(str(file))
    file.write_text(f"h:5432:db:u:{MARK}")
    file.chmod(0o640)
    with pytest.raises(ValueError, match="other users can read") as readable:
        parse(url, tmp_path)
    assert str(readable.value).endswith(f"run: chmod 600 {file}")
    file.chmod(0o600)
    assert parse(url, tmp_path).dsns[0].startswith(f"postgresql://u@h/db?passfile={str(file).replace('/', '%2F')}")


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (f"# comment\n\n{MARK}".encode(), r"line 3 of .*/pass \(passfile\) must be host:port:database:user:password"),
        (b"\xff", r"/pass \(passfile\) cannot be read: it is not text in UTF-8"),
    ],
)
def test_a_password_file_of_another_format(tmp_path: Path, content: bytes, mistake: str) -> None:
    """The message names the line, and quotes nothing of it."""
    file = tmp_path / "pass"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ValueError, match=mistake) as refusal:
        parse("postgresql://u@h/db?passfile=pass", tmp_path)
    assert MARK not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        ("postgresql://", NO_HOST),
        ("postgresql:///db", NO_HOST),
        (f"postgresql:{MARK}", MALFORMED),
        (
            f"postgresql://u:{MARK}#@h/db",
            MALFORMED,
        ),
        (f"postgresql://u:{MARK}/{MARK}@h:6379/db", MALFORMED),
        (f"postgresql://u:1@{MARK}@h/db", MALFORMED),
        ("postgresql://h:0/db", MALFORMED),
        ("postgresql://h:65536/db", MALFORMED),
        ("postgresql://h,/db", MALFORMED),
        ("postgresql://[::1/db", MALFORMED),
        (f"postgresql://h/db?password={MARK}", OPTIONS),
        ("postgresql://h/db?statement_timeout=0", OPTIONS),
        ("postgresql://h/db?options=-c%20x=y", OPTIONS),
        (
            "postgresql://h/db?sslmode=no",
            "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        ("postgresql://h/db?target_session_attrs=any", "target_session_attrs must be one of read-write, primary"),
    ],
)
def test_mistakes_are_described(url: str, mistake: str) -> None:
    """The message says what to change, and quotes nothing of the URL, because it may have a password."""
    with pytest.raises(ValueError, match=r"\w") as refusal:
        StateUrl(url, FOLDER)
    assert str(refusal.value) == mistake


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("postgresql://db.example/db?sslmode=verify-full", True),
        ("postgresql://db.example/db?sslmode=verify-ca", False),
        ("postgresql://db.example/db", False),
        ("postgresql://localhost:5432/db", True),
        ("postgresql://localhost.example/db", False),
        ("postgresql://127.0.0.1,[::1]:1/db", True),
        ("postgresql://127.0.0.1,10.0.0.1/db", False),
        ("postgresql://u@/db?host=/run/pg", True),
    ],
)
def test_whether_others_can_listen(url: str, private: bool) -> None:  # noqa: FBT001  a parameter of the test
    """A connection is private if it stays on this machine, or if TLS checks the certificate and the host name."""
    assert parse(url, FOLDER).is_private is private


def test_a_printed_url_shows_no_password() -> None:
    """A printed URL does not show its password."""
    assert MARK not in repr(parse(f"postgresql://u:{MARK}@h/db", FOLDER))
