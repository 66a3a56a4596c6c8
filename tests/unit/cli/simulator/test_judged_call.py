"""The token of the calls that `check --call` sends, and the client that its settings describe."""

from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.simulator.acquirer import Acquirer
from handlers.cli.simulator.judged_call import JudgedCall, issued_token
from handlers.config.settings import Settings
from handlers.judge.exchange import Answer
from handlers.judge.signer import Signer
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay


@pytest.fixture
def signer(nicepay: Nicepay, stranger: Nicepay) -> Signer:
    return Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())


@pytest.mark.parametrize("expires_in", ['"900"', "900", '"forever"', "null", '"\u0664"', '""', f'"{"9" * 5000}"'])
def test_a_token_that_outlives_the_calls_is_used(signer: Signer, expires_in: str) -> None:
    """The token is used for as long as it says. If it does not say how long in digits, nobody knows better."""
    body = f'{{"accessToken": "t0ken", "expiresIn": {expires_in}}}'.encode()
    assert issued_token(signer, lambda request: Answer(request, NOON, 200, body=body), 900) == "t0ken"


@pytest.mark.parametrize("expires_in", ['"899"', "899", '"0"'])
def test_a_token_that_expires_during_the_calls_is_refused(signer: Signer, expires_in: str) -> None:
    """The message gives both durations, and the option that shortens the calls."""
    body = f'{{"accessToken": "t0ken", "expiresIn": {expires_in}}}'.encode()
    expected = "the calls take 900 s, but the token expires after [0-9]+ s; raise --per-second"
    with pytest.raises(UsageError, match=expected):
        issued_token(signer, lambda request: Answer(request, NOON, 200, body=body), 900)


@pytest.fixture
def empty_slot(settings_file: Path) -> Acquirer:
    """A client whose secret signs its body-signed calls."""
    settings_file.with_name("client.secret").write_text("a client secret of this test")
    settings_file.with_name("client.secret").chmod(0o600)
    secret = 'call_signature = "symmetric"\nempty_token_slot = true\nclient_secret_file = "client.secret"\n'
    settings_file.write_text(f"{settings_file.read_text()}\n{secret}")
    settings = Settings.load(settings_file)
    return Acquirer.of(settings, settings.clients[0].id, "/x")


@pytest.mark.parametrize("options", [JudgedCall(), JudgedCall(client_secret_file=Path("other.secret"))])
def test_the_secret_of_the_settings_signs_body_signed_calls(empty_slot: Acquirer, options: JudgedCall) -> None:
    """For a client with an empty token slot, the form body-signed uses the secret of the settings, or another one."""
    for form in ("body-signed", "token"):
        JudgedCall(form=form, client_secret_file=options.client_secret_file).require_usable(empty_slot)
    JudgedCall(form="notification").require_usable(empty_slot)
    with pytest.raises(UsageError, match="does not use --client-secret-file"):
        JudgedCall(form="notification", client_secret_file=Path("other.secret")).require_usable(empty_slot)
