"""How a command reaches a listener of this machine."""

import ssl

from handlers.cli.local_listener import LocalListener


def test_an_address_has_a_url() -> None:
    """With TLS, the URL says so, and any certificate is accepted."""
    plain, tls = (LocalListener(("::1", 8080), tls=each) for each in (False, True))
    assert (plain.name, plain.base_url, plain.socket) == ("http://[::1]:8080", "http://[::1]:8080", None)
    assert (tls.base_url, plain.verify) == ("https://[::1]:8080", False)
    assert isinstance(tls.verify, ssl.SSLContext)
    assert tls.verify.verify_mode is ssl.CERT_NONE


def test_a_socket_has_a_path() -> None:
    """An HTTP client needs the path, and a URL with any host. The name is that of nginx."""
    listener = LocalListener(("/run/a.sock", 0), tls=False)
    assert (listener.socket, listener.base_url) == ("/run/a.sock", "http://localhost")
    assert listener.name == "http://unix:/run/a.sock:"
