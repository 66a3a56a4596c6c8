"""The calls of the judge."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from hmac import digest

import pytest

from handlers.judge.caller import Caller, Endpoint, SignedForm, another_body, with_flipped_bit
from handlers.judge.scenarios.calls import call_scenarios
from handlers.judge.signer import Signer
from handlers.snap.particulars import Particulars
from handlers.snap.service import Service
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay, jakarta

BODY = b'{ "arbitrary": "1 2" }'
MINIFIED = sha256(b'{"arbitrary":"1 2"}').hexdigest()
URI = "/path?a=b"


def _caller(form: SignedForm, nicepay: Nicepay, stranger: Nicepay) -> Caller:
    signer = Signer(nicepay.client_key, nicepay.private_key, stranger.private_key, Clock())
    return Caller(form, signer, Endpoint(URI, "POST", BODY), "PARTNER", "95231", "t0ken", b"secret")


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("asymmetric", ["Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"]),
        ("symmetric", ["Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"]),
        ("body-signed", ["X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"]),
    ],
)
def test_a_call_has_the_headers_of_its_form(
    nicepay: Nicepay, stranger: Nicepay, form: SignedForm, names: list[str]
) -> None:
    """A genuine call has the headers of its form, in its own second, and a new X-EXTERNAL-ID."""
    caller = _caller(form, nicepay, stranger)
    one, other = (dict(caller.genuine_call().headers) for _ in range(2))
    assert list(one) == ["Content-Type", *names]
    assert one["X-EXTERNAL-ID"] != other["X-EXTERNAL-ID"]
    assert len(one["X-EXTERNAL-ID"]) <= 36
    assert [one["X-TIMESTAMP"], other["X-TIMESTAMP"]] == [jakarta(NOON), jakarta(NOON - timedelta(seconds=1))]


def test_a_notification_has_its_own_headers(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A notification is the request that NICEPAY would send: without token, partner and external ID."""
    headers = dict(replace(_caller("notification", nicepay, stranger), channel_id="").genuine_call().headers)
    assert headers == nicepay.headers(jakarta(NOON))


def test_a_body_signed_call_covers_the_minified_body(nicepay: Nicepay, stranger: Nicepay) -> None:
    """The signature covers method, path with query, hash of the minified body, and time."""
    headers = dict(_caller("body-signed", nicepay, stranger).genuine_call().headers)
    assert headers["X-SIGNATURE"] == nicepay.signature_of(f"POST:{URI}:{MINIFIED}:{jakarta(NOON)}")


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "notification", "body-signed"])
def test_unknown_keys_sign_the_same_text(nicepay: Nicepay, stranger: Nicepay, form: SignedForm) -> None:
    """A caller with unknown keys has another signature of the same length."""
    caller = _caller(form, nicepay, stranger)
    call = caller.call()
    genuine, forged = caller.sign(call), caller.with_unknown_keys().sign(call)
    assert genuine != forged
    assert len(genuine) == len(forged)


@pytest.mark.parametrize("body", [b"", b"{}", BODY, b"[1]", b"text", b'{"changed":true}'[:-1]])
def test_another_body_differs_after_it_is_minified(body: bytes) -> None:
    """The changed body has another hash, raw and minified. An object stays JSON."""
    changed = another_body(body)
    assert changed.replace(b" ", b"") != body.replace(b" ", b"")
    assert changed.startswith(b"{") == body.startswith(b"{") or not body


@pytest.mark.parametrize("form", ["symmetric", "body-signed"])
def test_the_particulars_of_the_client_are_signed(nicepay: Nicepay, stranger: Nicepay, form: SignedForm) -> None:
    """The text has the hash in base64, an empty token and no prefix, and the headers are those of the client."""
    particulars = Particulars(None, "bank", "numeric", 9, "base64", empty_token_slot=True, path_prefix_not_signed="/a")
    caller = replace(_caller(form, nicepay, stranger), particulars=particulars, endpoint=Endpoint("/a/b", "POST", BODY))
    headers = dict(caller.genuine_call().headers)
    hashed = b64encode(bytes.fromhex(MINIFIED)).decode()
    text = f"POST:/b::{hashed}:{jakarta(NOON)}".encode()
    assert headers["X-SIGNATURE"] == b64encode(digest(b"secret", text, "sha512")).decode()
    assert (headers["ORIGIN"], headers["CHANNEL-ID"]) == ("bank", "95231")
    assert particulars.accepts_external_id(headers["X-EXTERNAL-ID"])


def test_an_empty_token_needs_no_token(nicepay: Nicepay, stranger: Nicepay) -> None:
    """If the signature covers no token and the service accepts calls without one, leaving it out is no attack."""
    caller = replace(_caller("symmetric", nicepay, stranger), particulars=Particulars(empty_token_slot=True))
    both = replace(caller, endpoint=replace(caller.endpoint, service=Service("24", forms=("token", "body-signed"))))
    played = [{scenario.name for scenario in call_scenarios(each)} for each in (caller, both)]
    assert played[0] - played[1] == {"call.without_token", "call.without_token_code"}


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "notification", "body-signed"])
def test_a_header_with_another_value_is_a_fault_only_if_it_is_pinned(
    nicepay: Nicepay, stranger: Nicepay, form: SignedForm
) -> None:
    """CHANNEL-ID and ORIGIN may have any value if the settings of the client give none. Notifications have neither."""
    caller = _caller(form, nicepay, stranger)
    pins = {"CHANNEL-ID": Particulars(channel_id="95231"), "ORIGIN": Particulars(origin="bank.example")}
    unpinned = {scenario.name for scenario in call_scenarios(caller)}
    for header, particulars in pins.items():
        pinned = replace(caller, channel_id="", particulars=particulars)
        added = [scenario for scenario in call_scenarios(pinned) if scenario.name not in unpinned]
        name = f"call.another_{header.lower().replace('-', '_')}"
        assert [scenario.name for scenario in added] == ([] if form == "notification" else [name, f"{name}_code"])
        for (request,) in [scenario.requests(caller.signer) for scenario in added]:
            assert dict(request.headers)[header] not in {"", "95231", "bank.example"}


def test_a_flipped_bit_changes_one_bit() -> None:
    """The flipped bit is the last one."""
    assert with_flipped_bit("AAAA") == "AAAB"
