"""Settings and key files are reloaded while the server runs. A persistent connection shows that it does not restart."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.e2e.instances import TABLES, Connection, Instance, Payments, TokenKeys, instances, signed_now
from tests.e2e.process import COMMAND, run
from tests.merchant import write_settings
from tests.nicepay import Nicepay


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with one client and one token key."""
    return write_settings(tmp_path, nicepay, extra=TABLES)


@pytest.fixture
def served(settings: Path) -> Iterator[Instance]:
    """A process that serves these settings."""
    with instances(settings) as (served,):
        yield served


@pytest.fixture
def connection(served: Instance, nicepay: Nicepay) -> Iterator[Connection]:
    """A connection that was used before the reload. It breaks if the process ends or opens its listener again."""
    with served.public() as connection:
        assert connection.ask(signed_now(nicepay)).code == "2007300"
        yield connection


def test_sighup_reloads_everything(served: Instance, connection: Connection, nicepay: Nicepay) -> None:
    """SIGHUP reloads the files even if none has changed."""
    served.process.send_signal(signal.SIGHUP)
    assert served.process.err.event("settings.read")["clients"] == 1
    assert connection.ask(signed_now(nicepay)).code == "2007300"


def test_a_bad_key_file_is_refused(served: Instance, connection: Connection, settings: Path, nicepay: Nicepay) -> None:
    """A malformed key file is refused with a log line, and the former key mints until the file is valid again."""
    file = settings.with_name("token.keys")
    before = file.with_name("before.keys")
    before.write_text(file.read_text())
    file.write_text("no key\n")
    (mistake,) = served.process.err.event("settings.refused")["mistakes"]
    assert mistake.startswith("token.keys_file: ")
    assert TokenKeys(before).issued_at(connection.ask(signed_now(nicepay)).token)
    file.write_bytes(Fernet.generate_key())
    served.process.err.event("settings.read")
    assert TokenKeys(file).issued_at(connection.ask(signed_now(nicepay)).token)


def test_a_public_key_is_replaced(served: Instance, connection: Connection, settings: Path, stranger: Nicepay) -> None:
    """After a client's public key file is replaced, requests that are signed with the new key get a token."""
    assert connection.ask(signed_now(stranger)).code == "4017300"
    settings.with_name(f"{stranger.client_key}.pem").write_text(stranger.public_pem)
    served.process.err.event("settings.read")
    assert connection.ask(signed_now(stranger)).code == "2007300"


def test_a_client_is_added(served: Instance, connection: Connection, settings: Path, tmp_path: Path) -> None:
    """A client that `client add` adds gets tokens."""
    new = Nicepay("NEW")
    public_key = tmp_path / "new.pem"
    public_key.write_text(new.public_pem)
    assert connection.ask(signed_now(new)).code == "4017300"
    added = run(COMMAND, "client", "add", "--config", settings, "--id", "NEW", "--public-key", public_key)
    assert (added.returncode, added.stderr) == (0, "")
    assert served.process.err.event("settings.read")["clients"] == 2
    connection.close()  # On a busy machine the command takes longer than the server keeps an idle connection.
    assert connection.ask(signed_now(new)).code == "2007300"


def test_a_pipe_as_key_file_is_refused(
    served: Instance, connection: Connection, settings: Path, nicepay: Nicepay
) -> None:
    """A pipe in place of a key file is refused; after the file is back, later changes of the settings take effect."""
    file = settings.with_name(f"{nicepay.client_key}.pem")
    aside = file.rename(file.with_name("aside"))
    os.mkfifo(file)
    (mistake,) = served.process.err.event("settings.refused")["mistakes"]
    assert f"{file} cannot be read: it is a pipe" in mistake
    assert connection.ask(signed_now(nicepay)).code == "2007300"
    settings.write_text(f"{settings.read_text()}\nsuspended = true\n")
    served.process.err.event("settings.refused")
    aside.replace(file)
    assert served.process.err.event("settings.read")["clients_changed"] == {nicepay.client_key: ["suspended"]}
    assert connection.ask(signed_now(nicepay)).code == "4017300"


def test_a_secret_is_changed_with_an_overlap(
    served: Instance, connection: Connection, settings: Path, nicepay: Nicepay
) -> None:
    """The proxy's secret is required once it is set, and it can be replaced while the old and the new one are valid."""
    payments = Payments(nicepay, connection.ask(signed_now(nicepay)).token)
    file = settings.with_name("internal.secret")

    def status_with(secret: str) -> int:
        call = payments.call(f"{file.stat().st_mtime_ns}-{secret}")
        return served.authorise(call | {"X-Internal-Authorization": f"Bearer {secret}"}).status

    one, two = "the-first-secret", "the-second-secret"
    for text, statuses in ((one, [200, 401]), (f"{two}\n{one}\n", [200, 200]), (two, [401, 200])):
        file.write_text(text)
        file.chmod(0o600)
        if text == one:
            settings.write_text(settings.read_text().replace("[internal]", f'[internal]\nsecret_file = "{file.name}"'))
        assert served.process.err.event("settings.read")["values_changed"] == ["internal.secret_file"]
        assert [status_with(secret) for secret in (one, two)] == statuses


def test_a_service_is_added(served: Instance, connection: Connection, settings: Path, nicepay: Nicepay) -> None:
    """Calls to an added service are authorised, and refused with its service code."""
    payments = Payments(nicepay, connection.ask(signed_now(nicepay)).token)
    call = payments.call("ordNo1") | {"X-Original-URI": "/new"}
    with served.internal() as internal:
        assert internal.authorise(call).code == "4040000"
        settings.write_text(settings.read_text() + '\n[[services]]\npath = "/new"\nservice_code = "91"\n')
        served.process.err.event("settings.read")
        assert internal.authorise(call).status == 200
        assert internal.authorise(call).code == "4099100"
