"""The options of a call, and which of them go together."""

from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.simulator.call_options import CallOptions, require_used
from handlers.snap.call_form import CallForm

SECRET = Path("client.secret")


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("token", CallOptions(symmetric=True, client_secret_file=SECRET, token_file=Path("token"), channel_id="1")),
        ("token", CallOptions(symmetric=False)),
        ("notification", CallOptions(body=Path("body"), method="PUT")),
        ("body-signed", CallOptions(partner_id="P", external_id="1", channel_id="1")),
    ],
)
def test_options_of_the_form_are_accepted(form: CallForm, options: CallOptions) -> None:
    """An option that the form uses is no mistake."""
    require_used(form, options.by_name)


def test_a_secret_may_sign_a_body_signed_call() -> None:
    """If the client secret signs the body-signed calls of a client, its file is no mistake."""
    require_used("body-signed", CallOptions(client_secret_file=SECRET).by_name, signs_with_secret=True)
    with pytest.raises(UsageError, match="does not use --client-secret-file;"):
        require_used("body-signed", CallOptions(client_secret_file=SECRET).by_name)
    with pytest.raises(UsageError, match="does not use --client-secret-file;"):
        require_used("notification", CallOptions(client_secret_file=SECRET).by_name, signs_with_secret=True)


@pytest.mark.parametrize(
    ("form", "options", "named"),
    [
        ("token", CallOptions(symmetric=False, client_secret_file=SECRET), "--asymmetric does not use"),
        ("notification", CallOptions(external_id=""), "does not use --external-id;"),
        ("body-signed", CallOptions(symmetric=True), "does not use --symmetric;"),
    ],
)
def test_an_unused_option_is_a_mistake(form: CallForm, options: CallOptions, named: str) -> None:
    """An option that the form does not use is named, also if its value is empty."""
    with pytest.raises(UsageError, match=named):
        require_used(form, options.by_name)
