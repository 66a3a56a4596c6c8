"""Calls with a single fault. A protected endpoint refuses each of them.

The signature of NICO's calls and of notifications covers only client and time. Nobody can refuse such a call because of
another path, method or body, so those attacks exist only for the other two forms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from handlers.judge.caller import (
    AUTHORIZATION,
    CHANNEL_ID,
    COVERS_BODY,
    EXTERNAL_ID,
    ORIGIN,
    PARTNER_ID,
    WITH_TOKEN,
    Caller,
    SignedForm,
    another_body,
    with_flipped_bit,
)
from handlers.judge.exchange import CLIENT_KEY, SIGNATURE, TIMESTAMP, Request
from handlers.judge.scenario import DOCUMENT, Severity
from handlers.judge.scenarios.attack import ANY, MISSING, NOTIFICATION, UNAUTHORIZED, WITH_EXTERNAL_ID, Attack
from handlers.judge.signer import UNKNOWN_CLIENT_KEY
from handlers.snap.particulars import Particulars

_TIME_CODES = (UNAUTHORIZED, "400xx01", MISSING)

_HOUR = timedelta(hours=1)
_GARBAGE_TOKEN = "garbage-of-snap-token-check"  # noqa: S105  nobody has issued it
_TOKENS = "ASPI, response codes; RFC 6750, 3.1"
_HEADERS = "ASPI, request headers; NICEPAY, request headers"
_ANOTHER_FORM: Mapping[SignedForm, SignedForm] = {
    "asymmetric": "body-signed",
    "symmetric": "asymmetric",
    "notification": "body-signed",
    "body-signed": "notification",
}


def _late(by: timedelta) -> Callable[[Caller], Sequence[Request]]:
    return lambda caller: [caller.signed(caller.call(by))]


def _another_key(caller: Caller) -> Sequence[Request]:
    return [caller.request(call := caller.call(), caller.with_unknown_keys().sign(call))]


def _flipped_bit(caller: Caller) -> Sequence[Request]:
    return [caller.request(call := caller.call(), with_flipped_bit(caller.sign(call)))]


def _another_form(caller: Caller) -> Sequence[Request]:
    return [caller.request(call := caller.call(), caller.sign(call, _ANOTHER_FORM[caller.form]))]


def _another_second(caller: Caller) -> Sequence[Request]:
    return [caller.request(caller.call(), caller.sign(caller.call()))]


def _another_path(caller: Caller) -> Sequence[Request]:
    call = caller.call()
    path, mark, query = call.uri.partition("?")
    signed = replace(call, uri=f"{path}-of-another-service{mark}{query}")
    return [caller.request(call, caller.sign(signed))]


def _another_method(caller: Caller) -> Sequence[Request]:
    call = caller.call()
    return [caller.request(call, caller.sign(replace(call, method="PUT" if call.method != "PUT" else "POST")))]


def _another_body(caller: Caller) -> Sequence[Request]:
    call = caller.call()
    return [caller.signed(call).with_body(another_body(call.body or b""))]


def _another_client(caller: Caller) -> Sequence[Request]:
    header = CLIENT_KEY if caller.form == "notification" else PARTNER_ID
    return [caller.genuine_call().with_header(header, UNKNOWN_CLIENT_KEY)]


def _two_signatures(caller: Caller) -> Sequence[Request]:
    forged = caller.with_unknown_keys()
    return [
        caller.genuine_call().with_duplicate_header(SIGNATURE, forged.sign(caller.call()), first=first)
        for first in (True, False)
    ]


def _without(header: str) -> Callable[[Caller], Sequence[Request]]:
    return lambda caller: [caller.genuine_call().without_header(header)]


def _with_token(token: str) -> Callable[[Caller], Sequence[Request]]:
    return lambda caller: [caller.signed(replace(caller.call(), access_token=token))]


def _altered(text: str) -> str:
    """The text with another character in its middle."""
    middle = len(text) // 2
    return f"{text[:middle]}{'B' if text[middle] == 'A' else 'A'}{text[middle + 1 :]}"


def _altered_token(caller: Caller) -> Sequence[Request]:
    return [caller.signed(replace(caller.call(), access_token=_altered(caller.token)))]


def _altered_header(header: str) -> Callable[[Caller], Sequence[Request]]:
    def requests(caller: Caller) -> Sequence[Request]:
        genuine = caller.genuine_call()
        return [genuine.with_header(header, _altered(dict(genuine.headers)[header]))]

    return requests


def _as_notification(caller: Caller) -> Sequence[Request]:
    """Calls with a token that is not valid, and with the client key and the signature of a notification."""
    call = replace(caller.call(), access_token=_GARBAGE_TOKEN)
    request = caller.request(call, caller.sign(call, "notification"))
    return [request.with_header(CLIENT_KEY, caller.signer.client_key)]


def _with_authorization(caller: Caller) -> Sequence[Request]:
    return [caller.genuine_call().with_header(AUTHORIZATION, f"Bearer {_GARBAGE_TOKEN}")]


def _with_client_key(caller: Caller) -> Sequence[Request]:
    return [caller.genuine_call().with_header(CLIENT_KEY, caller.signer.client_key)]


def _missing(header: str, forms: frozenset[SignedForm] = ANY, codes: tuple[str, ...] = (MISSING,)) -> Attack:
    name = f"without_{header.lower().replace('-', '_')}"
    subject, reason = f"A call without {header}", "the header is mandatory and the check depends on it"
    return Attack(name, subject, reason, _without(header), codes, forms, source=_HEADERS)


def _another(header: str, pinned: Callable[[Particulars], str | None]) -> Attack:
    """The fault for a header of which the settings of the client may allow one value only."""
    return Attack(
        f"another_{header.lower().replace('-', '_')}",
        f"A call with another {header}",
        "the settings of this client allow one value only",
        _altered_header(header),
        forms=WITH_EXTERNAL_ID,
        severity=Severity.MAJOR,
        source=f"{DOCUMENT}, rules of a client",
        exists_for=lambda caller: pinned(caller.particulars) is not None,
    )


ATTACKS = (
    Attack("stale", "A call signed an hour ago", "a recorded call must not stay usable", _late(_HOUR), _TIME_CODES),
    Attack("future", "A call dated an hour ahead", "it could be signed now and used later", _late(-_HOUR), _TIME_CODES),
    Attack(
        "another_key", "A call signed with an unknown key", "only the key of the client proves the call", _another_key
    ),
    Attack("flipped_bit", "A call whose signature has one other bit", "nobody has signed it", _flipped_bit),
    Attack("another_form", "A call signed in another form", "each form has one string to sign", _another_form),
    Attack("another_second", "A call with the signature of another second", "time is signed", _another_second),
    Attack("another_path", "A call signed for another path", "the path is signed", _another_path, forms=COVERS_BODY),
    Attack(
        "another_method", "A call signed for another method", "the method is signed", _another_method, forms=COVERS_BODY
    ),
    Attack(
        "another_body",
        "A call whose body changed after signing",
        "the body is signed",
        _another_body,
        forms=COVERS_BODY,
    ),
    Attack("another_client", "A call of an unknown client or partner", "the caller must be known", _another_client),
    Attack(
        "two_signatures",
        "A call with a genuine and a forged signature",
        "a proxy may check one and the service the other",
        _two_signatures,
        ("400xx00", "400xx01", UNAUTHORIZED),
        source=f"{DOCUMENT}, BadRequest; RFC 9110, 5.3",
    ),
    _missing(TIMESTAMP, codes=_TIME_CODES),
    _missing(SIGNATURE, codes=(MISSING, UNAUTHORIZED)),
    _missing(EXTERNAL_ID, WITH_EXTERNAL_ID),
    _missing(PARTNER_ID, WITH_EXTERNAL_ID),
    _missing(CLIENT_KEY, NOTIFICATION, (MISSING, UNAUTHORIZED, "401xx03")),
    _another(CHANNEL_ID, lambda particulars: particulars.channel_id),
    _another(ORIGIN, lambda particulars: particulars.origin),
    Attack(
        "without_token",
        "A call without its token",
        "the token is mandatory in this form",
        _without(AUTHORIZATION),
        ("401xx03", "401xx01", UNAUTHORIZED, MISSING),
        WITH_TOKEN,
        source=_TOKENS,
        exists_for=lambda caller: not caller.may_leave_token_out,
    ),
    Attack(
        "garbage_token",
        "A call with a token that nobody has issued",
        "only an issued token proves the client",
        _with_token(_GARBAGE_TOKEN),
        ("401xx01",),
        WITH_TOKEN,
        source=_TOKENS,
    ),
    Attack(
        "altered_token",
        "A call whose token has one other character",
        "only an issued token proves the client",
        _altered_token,
        ("401xx01",),
        WITH_TOKEN,
        source=_TOKENS,
    ),
    Attack(
        "as_notification",
        "A call with an invalid token and the headers of a notification",
        "no header may choose a weaker check",
        _as_notification,
        ("401xx01", UNAUTHORIZED, "400xx01"),
        WITH_TOKEN,
        source=f"{DOCUMENT}, forms of call; {_TOKENS}",
    ),
    Attack(
        "with_authorization",
        "A call without a token that has an Authorization header",
        "its form would be ambiguous",
        _with_authorization,
        ("400xx01", "401xx01", UNAUTHORIZED),
        ANY - WITH_TOKEN,
        Severity.MAJOR,
        f"{DOCUMENT}, forms of call",
    ),
    Attack(
        "with_client_key",
        "A body-signed call that has the X-CLIENT-KEY of a notification",
        "its form would be ambiguous",
        _with_client_key,
        ("400xx01", UNAUTHORIZED),
        frozenset({"body-signed"}),
        Severity.MAJOR,
        f"{DOCUMENT}, forms of call",
    ),
)
"""Each attack, in the order in which it runs."""
