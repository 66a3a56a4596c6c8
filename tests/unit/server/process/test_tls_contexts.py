"""The TLS contexts of the listeners, and how a reload changes them."""

from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.server.process.tls_contexts import TlsContexts, pairs_of
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.tls_pair import TLS, rsa_key, write_pair


@pytest.fixture
def file(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings whose public listener has TLS, and whose internal one has not."""
    write_pair(tmp_path)
    return write_settings(tmp_path, nicepay, extra=f"[server]\n{TLS}[internal]\n")


def test_a_listener_with_a_pair_has_a_context(file: Path) -> None:
    """The other listener has none."""
    contexts = TlsContexts(Settings.load(file))
    current = contexts.current("server")
    assert current
    assert current() is current()
    assert contexts.current("internal") is None


def test_a_new_pair_makes_a_new_context(file: Path) -> None:
    """The same pair keeps its context, and so the sessions of its clients."""
    contexts = TlsContexts(Settings.load(file))
    current = contexts.current("server")
    assert current
    before = current()
    contexts.use(Settings.load(file))
    assert current() is before
    write_pair(file.parent, rsa_key())
    contexts.use(Settings.load(file))
    assert current() is not before


def test_tls_begins_and_ends_with_the_process(file: Path) -> None:
    """A reload neither removes TLS from a listener nor adds it. That needs another start."""
    contexts = TlsContexts(Settings.load(file))
    current = contexts.current("server")
    assert current
    before = current()
    file.write_text(file.read_text().replace(TLS, "").replace("[internal]\n", f"[internal]\n{TLS}"))
    contexts.use(Settings.load(file))
    assert current() is before
    assert contexts.current("internal") is None
    assert list(pairs_of(Settings.load(file))) == ["internal"]
