"""Two hosts with their own settings share one state store: a suspension or revocation on one takes effect on both."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e.instances import TABLES, Answer, Instance, Payments, instances, signed_now
from tests.e2e.process import COMMAND, run
from tests.engines import REDIS_SERVERS
from tests.merchant import write_settings
from tests.nicepay import Nicepay

REFUSED = {"responseCode": "4017300", "responseMessage": "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"}


@dataclass(frozen=True)
class Host:
    """A settings file, and the process that serves it."""

    settings: Path
    instance: Instance

    def command(self, *arguments: str) -> str:
        """Run a command on this host, which must succeed, and return its output."""
        done = run(COMMAND, *arguments, "--config", self.settings)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def listed(self, client: Nicepay) -> str:
        """The line of `client list` for this client."""
        (line,) = (line for line in self.command("client", "list").splitlines() if client.client_key in line.split())
        return line


CLIENTS = ("SUSPENDED", "STAYS", "RESTARTED", "REVOKED", "REPEATED")
"""A client for each test, so that all tests share the hosts."""


@pytest.fixture(scope="module", params=["sqlite", REDIS_SERVERS[0], "postgresql"])
def hosts(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    nicepay: Nicepay,
    empty_state: Callable[[str, Path], str],
) -> Iterator[list[Host]]:
    """Two running hosts with one state store and the same keys."""
    folder = tmp_path_factory.mktemp("hosts")
    one = folder / "one"
    one.mkdir()
    extra = f'{TABLES}[state]\nurl = "{empty_state(request.param, folder)}"'
    write_settings(one, *(replace(nicepay, client_key=each) for each in CLIENTS), extra=extra)
    files = [one / "snap-token.toml", Path(shutil.copytree(one, folder / "other")) / "snap-token.toml"]
    with instances(*files) as served:
        yield [Host(file, each) for file, each in zip(files, served, strict=True)]


def _summary(answer: Answer) -> tuple[int, dict[str, object]]:
    return answer.status, answer.content


def test_a_suspension_takes_effect_on_every_host(hosts: list[Host], nicepay: Nicepay) -> None:
    """When `client suspend` ends, every host refuses the client like an unknown one, until the client is resumed."""
    client = replace(nicepay, client_key="SUSPENDED")
    here, there = hosts
    token = there.instance.ask(signed_now(client)).token
    payments = Payments(client, token)
    assert there.instance.authorise(payments.call("ordNo1")).status == 200
    here.command("client", "suspend", "--id", client.client_key)
    for host in hosts:
        unknown = host.instance.ask(signed_now(Nicepay("NOBODY", client.private_key)))
        assert _summary(host.instance.ask(signed_now(client))) == _summary(unknown) == (401, REFUSED)
        assert not host.instance.is_active(token)
    call = Payments(client, token).call("ordNo2")
    assert there.instance.authorise(call).content["responseMessage"] == "Unauthorized. X-PARTNER-ID"
    assert there.instance.process.err.event("client.suspended")["client_key"] == client.client_key
    while (reason := there.instance.process.err.event("token.refused")["reason"]) == "client.unknown":
        pass
    assert reason == "client.suspended"
    assert "suspended = true" not in there.settings.read_text()
    here.command("client", "resume", "--id", client.client_key)
    assert there.instance.process.err.event("client.resumed")["client_key"] == client.client_key
    assert there.instance.is_active(token)
    assert there.instance.authorise(call).status == 200
    assert there.instance.ask(signed_now(client)).code == "2007300"


def test_a_suspension_in_the_settings_stays(hosts: list[Host], nicepay: Nicepay) -> None:
    """A host whose own settings suspend the client still refuses it after it is resumed on another host."""
    client = replace(nicepay, client_key="STAYS")
    here, there = hosts
    there.command("client", "suspend", "--id", client.client_key)
    here.command("client", "resume", "--id", client.client_key)
    assert here.instance.ask(signed_now(client)).code == "2007300"
    assert there.instance.ask(signed_now(client)).code == "4017300"
    assert "yes (settings)" in there.listed(client)


def test_a_suspension_survives_a_restart(hosts: list[Host], nicepay: Nicepay) -> None:
    """A host that starts after the suspension refuses the first request of the client."""
    client = replace(nicepay, client_key="RESTARTED")
    here, there = hosts
    here.command("client", "suspend", "--id", client.client_key)
    assert "yes (state since " in there.listed(client)
    with instances(there.settings) as (later,):
        assert later.ask(signed_now(client)).code == "4017300"


def test_no_issued_token_is_already_revoked(hosts: list[Host], nicepay: Nicepay) -> None:
    """After a client's tokens are revoked, a repeat is refused on every host, and a new request gets a valid token."""
    client = replace(nicepay, client_key="REVOKED")
    here, *_ = hosts
    signed = signed_now(client)
    token = here.instance.ask(signed).token
    here.command("revoke", "--client", client.client_key)
    for host in hosts:
        assert not host.instance.is_active(token)
        assert _summary(host.instance.ask(signed)) == (
            401,
            {"responseCode": "4017300", "responseMessage": "Unauthorized. X-TIMESTAMP"},
        )
        assert host.instance.is_active(host.instance.ask(signed_now(client)).token)


def test_a_repeat_after_its_token_was_revoked_gets_a_valid_token(
    hosts: list[Host], nicepay: Nicepay, tmp_path: Path
) -> None:
    """If one token is revoked, a repeat of its request gets another token, which is valid on every host."""
    client = replace(nicepay, client_key="REPEATED")
    here, there = hosts
    signed = signed_now(client)
    file = tmp_path / "token"
    file.write_text(here.instance.ask(signed).token)
    here.command("revoke", "--token-file", str(file))
    again = there.instance.ask(signed).token
    for host in hosts:
        assert not host.instance.is_active(file.read_text())
        assert host.instance.is_active(again)
