"""The internal listener's answers to introspection (RFC 7662), revocation (RFC 7009) and health checks."""

from urllib.parse import quote

import pytest

from tests.api.conftest import Listeners
from tests.calls import BODY
from tests.internal import SUSPENDED, SYMMETRIC, InternalListener
from tests.nicepay import CLIENT_KEY, Nicepay

INACTIVE = {"active": False}
BOTH = pytest.mark.parametrize("path", ["/introspect", "/revoke"])


def _introspect(listener: InternalListener, token: str) -> dict[str, object]:
    return dict(listener.post_form("/introspect", f"token={quote(token)}").json())


def test_a_valid_token_is_active(internal: InternalListener) -> None:
    """Introspection gives client, type, issue time and expiry time of a valid token, and logs nothing."""
    issued = int(internal.clock.now.timestamp())
    assert _introspect(internal, internal.token()) == {
        "active": True,
        "client_id": CLIENT_KEY,
        "token_type": "Bearer",
        "iat": issued,
        "exp": issued + 900,
    }
    assert not internal.log()


@pytest.mark.parametrize("client_key", ["NOBODY", SUSPENDED])
def test_a_token_without_an_active_client_is_not_active(internal: InternalListener, client_key: str) -> None:
    """A token of a suspended or unknown client is not active."""
    assert _introspect(internal, internal.token(client_key)) == INACTIVE


@pytest.mark.parametrize("token", ["a", " ", "\u00e9", "\0", "x" * 16_000, "Bearer a", "null"])
def test_any_other_text_is_not_active(internal: InternalListener, token: str) -> None:
    """Introspection of any text that is not a token answers `active: false` (RFC 7662, section 2.2)."""
    assert _introspect(internal, token) == INACTIVE


def test_another_spelling_of_a_token_is_not_active(internal: InternalListener) -> None:
    """A token is active only in the base64 spelling in which it was issued."""
    token = internal.token()
    assert _introspect(internal, token + "=") == INACTIVE
    assert _introspect(internal, token[:-3] + "=" + token[-2:]) == INACTIVE


@BOTH
@pytest.mark.parametrize(
    "form",
    ["token", "token=a&", "&token=a", "token=a&token=a", "token=a&x=1&x=2", "token=%FF", "%FF=a", "token=a&b"],
)
def test_a_malformed_form_is_a_bad_request(internal: InternalListener, path: str, form: str) -> None:
    """A field without `=`, a duplicated field and bytes that are not UTF-8 are refused with 4000000."""
    response = internal.post_form(path, form)
    assert response.json() == {"responseCode": "4000000", "responseMessage": "Bad Request"}
    assert "www-authenticate" not in response.headers


@BOTH
def test_other_fields_are_ignored(internal: InternalListener, path: str) -> None:
    """`token_type_hint` and unknown fields change nothing."""
    form = "token=a&token_type_hint=refresh_token&services=x&body="
    assert internal.post_form(path, form).status_code == 200


@BOTH
def test_a_form_of_at_most_sixteen_fields_is_read(internal: InternalListener, path: str) -> None:
    """A form of 16 fields is accepted, and one of 17 fields is refused with 4000000."""
    form = "token=a" + "".join(f"&f{number}=1" for number in range(15))
    assert internal.post_form(path, form).status_code == 200
    assert internal.post_form(path, form + "&g=1").json()["responseCode"] == "4000000"


@BOTH
@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/x-www-form-urlencoded", 200),
        ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", 200),
        ("", 200),
        ("application/x-www-form-urlencoded; charset=latin-1", 415),
        ("multipart/form-data; boundary=a", 415),
        ("application/json", 415),
        ("text/plain", 415),
    ],
)
def test_the_media_type_must_be_a_form(internal: InternalListener, path: str, media_type: str, status: int) -> None:
    """The media type of a form in UTF-8 is accepted in any case, also an absent one; others are refused with 415."""
    assert internal.post_form(path, "token=a", {"Content-Type": media_type}).status_code == status


@BOTH
def test_a_compressed_form_is_not_read(internal: InternalListener, path: str) -> None:
    """A form with Content-Encoding is refused with 4150000."""
    response = internal.post_form(path, "token=a", {"Content-Encoding": "gzip"})
    assert response.json() == {"responseCode": "4150000", "responseMessage": "Unsupported Media Type"}


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        ("", "4000002", "Invalid Mandatory Field token or client_id"),
        ("token=", "4000002", "Invalid Mandatory Field token or client_id"),
        ("client_id=", "4000002", "Invalid Mandatory Field token or client_id"),
        ("x=1", "4000002", "Invalid Mandatory Field token or client_id"),
        (f"token=a&client_id={CLIENT_KEY}", "4000001", "Invalid Field Format token or client_id"),
        ("client_id=a+b", "4000001", "Invalid Field Format client_id"),
        (f"client_id={'a' * 37}", "4000001", "Invalid Field Format client_id"),
        ("client_id=NOBODY", "4000001", "Invalid Field Format client_id"),
    ],
)
def test_a_revocation_names_a_token_or_a_client(internal: InternalListener, form: str, code: str, message: str) -> None:
    """Neither field with a value, both fields and an unknown client are refused with the names of the fields."""
    assert internal.post_form("/revoke", form).json() == {"responseCode": code, "responseMessage": message}


@pytest.mark.parametrize("form", ["", "token=", "x=1"])
def test_an_introspection_names_a_token(internal: InternalListener, form: str) -> None:
    """Introspection without a token or with an empty one is refused with 4000002."""
    answer = {"responseCode": "4000002", "responseMessage": "Invalid Mandatory Field token"}
    assert internal.post_form("/introspect", form).json() == answer


@pytest.mark.parametrize("token", ["a", "not base64!", "\u00e9", "x" * 16_000])
def test_revoking_an_invalid_token_succeeds(internal: InternalListener, token: str) -> None:
    """Revocation of a text that is not a token succeeds, because it is already invalid (RFC 7009, section 2.2)."""
    assert internal.post_form("/revoke", f"token={quote(token)}").json() == {}


def test_a_revoked_token_is_refused(internal: InternalListener, nicepay: Nicepay) -> None:
    """Another base64 spelling revokes a token too, and the client's other tokens stay valid."""
    headers = internal.asymmetric(nicepay)
    token = headers["Authorization"].removeprefix("Bearer ")
    assert _introspect(internal, token)["active"]
    assert internal.post_form("/revoke", f"token={token.rstrip('=')}").json() == {}
    assert internal.log()[-1]["event"] == "tokens.revoked"
    assert _introspect(internal, token) == INACTIVE
    assert internal.authorize(headers, BODY).json()["responseCode"] == "4012401"
    assert internal.decision()["reason"] == "token.revoked"
    assert internal.authorize(internal.asymmetric(nicepay), BODY).status_code == 200


def test_all_tokens_of_a_client_can_be_revoked(listeners: Listeners) -> None:
    """Revocation by `client_id` revokes all tokens of the client issued until now, and no token of another client."""
    internal = listeners("revoking")
    token, other = internal.token(SYMMETRIC), internal.token()
    assert internal.post_form("/revoke", f"client_id={SYMMETRIC}").json() == {}
    assert _introspect(internal, token) == INACTIVE
    assert _introspect(internal, other)["active"]
    internal.clock.now = internal.clock.now.replace(second=2)
    assert _introspect(internal, internal.token(SYMMETRIC))["active"]


@pytest.mark.parametrize("form", ["token=&client_id={}", "client_id={}&token=&x="])
def test_a_field_without_a_value_counts_as_absent(listeners: Listeners, form: str) -> None:
    """A client is revoked if the form also has an empty `token` (RFC 6749, section 3.2)."""
    internal = listeners("revoking")
    token = internal.token(SYMMETRIC)
    assert internal.post_form("/revoke", form.format(SYMMETRIC)).json() == {}
    assert _introspect(internal, token) == INACTIVE


def test_a_revocation_that_cannot_be_stored_is_refused(listeners: Listeners) -> None:
    """While the state store is unavailable, a revocation is refused with 5000002 and Retry-After."""
    response = listeners("down").post_form("/revoke", f"client_id={CLIENT_KEY}")
    assert response.json()["responseCode"] == "5000002"
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("kind", ["open", "guarded", "down", "draining", "broken"])
def test_a_running_process_is_live(listeners: Listeners, kind: str) -> None:
    """/livez answers 200 without a secret in every state of the instance, and logs nothing."""
    listener = listeners(kind)
    assert listener.send("GET", "/livez").json() == {"status": "ok"}
    assert not listener.log()


@pytest.mark.parametrize(("kind", "status"), [("open", 200), ("guarded", 200), ("down", 503), ("draining", 503)])
def test_an_instance_that_can_answer_calls_is_ready(listeners: Listeners, kind: str, status: int) -> None:
    """/readyz answers without a secret: 200, or 503 while the state store is unavailable or the server is stopping."""
    assert listeners(kind).send("GET", "/readyz").status_code == status


def test_a_draining_instance_answers_calls(listeners: Listeners, nicepay: Nicepay) -> None:
    """An instance that is not ready because it is stopping still authorises calls."""
    listener = listeners("draining")
    assert listener.authorize(listener.asymmetric(nicepay), BODY).status_code == 200
