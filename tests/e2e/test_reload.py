"""What the settings name is read anew while the server serves; a connection that is kept shows that none restarts."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.e2e.conftest import COMMAND
from tests.e2e.instances import TABLES, Connection, Instance, Payments, TokenKeys, instances, signed_now
from tests.e2e.process import run
from tests.merchant import write_settings
from tests.nicepay import Nicepay


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with one client and one token key."""
    return write_settings(tmp_path, nicepay, extra=TABLES)


@pytest.fixture
def served(settings: Path) -> Iterator[Instance]:
    """A process that serves them."""
    with instances(settings) as (served,):
        yield served


@pytest.fixture
def kept(served: Instance, nicepay: Nicepay) -> Iterator[Connection]:
    """A connection that has been used before anything changes; it breaks if the process ends or listens anew."""
    with served.public() as connection:
        assert connection.ask(signed_now(nicepay)).code == "2007300"
        yield connection


def test_a_signal_has_everything_read(served: Instance, kept: Connection, nicepay: Nicepay) -> None:
    """SIGHUP has the files read although none has changed."""
    served.process.send_signal(signal.SIGHUP)
    assert served.process.err.event("settings.read")["clients"] == 1
    assert kept.ask(signed_now(nicepay)).code == "2007300"


def test_a_bad_key_file_is_refused(served: Instance, kept: Connection, settings: Path, nicepay: Nicepay) -> None:
    """A file that is no key is one line in the log, and the key from before mints on, until the file is good again."""
    file = settings.with_name("token.keys")
    before = file.with_name("before.keys")
    before.write_text(file.read_text())
    file.write_text("no key\n")
    (mistake,) = served.process.err.event("settings.refused")["mistakes"]
    assert mistake.startswith("token.keys_file: ")
    assert TokenKeys(before).issued_at(kept.ask(signed_now(nicepay)).token)
    file.write_bytes(Fernet.generate_key())
    served.process.err.event("settings.read")
    assert TokenKeys(file).issued_at(kept.ask(signed_now(nicepay)).token)


def test_a_client_gets_a_new_public_key(served: Instance, kept: Connection, settings: Path, stranger: Nicepay) -> None:
    """Whoever signs with a key that was put in the place of the client's is served from then on."""
    assert kept.ask(signed_now(stranger)).code == "4017300"
    settings.with_name(f"{stranger.client_key}.pem").write_text(stranger.public_pem)
    served.process.err.event("settings.read")
    assert kept.ask(signed_now(stranger)).code == "2007300"


def test_a_client_is_added(served: Instance, kept: Connection, settings: Path, tmp_path: Path) -> None:
    """A client that the command adds gets tokens."""
    new = Nicepay("NEW")
    public_key = tmp_path / "new.pem"
    public_key.write_text(new.public_pem)
    assert kept.ask(signed_now(new)).code == "4017300"
    added = run(COMMAND, "client", "add", "--config", settings, "--id", "NEW", "--public-key", public_key)
    assert (added.returncode, added.stderr) == (0, "")
    assert served.process.err.event("settings.read")["clients"] == 2
    assert kept.ask(signed_now(new)).code == "2007300"


def test_a_pipe_stops_nothing(served: Instance, kept: Connection, settings: Path, nicepay: Nicepay) -> None:
    """A pipe in the place of a key file is refused; with the file back, what was written meanwhile holds."""
    file = settings.with_name(f"{nicepay.client_key}.pem")
    aside = file.rename(file.with_name("aside"))
    os.mkfifo(file)
    (mistake,) = served.process.err.event("settings.refused")["mistakes"]
    assert f"{file} cannot be read: it is a pipe" in mistake
    assert kept.ask(signed_now(nicepay)).code == "2007300"
    settings.write_text(f"{settings.read_text()}\nsuspended = true\n")
    served.process.err.event("settings.refused")
    aside.replace(file)
    assert served.process.err.event("settings.read")["clients_changed"] == {nicepay.client_key: ["suspended"]}
    assert kept.ask(signed_now(nicepay)).code == "4017300"


def test_a_secret_is_changed_with_an_overlap(
    served: Instance, kept: Connection, settings: Path, nicepay: Nicepay
) -> None:
    """The proxy's secret is demanded once it is named, a second one passes beside it, and the first can then go."""
    payments = Payments(nicepay, kept.ask(signed_now(nicepay)).token)
    file = settings.with_name("internal.secret")

    def passed(*secrets: str) -> list[int]:
        calls = [payments.call(f"{file.stat().st_mtime_ns}-{secret}") for secret in secrets]
        headers = [{"X-Internal-Authorization": f"Bearer {secret}"} for secret in secrets]
        with served.internal() as internal:
            return [internal.authorise(call | more).status for call, more in zip(calls, headers, strict=True)]

    one, two = "the-first-secret", "the-second-secret"
    for text, taken in ((one, [200, 401]), (f"{two}\n{one}\n", [200, 200]), (two, [401, 200])):
        file.write_text(text)
        file.chmod(0o600)
        if text == one:
            settings.write_text(settings.read_text().replace("[internal]", f'[internal]\nsecret_file = "{file.name}"'))
        assert served.process.err.event("settings.read")["values_changed"] == ["internal.secret_file"]
        assert passed(one, two) == taken


def test_a_service_is_added(served: Instance, kept: Connection, settings: Path, nicepay: Nicepay) -> None:
    """Calls of a path that was added to the services are judged, and refused with its service code."""
    payments = Payments(nicepay, kept.ask(signed_now(nicepay)).token)
    call = payments.call("ordNo1") | {"X-Original-URI": "/new"}
    with served.internal() as internal:
        assert internal.authorise(call).code == "4040000"
        settings.write_text(settings.read_text() + '\n[[services]]\npath = "/new"\nservice_code = "91"\n')
        served.process.err.event("settings.read")
        assert internal.authorise(call).status == 200
        assert internal.authorise(call).code == "4099100"
