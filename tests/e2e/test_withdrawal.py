"""Two hosts, each with settings of its own, share one state: what is withdrawn on one is withdrawn on the other."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND
from tests.e2e.instances import TABLES, Answer, Instance, Payments, instances, signed_now
from tests.e2e.process import run
from tests.engines import REDIS_SERVERS, RedisServer
from tests.merchant import write_settings
from tests.nicepay import CLIENT_KEY, Nicepay

ENGINES = pytest.mark.parametrize("engine", ["sqlite", REDIS_SERVERS[0]])
REFUSED = {"responseCode": "4017300", "responseMessage": "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"}


@dataclass(frozen=True)
class Host:
    """A settings file, and the process that serves it. No connection is kept, since idle ones are closed."""

    settings: Path
    instance: Instance

    def ask(self, signed: dict[str, str]) -> Answer:
        with self.instance.public() as public:
            return public.ask(signed)

    def authorise(self, call: dict[str, str]) -> Answer:
        with self.instance.internal() as internal:
            return internal.authorise(call)

    def command(self, *arguments: str) -> str:
        """What a command says that is run on this host and succeeds."""
        done = run(COMMAND, *arguments, "--config", self.settings)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def is_active(self, token: str) -> bool:
        with self.instance.internal() as internal:
            active: bool = internal.introspect(token).content["active"]
        return active


@pytest.fixture
def hosts(
    tmp_path: Path, nicepay: Nicepay, engine: str, emptied_redis: Callable[[str], RedisServer]
) -> Iterator[list[Host]]:
    """Two of them, with one state and the same keys, under way."""
    url = f"sqlite:///{tmp_path}/state.db" if engine == "sqlite" else emptied_redis(engine).url
    one = tmp_path / "one"
    one.mkdir()
    write_settings(one, nicepay, extra=f'{TABLES}[state]\nurl = "{url}"')
    files = [one / "snap-token.toml", Path(shutil.copytree(one, tmp_path / "other")) / "snap-token.toml"]
    with instances(*files) as served:
        yield [Host(file, each) for file, each in zip(files, served, strict=True)]


def _told(answer: Answer) -> tuple[int, dict[str, object]]:
    return answer.status, answer.content


@ENGINES
def test_a_suspension_on_one_host_shuts_out_on_the_other(hosts: list[Host], nicepay: Nicepay) -> None:
    """When the command ends, the other host refuses the client as it refuses an unknown one, until it is resumed."""
    here, there = hosts
    token = there.ask(signed_now(nicepay)).token
    payments = Payments(nicepay, token)
    assert there.authorise(payments.call("ordNo1")).status == 200
    here.command("client", "suspend", "--id", CLIENT_KEY)
    for host in hosts:
        unknown = host.ask(signed_now(Nicepay("NOBODY", nicepay.private_key)))
        assert _told(host.ask(signed_now(nicepay))) == _told(unknown) == (401, REFUSED)
        assert not host.is_active(token)
    call = Payments(nicepay, token).call("ordNo2")
    assert there.authorise(call).content["responseMessage"] == "Unauthorized. X-PARTNER-ID"
    assert there.instance.process.err.event("client.suspended")["client_key"] == CLIENT_KEY
    while (reason := there.instance.process.err.event("token.refused")["reason"]) == "client.unknown":
        pass
    assert reason == "client.suspended"
    assert "suspended = true" not in there.settings.read_text()
    here.command("client", "resume", "--id", CLIENT_KEY)
    assert there.instance.process.err.event("client.resumed")["client_key"] == CLIENT_KEY
    assert there.is_active(token)
    assert there.authorise(call).status == 200
    assert there.ask(signed_now(nicepay)).code == "2007300"


@ENGINES
def test_the_stricter_holds(hosts: list[Host], nicepay: Nicepay) -> None:
    """A host whose own settings suspend the client goes on refusing it when it is resumed on another."""
    here, there = hosts
    there.command("client", "suspend", "--id", CLIENT_KEY)
    here.command("client", "resume", "--id", CLIENT_KEY)
    assert here.ask(signed_now(nicepay)).code == "2007300"
    assert there.ask(signed_now(nicepay)).code == "4017300"
    assert "yes (settings)" in there.command("client", "list")


@ENGINES
def test_a_suspension_outlives_the_hosts(hosts: list[Host], nicepay: Nicepay) -> None:
    """A host that starts after the suspension refuses the client from its first request on."""
    here, there = hosts
    here.command("client", "suspend", "--id", CLIENT_KEY)
    assert "yes (state since " in there.command("client", "list")
    with instances(there.settings) as (later,):
        assert Host(there.settings, later).ask(signed_now(nicepay)).code == "4017300"


@ENGINES
def test_no_token_is_dead_when_it_is_handed_out(hosts: list[Host], nicepay: Nicepay) -> None:
    """After a client's tokens are revoked a repeat is refused everywhere, and a new request gets a token that opens."""
    here, *_ = hosts
    signed = signed_now(nicepay)
    token = here.ask(signed).token
    here.command("revoke", "--client", CLIENT_KEY)
    for host in hosts:
        assert not host.is_active(token)
        assert _told(host.ask(signed)) == (
            401,
            {"responseCode": "4017300", "responseMessage": "Unauthorized. X-TIMESTAMP"},
        )
        assert host.is_active(host.ask(signed_now(nicepay)).token)


@ENGINES
def test_a_repeat_after_its_token_was_revoked_opens(hosts: list[Host], nicepay: Nicepay, tmp_path: Path) -> None:
    """A revoked token is dead alone: the same signed request gets another, which opens everywhere."""
    here, there = hosts
    signed = signed_now(nicepay)
    file = tmp_path / "token"
    file.write_text(here.ask(signed).token)
    here.command("revoke", "--token-file", str(file))
    again = there.ask(signed).token
    for host in hosts:
        assert not host.is_active(file.read_text())
        assert host.is_active(again)
