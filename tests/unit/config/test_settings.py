"""The settings: one file, environment variables, and all mistakes in one report."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.config.settings import Settings, SettingsError
from handlers.state.opening import StateUrl
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.settings_text import loaded, mistakes_in

CLIENT = '\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'
UNKNOWN = "there is no such key"
NO_INTEGER = "must be a whole number, without quotes"
NO_BOOLEAN = "must be true or false, without quotes"
NO_ID = "must be 1 to 36 visible ASCII characters; found"
NO_HOST = "must be a name or an IP address, without http:// and without a port"
NO_BASE_PATH = "must be a path such as /api/v1.0, of letters, digits and ._~- after each slash"
NO_KEY = "does not name a key; write SNAP_TOKEN__TABLE__KEY"
NO_DOTS = "must not contain the path segments . and .."
TAKEN = "[server] already listens on port 8080; choose another port"
NO_TABLE = (
    "does not name a table that a variable can set; "
    "use one of audit, debug, internal, limits, log, sandbox, server, state, token"
)


def test_one_client_is_enough(settings_file: Path, nicepay: Nicepay) -> None:
    """Every key that is not set has its documented default, and key files are read."""
    settings = loaded(settings_file, CLIENT)
    assert (settings.server.host, settings.server.port, settings.server.base_path) == ("127.0.0.1", 8080, "/api/v1.0")
    assert (settings.token.lifetime_seconds, settings.clients[0].clock_tolerance_seconds) == (900, 300)
    assert (settings.internal, settings.sandbox.enabled, settings.services) == (None, False, ())
    assert (settings.state.url, settings.state.when_down) == (
        StateUrl("sqlite:///state.db", settings_file.parent),
        "refuse",
    )
    assert settings.clients[0].public_keys == (nicepay.private_key.public_key(),)


def test_settings_are_immutable(settings_file: Path) -> None:
    """Neither a table nor a value in it can be replaced after reading."""
    settings = Settings.load(settings_file)
    with pytest.raises(ValidationError, match="Instance is frozen"):
        settings.server = settings.server
    with pytest.raises(ValidationError, match="Instance is frozen"):
        settings.server.port = 1


def test_all_mistakes_are_reported_together(settings_file: Path) -> None:
    """Mistakes in several tables are reported together, each under the path of its key."""
    text = """
        speed = "high"
        [server]
        port = "eighty"
        [token]
        keys_file = "nowhere"
        [[clients]]
        id = "A B"
        public_keys = ["IONPAYTEST.pem", 7]
        [[clients]]
        id = "B"
        public_keys = ["IONPAYTEST.pem"]
        colour = "red"
        """
    assert mistakes_in(settings_file, text) == [
        f"speed: {UNKNOWN}",
        f"clients[1].colour: {UNKNOWN}",
        f"server.port: {NO_INTEGER}",
        f"token.keys_file: {settings_file.parent}/nowhere cannot be read: No such file or directory",
        f"clients[0].id: {NO_ID} 3 characters; character 2 is U+0020 SPACE",
        "clients[0].public_keys[1]: must be the path of a file",
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("x = 1", "x", id="top"),
        pytest.param("[x]", "x", id="table"),
        pytest.param("[server]\nx = 1", "server.x", id="server"),
        pytest.param("[token]\nx = 1", "token.x", id="token"),
        pytest.param('[state]\nurl = "memory://"\nx = 1', "state.x", id="state"),
        pytest.param("[internal]\nx = 1", "internal.x", id="internal"),
        pytest.param("[sandbox]\nx = 1", "sandbox.x", id="sandbox"),
        pytest.param("_env_prefix = 1", "_env_prefix", id="an argument of pydantic-settings"),
        pytest.param("__pydantic_self__ = 1", "__pydantic_self__", id="pydantic's self"),
    ],
)
def test_unknown_keys_are_mistakes(settings_file: Path, text: str, path: str) -> None:
    """An unknown key is refused in every table."""
    assert mistakes_in(settings_file, text + CLIENT) == [f"{path}: {UNKNOWN}"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param("[server]\nport = 65536", "server.port: must be at most 65535, not 65536", id="port"),
        pytest.param("[server]\nport = -1", "server.port: must be at least 0, not -1", id="minus"),
        pytest.param("[server]\nport = true", f"server.port: {NO_INTEGER}", id="true port"),
        pytest.param('[server]\nport = "80"', f"server.port: {NO_INTEGER}", id="port in quotes"),
        pytest.param("[server]\nport = 80.0", f"server.port: {NO_INTEGER}", id="port with a fraction"),
        pytest.param("[server]\nport = inf", f"server.port: {NO_INTEGER}", id="infinite port"),
        pytest.param('[sandbox]\nenabled = "yes"', f"sandbox.enabled: {NO_BOOLEAN}", id="a word for true"),
        pytest.param("[debug]\nexplain = 0", f"debug.explain: {NO_BOOLEAN}", id="a number for false"),
        pytest.param('[server]\nhost = "http://127.0.0.1"', f"server.host: {NO_HOST}", id="URL"),
        pytest.param('[server]\nhost = "127.0.0.1:80"', f"server.host: {NO_HOST}", id="port in host"),
        pytest.param('[server]\nhost = "[::1]"', f"server.host: {NO_HOST}", id="brackets"),
        pytest.param("[server]\nhost = 1", "server.host: must be text in quotes", id="host"),
        pytest.param(
            '[server]\nhost = ""',
            "server.host: must be a name or an IP address, without http:// and without a port",
            id="any host",
        ),
        pytest.param('[server]\nbase_path = "api"', f"server.base_path: {NO_BASE_PATH}", id="relative base path"),
        pytest.param('[server]\nbase_path = "//"', f"server.base_path: {NO_BASE_PATH}", id="double slash"),
        pytest.param('[server]\nbase_path = "/.."', f"server.base_path: {NO_DOTS}", id="dots"),
        pytest.param('[server]\nbase_path = "/a?b"', f"server.base_path: {NO_BASE_PATH}", id="query"),
        pytest.param(
            '[server]\nbase_path = "/a\\n"', f"server.base_path: {NO_BASE_PATH}; character 3 is U+000A", id="line end"
        ),
        pytest.param(
            "[token]\nlifetime_seconds = 901",
            "token.lifetime_seconds: must be at most 900, not 901",
            id="lifetime",
        ),
        pytest.param(
            "[token]\nlifetime_seconds = 0",
            "token.lifetime_seconds: must be at least 1, not 0",
            id="no lifetime",
        ),
        pytest.param("[token]\nkeys_file = 1", "token.keys_file: must be the path of a file", id="no path"),
        pytest.param("server = 1", "server: must be a table", id="no table"),
        pytest.param(
            "[internal]\nport = -1",
            "internal.port: must be at least 0, not -1",
            id="minus internal port",
        ),
        pytest.param("[internal]\nport = 65536", "internal.port: must be at most 65535, not 65536", id="internal port"),
        pytest.param("[internal]\nport = 8080", f"internal.port: {TAKEN}", id="one port for two"),
    ],
)
def test_values_are_checked(settings_file: Path, text: str, mistake: str) -> None:
    """A value of the wrong type or range is one mistake, and the message says what is allowed."""
    assert mistakes_in(settings_file, text + CLIENT) == [mistake]


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        pytest.param('id = "A B"', f"clients[0].id: {NO_ID} 3 characters; character 2 is U+0020 SPACE", id="space"),
        pytest.param(f'id = "{"A" * 37}"', f"clients[0].id: {NO_ID} 37 characters", id="37 characters"),
        pytest.param('id = ""', f"clients[0].id: {NO_ID} 0 characters", id="empty"),
        pytest.param('id = "A\\n"', f"clients[0].id: {NO_ID} 2 characters; character 2 is U+000A", id="line end"),
        pytest.param(
            'id = "é"',
            f"clients[0].id: {NO_ID} 1 character; character 1 is U+00E9 LATIN SMALL LETTER E WITH ACUTE",
            id="not ASCII",
        ),
        pytest.param("", "clients[0].id: required", id="no id"),
        pytest.param(
            'id = "A"\nclock_tolerance_seconds = 0',
            "clients[0].clock_tolerance_seconds: must be at least 1, not 0",
            id="no tolerance",
        ),
        pytest.param('id = "A"\nx = 1', f"clients[0].x: {UNKNOWN}", id="unknown key"),
    ],
)
def test_clients_are_checked(settings_file: Path, lines: str, mistake: str) -> None:
    """A client with one mistake is reported in one line."""
    text = f'[[clients]]\npublic_keys = ["IONPAYTEST.pem"]\n{lines}'
    assert mistakes_in(settings_file, text) == [mistake]


@pytest.mark.parametrize(
    ("public_keys", "mistake"),
    [
        pytest.param([], "at least 1 required", id="none"),
        pytest.param(["IONPAYTEST.pem"] * 5, "at most 4 allowed, not 5", id="more than four"),
        pytest.param("IONPAYTEST.pem", "must be a list", id="no list"),
    ],
)
def test_a_client_has_one_to_four_keys(settings_file: Path, public_keys: object, mistake: str) -> None:
    """No key, a fifth key, and a key outside a list are refused."""
    text = f'[[clients]]\nid = "A"\npublic_keys = {public_keys!r}'
    assert mistakes_in(settings_file, text) == [f"clients[0].public_keys: {mistake}"]


@pytest.mark.parametrize("count", [1, 4])
def test_up_to_four_keys_are_accepted(settings_file: Path, count: int) -> None:
    """One key and four keys are accepted."""
    text = f'[[clients]]\nid = "A"\npublic_keys = {["IONPAYTEST.pem"] * count}'
    assert len(loaded(settings_file, text).clients[0].public_keys) == count


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param("[server]", "clients: required", id="none"),
        pytest.param("clients = []", "clients: at least 1 required", id="empty"),
        pytest.param("clients = 1", "clients: must be a list", id="no list"),
        pytest.param("clients = [1]", "clients[0]: must be a table", id="no table"),
    ],
)
def test_at_least_one_client_is_required(settings_file: Path, text: str, mistake: str) -> None:
    """Settings without a client are refused."""
    assert mistakes_in(settings_file, text) == [mistake]


def test_mistakes_between_clients_are_reported_together(settings_file: Path) -> None:
    """A duplicate client ID and a clock tolerance of half a token lifetime are both reported."""
    wide = CLIENT + "clock_tolerance_seconds = 450"
    assert mistakes_in(settings_file, wide + CLIENT) == [
        "clients[0].clock_tolerance_seconds: must be less than half of token.lifetime_seconds, which is 900",
        "clients[1].id: another client has this id",
    ]


def test_a_shorter_lifetime_needs_a_smaller_tolerance(settings_file: Path) -> None:
    """The clock tolerance must be less than half of the configured lifetime: 299 seconds are valid for 600."""
    text = "[token]\nlifetime_seconds = 600" + CLIENT
    assert "token.lifetime_seconds" in mistakes_in(settings_file, text)[0]
    settings = loaded(settings_file, text + "clock_tolerance_seconds = 299")
    assert settings.clients[0].clock_tolerance_seconds == 299


@pytest.mark.parametrize(
    ("written", "meant"),
    [("/api/v1.0", "/api/v1.0"), ("/api/v1.0/", "/api/v1.0"), ("/", ""), ("", ""), ("/~snap_1.0-x", "/~snap_1.0-x")],
)
def test_base_paths_lose_their_last_slash(settings_file: Path, written: str, meant: str) -> None:
    """A base path can end with a slash, which is removed, and can be empty."""
    settings = loaded(settings_file, f'[server]\nbase_path = "{written}"' + CLIENT)
    assert settings.server.base_path == meant


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_sandbox_listens_on_loopback(settings_file: Path, nicepay: Nicepay, host: str) -> None:
    """A sandbox is allowed on every loopback address."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    text = f'[server]\nhost = "{host}"\n[sandbox]\nenabled = true' + CLIENT
    assert loaded(settings_file, text).sandbox.enabled


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "merchant.example"])  # noqa: S104  refused is what they are
def test_a_sandbox_listens_nowhere_else(settings_file: Path, nicepay: Nicepay, host: str) -> None:
    """A sandbox on an address that other machines can reach is refused. Without a sandbox the address is allowed."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    text = f'[server]\nhost = "{host}"\n[sandbox]\nenabled = '
    assert mistakes_in(settings_file, text + "true" + CLIENT) == [
        f"sandbox: a sandbox is allowed on loopback only, not on {host}; set server.host to 127.0.0.1"
    ]
    assert loaded(settings_file, text + "false" + CLIENT).server.host == host


@pytest.mark.parametrize("base_path", ["/ui", "/ui/", "/ui/v1.0"])
def test_a_sandbox_serves_its_pages_beside_the_api(settings_file: Path, nicepay: Nicepay, base_path: str) -> None:
    """A base path that the sandbox pages would hide is refused, but only with a sandbox."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    text = f'[server]\nbase_path = "{base_path}"\n[sandbox]\nenabled = '
    assert mistakes_in(settings_file, text + "true" + CLIENT) == [
        "sandbox: its pages are at /ui, so server.base_path must not begin with /ui; choose another path"
    ]
    assert loaded(settings_file, text + "false" + CLIENT).server.base_path == base_path.rstrip("/")


@pytest.mark.parametrize("base_path", ["", "/uis", "/v1/ui", "/openapi.yaml"])
def test_a_sandbox_hides_no_other_path(settings_file: Path, nicepay: Nicepay, base_path: str) -> None:
    """A base path that only resembles the path of the pages is allowed in a sandbox."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    text = f'[server]\nbase_path = "{base_path}"\n[sandbox]\nenabled = true'
    assert loaded(settings_file, text + CLIENT).server.base_path == base_path


@pytest.mark.parametrize(
    ("host", "port", "other", "other_port", "good"),
    [
        ("127.0.0.1", 1, "127.0.0.1", 1, False),
        ("127.0.0.1", 1, "127.0.0.1", 2, True),
        ("127.0.0.1", 0, "127.0.0.1", 0, True),
        ("127.0.0.1", 1, "localhost", 1, False),
        ("0.0.0.0", 1, "127.0.0.1", 1, False),  # noqa: S104  refused is what it is
        ("::", 1, "::1", 1, False),
        ("192.0.2.1", 1, "127.0.0.1", 1, True),
    ],
)
def test_listeners_do_not_share_an_address(  # noqa: PLR0913  two addresses and a verdict
    settings_file: Path, host: str, port: int, other: str, other_port: int, *, good: bool
) -> None:
    """Two listeners on the same host and port are refused, unless both use any free port."""
    text = f'[server]\nhost = "{host}"\nport = {port}\n[internal]\nhost = "{other}"\nport = {other_port}'
    if good:
        assert loaded(settings_file, text + CLIENT).internal
    else:
        reported = f"internal.port: [server] already listens on port {port}; choose another port"
        assert mistakes_in(settings_file, text + CLIENT) == [reported]


def test_an_invalid_address_is_reported_alone(settings_file: Path) -> None:
    """If the address of the server is invalid, only this is reported, and nothing about the internal listener."""
    text = "[server]\nport = -1\n[internal]\nport = 8080"
    assert mistakes_in(settings_file, text + CLIENT) == ["server.port: must be at least 0, not -1"]


def test_a_duplicate_service_path_is_refused(settings_file: Path) -> None:
    """A second service with the same path is refused, also with another service code."""
    service = '\n[[services]]\npath = "{}"\nservice_code = "{}"'
    two = service.format("/a/b", "24") + service.format("/a/c", "24")
    services = loaded(settings_file, two + CLIENT).services
    assert [(each.path, each.service_code) for each in services] == [("/a/b", "24"), ("/a/c", "24")]
    assert mistakes_in(settings_file, two + service.format("/a/b", "25") + CLIENT) == [
        "services[2].path: another service has this path"
    ]


def test_a_sandbox_does_not_hide_a_bad_address(settings_file: Path, nicepay: Nicepay) -> None:
    """If the address is invalid, only this is reported."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    text = "[server]\nport = -1\n[sandbox]\nenabled = true" + CLIENT
    assert mistakes_in(settings_file, text) == ["server.port: must be at least 0, not -1"]


def _private_key(file: Path, nicepay: Nicepay) -> Path:
    file.write_text(nicepay.private_pem)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        pytest.param(None, "{} cannot be read: No such file or directory", id="missing"),
        pytest.param("no key", "{}: it is no key in a known form; ask for the key in PEM", id="no key"),
    ],
)
def test_a_sandbox_needs_a_private_key(settings_file: Path, content: str | None, mistake: str) -> None:
    """The sandbox key is read with the settings, so that `serve --check` reports an invalid key before a start."""
    file = settings_file.parent / "nicepay-private.pem"
    if content is not None:
        file.write_text(content)
        file.chmod(0o600)
    reported = mistakes_in(settings_file, "[sandbox]\nenabled = true" + CLIENT)
    assert reported == [f"sandbox.private_key_file: {mistake.format(file)}"]


def test_an_unused_key_is_not_read(settings_file: Path, nicepay: Nicepay) -> None:
    """Without a sandbox, the sandbox key file is not read."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay).chmod(0o644)
    assert not Settings.load(settings_file).sandbox.enabled


def test_a_private_key_that_others_can_read_is_refused(settings_file: Path, nicepay: Nicepay) -> None:
    """Only its owner may access the sandbox key file, and the message says how to correct it."""
    file = _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    file.chmod(0o644)
    assert mistakes_in(settings_file, "[sandbox]\nenabled = true" + CLIENT) == [
        f"sandbox.private_key_file: other users can access {file}; run: chmod 600 {file}"
    ]


@pytest.mark.parametrize(
    ("variable", "value", "meant"),
    [
        ("SNAP_TOKEN__SERVER__HOST", "::1", "::1"),
        ("SNAP_TOKEN__SERVER__PORT", "9", 9),
        ("snap_token__server__port", "9", 9),
        ("SNAP_TOKEN__SERVER__BASE_PATH", "/v2/", "/v2"),
        ("SNAP_TOKEN__TOKEN__LIFETIME_SECONDS", "700", 700),
        ("SNAP_TOKEN__TOKEN__REPEAT", "refuse", "refuse"),
        ("SNAP_TOKEN__STATE__WHEN_DOWN", "continue", "continue"),
        ("SNAP_TOKEN__INTERNAL__HOST", "::1", "::1"),
        ("SNAP_TOKEN__INTERNAL__PORT", "9", 9),
        ("SNAP_TOKEN__INTERNAL__CALL_HEADERS", "x-forwarded", "x-forwarded"),
        ("SNAP_TOKEN__INTERNAL__ACCEL_REDIRECT", "@merchant", "@merchant"),
        ("SNAP_TOKEN__INTERNAL__BODY_LIMIT_BYTES", "1024", 1024),
        ("SNAP_TOKEN__SANDBOX__ENABLED", "true", True),
        ("SNAP_TOKEN__DEBUG__EXPLAIN", "false", False),
    ],
)
def test_variables_override_values(
    every_table: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, meant: object
) -> None:
    """A variable sets its value, with a name in upper or lower case, and changes no other value."""
    _, table, key = variable.lower().split("__")
    before = Settings.load(every_table)
    monkeypatch.setenv(variable, value)
    settings = Settings.load(every_table)
    assert getattr(getattr(settings, table), key) == meant
    assert settings.model_dump(exclude={table: {key}}) == before.model_dump(exclude={table: {key}})


def test_a_variable_sets_the_state_url(every_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state URL in a variable is written as in the file, and its path is relative to the settings file."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "sqlite:///other.db")
    assert Settings.load(every_table).state.url == StateUrl("sqlite:///other.db", every_table.parent)


def test_the_capture_folder_is_checked(settings_file: Path) -> None:
    """The capture folder must exist, relative to the settings, and only its owner may write to it."""
    expected = settings_file.parent / "captures"
    advice = (
        f"debug.capture_dir: {expected} must be a folder that only its owner can write to; run: mkdir -m 700 {expected}"
    )
    assert mistakes_in(settings_file, '[debug]\ncapture_dir = "captures"' + CLIENT) == [advice]
    assert mistakes_in(settings_file, "[debug]\ncapture_dir = 1" + CLIENT) == [
        "debug.capture_dir: must be the path of a folder"
    ]
    assert mistakes_in(settings_file, '[debug]\ncapture_dir = "snap-token.toml"' + CLIENT) == [
        f"debug.capture_dir: {settings_file} is a file; name a folder"
    ]
    expected.mkdir()
    expected.chmod(0o770)
    assert mistakes_in(settings_file, '[debug]\ncapture_dir = "captures"' + CLIENT) == [
        advice.replace("mkdir -m 700", "chmod 700")
    ]
    expected.chmod(0o700)
    assert Settings.load(settings_file).debug.capture_dir == expected


@pytest.fixture
def every_table(settings_file: Path, nicepay: Nicepay) -> Path:
    """Settings with every table, and the key that a sandbox needs."""
    _private_key(settings_file.parent / "nicepay-private.pem", nicepay)
    tables = "[server]\nport = 7\n[internal]\nport = 8\n[sandbox]\n"
    settings_file.write_text(tables + settings_file.read_text().replace("memory://", "sqlite:///state.db"))
    return settings_file


def test_a_variable_names_the_file_of_token_keys(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SNAP_TOKEN__TOKEN__KEYS_FILE is a plain path, relative to the settings file."""
    (settings_file.parent / "token.keys").rename(settings_file.parent / "other.keys")
    monkeypatch.setenv("SNAP_TOKEN__TOKEN__KEYS_FILE", "other.keys")
    assert Settings.load(settings_file).token.keys == (_line(settings_file.parent / "other.keys"),)


def _line(file: Path) -> bytes:
    return file.read_bytes().strip()


def test_a_variable_names_the_sandbox_key(
    settings_file: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SNAP_TOKEN__SANDBOX__PRIVATE_KEY_FILE is also relative to the settings file."""
    file = _private_key(settings_file.parent / "other.pem", nicepay)
    monkeypatch.setenv("SNAP_TOKEN__SANDBOX__PRIVATE_KEY_FILE", "other.pem")
    assert Settings.load(settings_file).sandbox.private_key_file == file


def test_variables_are_checked_like_the_file(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong values and unknown keys in variables are reported together, with the key and the variable."""
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", "eighty")
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PROT", "80")
    assert mistakes_in(settings_file) == [
        f"SNAP_TOKEN__SERVER__PROT: {UNKNOWN}; did you mean SNAP_TOKEN__SERVER__PORT?",
        f"server.port (set by SNAP_TOKEN__SERVER__PORT): {NO_INTEGER}",
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SNAP_TOKEN__SREVER__PORT", f"{NO_TABLE}; did you mean SNAP_TOKEN__SERVER__PORT?"),
        ("snap_token__srever__port", f"{NO_TABLE}; did you mean SNAP_TOKEN__SERVER__PORT?"),
        ("SNAP_TOKEN__PORT", NO_TABLE),
        ("SNAP_TOKEN__", NO_TABLE),
        ("SNAP_TOKEN__CLIENTS", NO_TABLE),
        ("SNAP_TOKEN__CLIENTS__0__ID", NO_TABLE),
        ("SNAP_TOKEN__SERVICES", NO_TABLE),
        ("SNAP_TOKEN__SERVER", NO_KEY),
        ("SNAP_TOKEN__SERVER__", NO_KEY),
    ],
)
def test_unknown_variables_are_refused_by_name(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """A variable with the prefix that sets nothing is one mistake. Clients can be set only in the file."""
    monkeypatch.setenv(name, "1")
    assert mistakes_in(settings_file) == [f"{name}: {reason}"]


def test_unknown_variables_are_reported_with_other_mistakes(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every unknown variable is reported, and then the mistakes in the file."""
    monkeypatch.setenv("SNAP_TOKEN__B", "1")
    monkeypatch.setenv("SNAP_TOKEN__A", "1")
    assert mistakes_in(settings_file, "x = 1" + CLIENT) == [
        f"SNAP_TOKEN__A: {NO_TABLE}",
        f"SNAP_TOKEN__B: {NO_TABLE}",
        f"x: {UNKNOWN}",
    ]


def test_variables_without_the_prefix_are_ignored(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable without the full prefix is ignored, even if it has the name of a table."""
    monkeypatch.setenv("SNAP_TOKEN_SERVER__PORT", "1")
    monkeypatch.setenv("SERVER__PORT", "1")
    assert Settings.load(settings_file).server.port == 8080


def test_a_missing_settings_file_is_named(tmp_path: Path) -> None:
    """A missing settings file is one mistake with its path."""
    file = tmp_path / "nothing.toml"
    assert mistakes_in(file) == [f"{file} cannot be read: No such file or directory"]


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    """A folder in place of the settings file is one mistake with its path."""
    assert mistakes_in(tmp_path) == [f"{tmp_path} cannot be read: Is a directory"]


@pytest.mark.parametrize("text", ["", "\n# only a comment\n"])
def test_an_empty_file_is_no_settings(settings_file: Path, text: str) -> None:
    """An empty file is one mistake that says how to make settings."""
    advice = "make some to start from with: snap-token init DIR"
    assert mistakes_in(settings_file, text) == [f"{settings_file} has no settings; {advice}"]


def test_invalid_toml_is_reported_with_its_line(settings_file: Path) -> None:
    """Invalid TOML is reported with the file, the line and the column."""
    (mistake,) = mistakes_in(settings_file, "[server]\nport\n")
    assert mistake.startswith(f"{settings_file} is not TOML: ")
    assert mistake.endswith("(at line 2, column 5)")


def test_a_draft_is_reported_under_its_later_name(settings_file: Path) -> None:
    """Invalid TOML in a draft is reported under the name of the settings file."""
    draft = settings_file.with_name("draft")
    draft.write_text("port")
    with pytest.raises(SettingsError, match=r"snap-token\.toml is not TOML"):
        Settings.load(draft, beside=settings_file)


@pytest.mark.parametrize("text", [f"port = {'9' * 5_000}", f"port = {'[' * 5_000}"], ids=["a number", "lists"])
def test_too_long_numbers_and_too_deep_lists_are_refused(settings_file: Path, text: str) -> None:
    """A number with thousands of digits and endlessly nested lists are one mistake."""
    expected = "a number in it is too long, or tables or lists are nested too deeply"
    assert mistakes_in(settings_file, text) == [f"{settings_file} cannot be read: {expected}"]


@pytest.mark.parametrize("text", ['"a\\nb\\u001b[31m" = 1', '[server]\n"a\\nb\\u001b[31m" = 1'])
def test_a_mistake_is_one_line(settings_file: Path, text: str) -> None:
    """Line breaks and terminal control characters in a key are escaped."""
    (mistake,) = mistakes_in(settings_file, text + CLIENT)
    assert mistake.endswith(r"a\nb\x1b[31m: there is no such key")


def test_a_settings_file_has_a_limit(settings_file: Path) -> None:
    """Settings larger than 1 MiB are one mistake with the path and the limit."""
    reported = [f"{settings_file} cannot be read: it is larger than 1048576 bytes"]
    assert mistakes_in(settings_file, "#" * 1_048_577) == reported


def test_settings_must_be_utf_8(settings_file: Path) -> None:
    """A settings file that is not UTF-8 is one mistake with its path."""
    settings_file.write_bytes(b'x = "\xff"')
    assert mistakes_in(settings_file) == [
        f"{settings_file} cannot be read: it is not text in UTF-8; save it as UTF-8 (at line 1)"
    ]


def test_a_byte_order_mark_is_ignored(settings_file: Path) -> None:
    """A settings file with a byte order mark is read."""
    settings_file.write_bytes(b"\xef\xbb\xbf" + settings_file.read_bytes())
    assert Settings.load(settings_file).clients[0].id == "IONPAYTEST"


def test_paths_are_relative_to_the_file(
    settings_file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths, also default paths, are relative to the settings file, and not to the working directory."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    settings = loaded(settings_file, CLIENT)
    assert settings.token.keys == (_line(settings_file.parent / "token.keys"),)
    assert settings.sandbox.private_key_file == settings_file.parent / "nicepay-private.pem"


def test_the_settings_file_may_be_named_relatively(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of the file is relative to the working directory, and paths in it are relative to the file."""
    (tmp_path / "inner").mkdir()
    write_settings(tmp_path / "inner", nicepay)
    monkeypatch.chdir(tmp_path)
    settings = Settings.load(Path("inner/snap-token.toml"))
    assert settings.sandbox.private_key_file == tmp_path / "inner" / "nicepay-private.pem"


@given(port=st.integers(-1, 70_000), tolerance=st.integers(-1, 600), lifetime=st.integers(-1, 1_000))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_have_limits(settings_file: Path, port: int, tolerance: int, lifetime: int) -> None:
    """For any numbers, the settings load exactly if all limits hold and the tolerance is under half of the lifetime."""
    written = f"[server]\nport = {port}\n[token]\nlifetime_seconds = {lifetime}\n"
    file = settings_file.with_name("numbers.toml")
    file.write_text(written + CLIENT + f"\nclock_tolerance_seconds = {tolerance}\n")
    good = 0 <= port <= 65_535 and tolerance >= 1 and 1 <= lifetime <= 900 and 2 * tolerance < lifetime
    if good:
        loaded = Settings.load(file)
        assert (loaded.server.port, loaded.clients[0].clock_tolerance_seconds) == (port, tolerance)
    else:
        with pytest.raises(SettingsError):
            Settings.load(file)


@given(path=st.text(alphabet="/aZ9.-_ %?#", max_size=12))
@example(path="/.")
@example(path="/a/../b/")
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_base_path_is_valid_or_a_mistake(settings_file: Path, path: str) -> None:
    """Any text is either a valid base path without dot segments, or a mistake that names its key."""
    file = settings_file.with_name("path.toml")
    file.write_text(f"[server]\nbase_path = {json.dumps(path)}\n" + CLIENT)
    if re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", path) and not {".", ".."} & set(path.split("/")):
        assert Settings.load(file).server.base_path == path.removesuffix("/")
    else:
        assert [each.partition(":")[0] for each in mistakes_in(file)] == ["server.base_path"]


@pytest.fixture
def key_files(settings_file: Path, stranger: Nicepay) -> None:
    """Three public keys that are not the client's."""
    for name, key in {"first": stranger, "second": Nicepay(), "other": Nicepay()}.items():
        settings_file.with_name(f"{name}.pem").write_text(key.public_pem)


NOTIFIED = '[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\nnotification_keys = {}\n'
SECOND = '[[clients]]\nid = "B"\npublic_keys = ["other.pem"]\n'
USED = "this key is also in public_keys; notifications need a key of their own"


@pytest.mark.usefixtures("key_files")
@pytest.mark.parametrize(
    ("value", "more", "mistakes"),
    [
        ("[]", "", []),
        ('["first.pem"]', "", []),
        ('["first.pem", "second.pem"]', "", []),
        ('["first.pem", "first.pem", "first.pem", "first.pem"]', "", []),
        ('["first.pem"]', SECOND + 'notification_keys = ["second.pem"]', []),
        ('["first.pem"]', SECOND + "notification_keys = []", []),
        (str(["first.pem"] * 5), "", ["clients[0].notification_keys: at most 4 allowed, not 5"]),
        ('"first.pem"', "", ["clients[0].notification_keys: must be a list"]),
        ('["first.pem", "IONPAYTEST.pem"]', "", [f"clients[0].notification_keys[1]: {USED}"]),
        ('["other.pem"]', SECOND, [f"clients[0].notification_keys[0]: {USED}"]),
        ('["first.pem"]', SECOND + 'notification_keys = ["second.pem", "first.pem"]', []),
    ],
)
def test_notification_keys_are_keys_of_their_own(
    settings_file: Path, value: str, more: str, mistakes: list[str]
) -> None:
    """A client has up to four notification keys. None of them verifies other requests; clients may share one."""
    text = NOTIFIED.format(value) + more
    if mistakes:
        assert mistakes_in(settings_file, text) == mistakes
    else:
        loaded(settings_file, text)


def test_a_client_has_no_notification_keys_unless_they_are_set(settings_file: Path) -> None:
    """Without them it has no notifications."""
    assert loaded(settings_file, CLIENT).clients[0].notification_keys == ()


@pytest.mark.parametrize("form", ["token", "notification", "body-signed"])
@pytest.mark.parametrize("partners", [("P", "P"), ("P", "Q"), ("B", None)])
def test_a_partner_id_names_one_client_where_it_has_to(
    settings_file: Path, form: str, partners: tuple[str, str | None]
) -> None:
    """Two clients may share a partner id, unless a service accepts calls that name their client by it alone."""
    service = f'[[services]]\npath = "/a"\nservice_code = "24"\nforms = ["{form}"]\n'
    clients = [
        f'[[clients]]\nid = "{name}"\npublic_keys = ["IONPAYTEST.pem"]\n'
        + (f'partner_id = "{partner}"\n' if partner else "")
        for name, partner in zip("AB", partners, strict=True)
    ]
    text = service + "".join(clients)
    if form == "body-signed" and partners != ("P", "Q"):
        rule = 'another client has this partner_id, but /a accepts "body-signed", whose calls name no other id'
        assert mistakes_in(settings_file, text) == [f"clients[1].partner_id: {rule}"]
    else:
        assert len(loaded(settings_file, text).clients) == 2
