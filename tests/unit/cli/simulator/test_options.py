"""The options that `request` and `curl` share."""

import io
from pathlib import Path

import pytest

from handlers.cli.simulator.options import Options, Sender
from tests.nicepay import Nicepay


def test_the_private_key_is_read_once(nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that signs twice reads standard input once, and asks for a passphrase once."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(nicepay.private_pem.encode())))
    sender = Sender.of(Options(client_key="A", private_key=Path("-")))
    assert sender.private_key() is sender.private_key()
