"""The tables of the settings: allowed values and defaults."""

import os
from pathlib import Path

import pytest

from handlers.config.tables import ClientTable, Internal, ServiceTable
from tests.settings_text import loaded, mistakes_in
from tests.unit.config.conftest import SECRET

pytestmark = pytest.mark.usefixtures("secret_file")

UNKNOWN = "there is no such key"
NO_INTEGER = "must be a whole number, without quotes"
CLIENT = '\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'
NO_PARTNER = "clients[0].partner_id: must be 1 to 36 visible ASCII characters; found"
NO_PATH = "services[0].path: must be a path such as /v1.0/transfer-va/inquiry, without a query, % or a slash at its end"
NO_REDIRECT = "internal.accel_redirect: must be a location of nginx, such as @merchant or /internal/merchant"
NO_CODE = 'services[0].service_code: must be 2 digits, such as "24"; found'
NO_METHOD = "must be 1 to 16 capital letters, such as POST; found"
NO_FORM = 'must be "token", "notification" or "body-signed"'


def _client(settings_file: Path, lines: str) -> ClientTable:
    return loaded(settings_file, CLIENT + lines).clients[0]


def _service(settings_file: Path, path: str) -> ServiceTable:
    return loaded(settings_file, f'[[services]]\npath = "{path}"\nservice_code = "24"' + CLIENT).services[0]


def _internal(settings_file: Path, lines: str) -> Internal:
    internal = loaded(settings_file, f"[internal]\n{lines}" + CLIENT).internal
    assert internal
    return internal


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[token]\nrepeat = "again"', 'token.repeat: must be "same-span" or "refuse"'),
        ("[token]\nlifetime_seconds = true", f"token.lifetime_seconds: {NO_INTEGER}"),
        ("[state]\nurl = 1", "state.url: must be a URL"),
        ('[state]\nwhen_down = "hope"', 'state.when_down: must be "refuse" or "continue"'),
        ('[internal]\ncall_headers = "x"', 'internal.call_headers: must be "x-original" or "x-forwarded"'),
        ("[internal]\nport = true", f"internal.port: {NO_INTEGER}"),
        ("[internal]\nbody_limit_bytes = true", f"internal.body_limit_bytes: {NO_INTEGER}"),
        (
            "[internal]\nbody_limit_bytes = 1023",
            "internal.body_limit_bytes: must be at least 1024, not 1023",
        ),
        (
            "[internal]\nbody_limit_bytes = 1048577",
            "internal.body_limit_bytes: must be at most 1048576, not 1048577",
        ),
        ('[internal]\naccel_redirect = "merchant"', NO_REDIRECT),
        ('[internal]\naccel_redirect = "@"', NO_REDIRECT),
        ('[internal]\naccel_redirect = "/a?b"', NO_REDIRECT),
        ('[internal]\naccel_redirect = "/a\\r\\nX: y"', f"{NO_REDIRECT}; character 3 is U+000D"),
        ('[[services]]\npath = "/a"', "services[0].service_code: required"),
        ('[[services]]\nservice_code = "24"', "services[0].path: required"),
        ('[[services]]\npath = "/a"\nservice_code = "24"\nx = 1', f"services[0].x: {UNKNOWN}"),
        ("services = 1", "services: must be a list"),
        ("services = [1]", "services[0]: must be a table"),
    ],
)
def test_values_are_checked(settings_file: Path, text: str, mistake: str) -> None:
    """An invalid value is one mistake, and the message says what is allowed."""
    assert mistakes_in(settings_file, text + CLIENT) == [mistake]


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ('partner_id = ""', f"{NO_PARTNER} 0 characters"),
        ('partner_id = "A B"', f"{NO_PARTNER} 3 characters; character 2 is U+0020 SPACE"),
        (f'partner_id = "{"A" * 37}"', f"{NO_PARTNER} 37 characters"),
        ('call_signature = "none"', 'clients[0].call_signature: must be "asymmetric" or "symmetric"'),
        ('suspended = "no"', "clients[0].suspended: must be true or false, without quotes"),
        ("suspended = 1", "clients[0].suspended: must be true or false, without quotes"),
        ("clock_tolerance_seconds = true", f"clients[0].clock_tolerance_seconds: {NO_INTEGER}"),
        (
            'call_signature = "symmetric"',
            (
                'clients[0].client_secret_file: required because call_signature is "symmetric"; '
                "name the file that contains the client secret"
            ),
        ),
    ],
)
def test_clients_are_checked(settings_file: Path, lines: str, mistake: str) -> None:
    """A client with one mistake is reported in one line."""
    assert mistakes_in(settings_file, CLIENT + lines) == [mistake]


def test_the_defaults_of_a_client(settings_file: Path) -> None:
    """By default, the partner ID is the client ID, the private key signs calls, and the client is not suspended."""
    client = _client(settings_file, "")
    assert (client.partner_id, client.call_signature, client.suspended) == ("A", "asymmetric", False)
    assert client.call_secrets == ()


def test_the_values_of_a_client(settings_file: Path) -> None:
    """Partner ID, suspension and the secrets for calls have the configured values."""
    lines = 'partner_id = "P"\nsuspended = true\ncall_signature = "symmetric"\nclient_secret_file = "a.secret"'
    client = _client(settings_file, lines)
    assert (client.partner_id, client.call_signature, client.suspended) == ("P", "symmetric", True)
    assert client.call_secrets == (SECRET.encode(),)


def test_a_secret_is_unused_without_symmetric_signatures(settings_file: Path) -> None:
    """A client that signs with its private key can have a secret, but its calls are not verified with it."""
    client = _client(settings_file, 'client_secret_file = "a.secret"')
    assert (client.client_secret_file, client.call_secrets) == ((SECRET.encode(),), ())


def test_an_invalid_id_is_reported_once(settings_file: Path) -> None:
    """An invalid client ID is not reported again as the default partner ID."""
    assert [each.partition(":")[0] for each in mistakes_in(settings_file, CLIENT.replace('"A"', '"A B"'))] == [
        "clients[0].id"
    ]


@pytest.mark.parametrize("path", ["/a", "/api/v1.0/transfer-va/inquiry", "/a/b:c@d!$&'()*+,;=~_", "/...", "/.a/a.."])
def test_valid_service_paths(settings_file: Path, path: str) -> None:
    """An absolute path of unescaped characters is accepted unchanged."""
    assert _service(settings_file, path).path == path


@pytest.mark.parametrize("path", ["", "/", "a", "/a/", "//a", "/a//b", "/a?b", "/a#b", "/a%2Fb", "/a b", "/é", "/a\\n"])
def test_invalid_service_paths(settings_file: Path, path: str) -> None:
    """A relative path, a query, an escape, an empty segment and a final slash are refused."""
    text = f'[[services]]\npath = "{path}"\nservice_code = "24"' + CLIENT
    (mistake,) = mistakes_in(settings_file, text)
    assert mistake.partition("; character ")[0] == NO_PATH


@pytest.mark.parametrize("path", ["/.", "/..", "/a/./b", "/a/../b", "/a/.."])
def test_dot_segments_in_service_paths(settings_file: Path, path: str) -> None:
    """A path segment that a proxy would resolve is refused."""
    text = f'[[services]]\npath = "{path}"\nservice_code = "24"' + CLIENT
    assert mistakes_in(settings_file, text) == ["services[0].path: must not contain the path segments . and .."]


@pytest.mark.parametrize(
    ("code", "mistake"),
    [
        ('""', f"{NO_CODE} 0 characters"),
        ('"2"', f"{NO_CODE} 1 character"),
        ('"245"', f"{NO_CODE} 3 characters"),
        ('"ab"', f"{NO_CODE} 2 characters"),
        ('"٢٤"', f"{NO_CODE} 2 characters; character 1 is U+0662 ARABIC-INDIC DIGIT TWO"),
        ("24", "services[0].service_code: must be text in quotes"),
    ],
)
def test_a_service_code_has_two_digits(settings_file: Path, code: str, mistake: str) -> None:
    """A service code that is not a string of two ASCII digits is refused."""
    assert mistakes_in(settings_file, f'[[services]]\npath = "/a"\nservice_code = {code}' + CLIENT) == [mistake]


def test_the_defaults_of_the_internal_listener(settings_file: Path) -> None:
    """By default: loopback, no secret, X-Original-* headers, no redirect, and 256 KiB for a body."""
    internal = _internal(settings_file, "")
    assert (internal.host, internal.port, internal.is_loopback) == ("127.0.0.1", 9080, True)
    assert (internal.call_headers, internal.accel_redirect, internal.secrets) == ("x-original", None, ())
    assert internal.body_limit_bytes == 262_144


@pytest.mark.parametrize("redirect", ["@merchant", "@a.b-c_1", "/", "/internal/merchant/"])
def test_valid_redirects(settings_file: Path, redirect: str) -> None:
    """A named location and an absolute path are accepted."""
    assert _internal(settings_file, f'accel_redirect = "{redirect}"').accel_redirect == redirect


@pytest.mark.parametrize("size", [1_024, 1_048_576])
def test_body_limits_are_taken(settings_file: Path, size: int) -> None:
    """One KiB is the least and 16 MiB the most that a body may be allowed."""
    assert _internal(settings_file, f"body_limit_bytes = {size}").body_limit_bytes == size


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "merchant.example"])  # noqa: S104  that is the test
def test_an_internal_listener_that_others_reach_needs_a_secret(settings_file: Path, host: str) -> None:
    """An internal listener that is not on loopback needs a secret."""
    advice = "name the file that contains the secret, or set internal.host to 127.0.0.1"
    expected = f"required because other machines can reach {host}; {advice}"
    assert mistakes_in(settings_file, f'[internal]\nhost = "{host}"' + CLIENT) == [f"internal.secret_file: {expected}"]
    internal = _internal(settings_file, f'host = "{host}"\nsecret_file = "a.secret"')
    assert (internal.secrets, internal.is_loopback) == ((SECRET.encode(),), False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_an_internal_listener_on_loopback_needs_none(settings_file: Path, host: str) -> None:
    """An internal listener on loopback can have a secret, but does not need one."""
    assert _internal(settings_file, f'host = "{host}"').secrets == ()
    assert _internal(settings_file, f'host = "{host}"\nsecret_file = "a.secret"').secrets == (SECRET.encode(),)


def test_an_invalid_host_is_reported_alone(settings_file: Path) -> None:
    """If the host is invalid, no secret is required."""
    assert [each.partition(":")[0] for each in mistakes_in(settings_file, '[internal]\nhost = ""' + CLIENT)] == [
        "internal.host"
    ]


def test_no_secret_is_printed(settings_file: Path) -> None:
    """Printed settings show no secret, no token key and no state URL, because the URL can contain a password."""
    text = f"""
        [state]
        url = "redis://:{SECRET}@localhost"
        [internal]
        secret_file = "a.secret"
        [[clients]]
        id = "A"
        public_keys = ["IONPAYTEST.pem"]
        client_secret_file = "a.secret"
        """
    settings = loaded(settings_file, text)
    assert SECRET not in repr(settings)
    assert settings.token.keys[0].decode() not in repr(settings) + repr(settings.token.keys_file)


NETWORK = "must be an IP address, or a network such as 10.0.0.0/8, with no bits set after the prefix"
ZONE = "it has an IPv6 zone, which is not supported; write the address without % and the zone"
EVERYWHERE = "it matches every address; leave out allowed_networks to accept requests from everywhere"
EVERYBODY = "it matches every address, so any caller could forge its address; list only your proxies"


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ('["127.0.0.1", "10.0.0.1/8"]', f"[1]: {NETWORK}"),
        ('["10.0.0.0/33"]', f"[0]: {NETWORK}"),
        ('["localhost"]', f"[0]: {NETWORK}"),
        ('["*"]', f"[0]: {NETWORK}"),
        ('[""]', f"[0]: {NETWORK}"),
        ("[1]", f"[0]: {NETWORK}"),
        ("[true]", f"[0]: {NETWORK}"),
        ('["127.0.0.1:80"]', f"[0]: {NETWORK}"),
        ('["0.0.0.0/0"]', f"[0]: {EVERYBODY}"),
        ('["::/0"]', f"[0]: {EVERYBODY}"),
        ('["::ffff:10.0.0.1"]', "[0]: it is an IPv4 address in IPv6 notation; write it in IPv4 notation"),
        (
            '["fe80::1%eth0"]',
            f"[0]: {ZONE}",
        ),
        ("1", ": must be a list"),
        ("{}", ": must be a list"),
    ],
)
def test_a_trusted_proxy_is_an_address_or_a_network(settings_file: Path, value: str, mistake: str) -> None:
    """Any other value is a mistake with its place in the list."""
    text = f"[server]\ntrusted_proxies = {value}" + CLIENT
    assert mistakes_in(settings_file, text) == [f"server.trusted_proxies{mistake}"]


def test_valid_trusted_proxies(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default there are no trusted proxies. In a variable they are separated by commas."""

    def trusted(text: str) -> list[str]:
        return [str(each) for each in loaded(settings_file, text + CLIENT).server.trusted_proxies]

    table = '[server]\ntrusted_proxies = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]'
    assert trusted("") == trusted("[server]\ntrusted_proxies = []") == []
    assert trusted(table) == ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]
    monkeypatch.setenv("SNAP_TOKEN__SERVER__TRUSTED_PROXIES", "192.0.2.1, 192.0.2.128/25")
    assert trusted(table) == ["192.0.2.1/32", "192.0.2.128/25"]
    monkeypatch.setenv("SNAP_TOKEN__SERVER__TRUSTED_PROXIES", "here")
    variable = "server.trusted_proxies[0] (set by SNAP_TOKEN__SERVER__TRUSTED_PROXIES)"
    assert mistakes_in(settings_file, CLIENT) == [f"{variable}: {NETWORK}"]


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ('["103.20.51.0/24", "103.117.8.1/24"]', f"[1]: {NETWORK}"),
        ('["merchant.example"]', f"[0]: {NETWORK}"),
        ("[24]", f"[0]: {NETWORK}"),
        ('["::/0"]', f"[0]: {EVERYWHERE}"),
        ('["0.0.0.0/0"]', f"[0]: {EVERYWHERE}"),
        ('["::ffff:103.20.51.0/120"]', "[0]: it is an IPv4 address in IPv6 notation; write it in IPv4 notation"),
        ('["fe80::1%eth0"]', f"[0]: {ZONE}"),
        ('"103.20.51.0/24"', ": must be a list"),
        (f"{['192.0.2.1'] * 65}", ": at most 64 allowed, not 65"),
    ],
)
def test_an_allowed_network_is_an_address_or_a_network(settings_file: Path, value: str, mistake: str) -> None:
    """Any other value is a mistake with its place in the list. A client has at most 64 networks."""
    assert mistakes_in(settings_file, f"{CLIENT}allowed_networks = {value}") == [
        f"clients[0].allowed_networks{mistake}"
    ]


def test_valid_allowed_networks(settings_file: Path) -> None:
    """A client may have up to 64 networks and addresses, of IPv4 and IPv6. By default it has none."""

    def allowed(lines: str) -> list[str]:
        return [str(each) for each in _client(settings_file, lines).allowed_networks]

    assert allowed("") == allowed("allowed_networks = []") == []
    expected = ["103.20.51.0/24", "192.0.2.1/32", "2001:db8::/32"]
    assert allowed('allowed_networks = ["103.20.51.0/24", "192.0.2.1", "2001:db8::/32"]') == expected
    assert len(allowed(f"allowed_networks = {['192.0.2.1'] * 64}")) == 64


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ("[]", "services[0].methods: at least 1 required"),
        ('["post"]', f"services[0].methods[0]: {NO_METHOD} 4 characters"),
        ('["POST", "GET "]', f"services[0].methods[1]: {NO_METHOD} 4 characters; character 4 is U+0020 SPACE"),
        ('"POST"', "services[0].methods: must be a list"),
        ("[1]", "services[0].methods[0]: must be text in quotes"),
    ],
)
def test_a_service_names_its_methods(settings_file: Path, value: str, mistake: str) -> None:
    """Methods are HTTP methods in capital letters, and at least one. Any other value is a mistake."""
    text = f'[[services]]\npath = "/a"\nservice_code = "24"\nmethods = {value}' + CLIENT
    assert mistakes_in(settings_file, text) == [mistake]


def test_a_service_accepts_post_by_default(settings_file: Path) -> None:
    """Unless its entry names others."""
    assert _service(settings_file, "/a").methods == ("POST",)


def test_files_in_the_state_url_are_read(settings_file: Path) -> None:
    """A certificate that is a pipe would block every connection. It is a mistake, and no password is repeated."""
    ca_file = settings_file.with_name("ca.pem")
    os.mkfifo(ca_file)
    (mistake,) = mistakes_in(settings_file, f'[state]\nurl = "rediss://:geheim@h?ssl_ca_certs=ca.pem"{CLIENT}')
    expected = f"{ca_file} cannot be read: it is a pipe, a device or a socket; use a regular file"
    assert mistake == f"state.url: {expected}"


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ("[]", "services[0].forms: at least 1 required"),
        ('["token", "token"]', "services[0].forms: contains the same form twice"),
        ('["Token"]', f"services[0].forms[0]: {NO_FORM}"),
        ('["token", ""]', f"services[0].forms[1]: {NO_FORM}"),
        ('"token"', "services[0].forms: must be a list"),
    ],
)
def test_a_service_names_its_forms_of_call(settings_file: Path, value: str, mistake: str) -> None:
    """They are three, at least one of them is named, and none twice; every other value is a mistake."""
    text = f'[[services]]\npath = "/a"\nservice_code = "24"\nforms = {value}' + CLIENT
    assert mistakes_in(settings_file, text) == [mistake]


def test_a_service_accepts_calls_with_a_token(settings_file: Path) -> None:
    """Unless its entry names other forms."""
    assert _service(settings_file, "/a").forms == ("token",)
    text = '[[services]]\npath = "/a"\nservice_code = "24"\nforms = ["notification", "body-signed"]' + CLIENT
    assert loaded(settings_file, text).services[0].forms == ("notification", "body-signed")
