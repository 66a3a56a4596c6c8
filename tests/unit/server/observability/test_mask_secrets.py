"""The log shows no secret in any field."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from handlers.config.secrets_to_mask import private_key_secrets, secrets_to_mask
from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.process import assembly
from handlers.snap.masking import SHORTEST
from tests.merchant import NOON
from tests.mistakes import INTERNAL_SECRET, OTHER_SECRET, SECRET, World, write_world
from tests.nicepay import Nicepay


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log. After the test no secret is known."""
    stream = io.StringIO()
    configure.set_up(stream)
    yield stream
    SECRET_MASKER.learn([])
    configure.set_up()


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Settings:
    """Settings with a secret of each kind."""
    world = World()
    file = write_world(tmp_path, world)
    (tmp_path / "nicepay-private.pem").write_text(nicepay.private_pem)
    (tmp_path / "nicepay-private.pem").chmod(0o600)
    return Settings.load(file)


def test_each_kind_of_secret_is_known(settings: Settings, nicepay: Nicepay) -> None:
    """Client secrets, internal secrets, token keys and the private key of the sandbox are masked."""
    known = list(secrets_to_mask(settings))
    lines = [line for line in nicepay.private_pem.splitlines() if "-----" not in line]
    assert {name for name, _ in known} == {"client secret", "internal secret", "token key", "private key"}
    assert {SECRET, OTHER_SECRET, INTERNAL_SECRET, *settings.token.keys} <= {secret for _, secret in known}
    assert [secret.decode() for name, secret in known if name == "private key"] == lines


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_private_key_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    """A missing file, and a file that is not text, give no secret."""
    file = tmp_path / "key"
    if content:
        file.write_bytes(content)
    assert not list(private_key_secrets(file))


def test_a_line_of_the_log_is_masked(log: io.StringIO, settings: Settings) -> None:
    """Every text is masked, also in lists and tracebacks. Short texts and other types stay."""
    services = assembly.build_services(settings, assembly.open_resources(settings, lambda: NOON))
    token = services.token_keys.issue("IONPAYTEST", NOON)
    secret = SECRET.decode()
    facts = {"path": f"/{secret}/x", "client_key": token, "mistakes": [secret, 1], "size": 16}
    structlog.get_logger().error("a.thing", **facts, short="x" * (SHORTEST - 1), exc_info=ValueError(secret))
    line = json.loads(log.getvalue())
    assert (line["path"], line["client_key"]) == ("/***[client secret]/x", "***[access token]")
    assert (line["mistakes"], line["size"], line["short"]) == (["***[client secret]", 1], 16, "x" * (SHORTEST - 1))
    assert "ValueError: ***[client secret]" in line["exception"]
    assert secret not in log.getvalue()


def test_a_reload_updates_the_secrets(log: io.StringIO, settings: Settings, tmp_path: Path) -> None:
    """A changed secret is masked after the reload."""
    shared = assembly.open_resources(settings, lambda: NOON)
    assembly.build_services(settings, shared)
    (tmp_path / "secret").write_text("a-secret-that-is-quite-new")
    assembly.build_services(Settings.load(tmp_path / "snap-token.toml"), shared)
    structlog.get_logger().info("a.thing", path="/a-secret-that-is-quite-new")
    assert json.loads(log.getvalue())["path"] == "/***[client secret]"
