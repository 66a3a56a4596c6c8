"""The keys of a listener: a socket in place of an address, and the certificate."""

import os
from pathlib import Path

import pytest

from handlers.config.listener import Listener
from handlers.config.settings import Settings
from tests.settings_text import loaded, mistakes_in
from tests.tls_pair import CERTIFICATE_FILE, KEY_FILE, TLS, ec_key, write_pair

CLIENT = '[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'


def _server(file: Path, lines: str) -> Listener:
    return loaded(file, f"[server]\n{lines}\n{CLIENT}").server


def test_a_listener_without_these_keys_has_an_address_and_no_tls(settings_file: Path) -> None:
    """By default, a listener speaks plain HTTP at its host and port."""
    server = Settings.load(settings_file).server
    assert (server.address, server.socket, server.tls) == (("127.0.0.1", 8080), None, None)


def test_a_socket_takes_the_place_of_the_address(settings_file: Path) -> None:
    """The path is relative to the settings. The mode has a default, and the group a name or a number."""
    server = _server(settings_file, f'socket = "a.sock"\nsocket_group = "{os.getgid()}"')
    path = settings_file.with_name("a.sock")
    assert (server.socket, server.address) == (path, (str(path), 0))
    assert (server.socket_mode, server.socket_group, server.is_loopback) == ("0660", os.getgid(), True)


def test_a_certificate_and_its_key_make_tls(settings_file: Path) -> None:
    """Both files together turn TLS on, from version 1.3 on."""
    write_pair(settings_file.parent)
    tls = _server(settings_file, TLS).tls
    assert tls
    assert (tls.minimum, tls.chain.path) == ("1.3", settings_file.with_name(CERTIFICATE_FILE))
    assert KEY_FILE not in repr(tls)
    assert b"PRIVATE" not in repr(tls).encode()


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        (
            'socket = "a.sock"\nport = 1',
            "server: a listener has a socket or an address, not both; remove port or socket",
        ),
        ('socket = "a.sock"\nhost = "::1"', "server: a listener has a socket or an address, not both; remove host"),
        (f'socket = "a.sock"\n{TLS}', "server: a socket needs no TLS, because no network can read it; remove"),
        ('socket_mode = "0600"', "server: socket_mode has no effect without socket; remove it, or set socket"),
        ('socket_group = "0"', "server: socket_group has no effect without socket; remove it, or set socket"),
        ('socket = "a.sock"\nsocket_mode = "0666"', 'server.socket_mode: must be "0600" or "0660"'),
        ('socket = "a.sock"\nsocket_group = "no such group"', "server.socket_group: this system has no group of"),
        ('socket = "a.sock"\nsocket_group = "a\\u0000"', "server.socket_group: this system has no group of"),
        ('socket = "a.sock"\nsocket_group = "4294967295"', "server.socket_group: the number of a group is 4294967294"),
        ('socket = "a.sock"\nsocket_group = 0', "server.socket_group: must be the name of a group, in quotes"),
        ('tls_minimum = "1.2"', "server: tls_minimum has no effect without tls_certificate_file; remove it, or set"),
        ('tls_minimum = "1.1"', 'server.tls_minimum: must be "1.2" or "1.3"'),
        (f'tls_certificate_file = "{CERTIFICATE_FILE}"', "server.tls_key_file: required because tls_certificate_file"),
        (f'tls_key_file = "{KEY_FILE}"', "server.tls_key_file: has no effect without tls_certificate_file; name"),
    ],
)
def test_keys_that_do_not_fit_together_are_mistakes(settings_file: Path, lines: str, mistake: str) -> None:
    """The message names the keys, and says what to do."""
    write_pair(settings_file.parent)
    (found,) = mistakes_in(settings_file, f"[server]\n{lines}\n{CLIENT}")
    assert found.startswith(mistake)


def test_tls_1_2_needs_an_rsa_key(settings_file: Path) -> None:
    """SNAP allows TLS 1.2 with RSA only, so another key would refuse every client of TLS 1.2."""
    write_pair(settings_file.parent, ec_key())
    assert _server(settings_file, TLS).tls
    (found,) = mistakes_in(settings_file, f'[server]\n{TLS}tls_minimum = "1.2"\n{CLIENT}')
    assert found.startswith("server.tls_minimum: SNAP allows TLS 1.2 only with an RSA key, and this key is another one")
    write_pair(settings_file.parent)
    assert _server(settings_file, f'{TLS}tls_minimum = "1.2"').tls


def test_both_listeners_need_addresses_of_their_own(settings_file: Path) -> None:
    """Two listeners cannot have the same socket. A socket and an address never collide."""
    text = '[server]\nsocket = "a.sock"\n[internal]\nsocket = "{}.sock"\n' + CLIENT
    settings_file.with_name("d").mkdir()
    for name in ("a", "d/../a"):
        (found,) = mistakes_in(settings_file, text.format(name))
        assert found == "internal.socket: [server] already listens on this socket; choose another name"
    assert loaded(settings_file, text.format("b")).internal
    assert loaded(settings_file, f'[server]\nsocket = "a.sock"\n[internal]\nport = 8080\n{CLIENT}').internal


def test_a_socket_needs_no_secret(settings_file: Path) -> None:
    """The mode of the file says who can use the internal listener, as on loopback."""
    internal = loaded(settings_file, f'[internal]\nsocket = "a.sock"\n{CLIENT}').internal
    assert internal
    assert (internal.is_loopback, internal.secrets) == (True, ())


def test_a_sandbox_has_no_socket(settings_file: Path) -> None:
    """No browser can open the pages of the sandbox at a socket."""
    text = f'[server]\nsocket = "a.sock"\n[sandbox]\nenabled = true\nprivate_key_file = "{KEY_FILE}"\n{CLIENT}'
    write_pair(settings_file.parent)
    (found,) = mistakes_in(settings_file, text)
    assert found.startswith("sandbox: a sandbox is allowed on loopback only, not on ")
