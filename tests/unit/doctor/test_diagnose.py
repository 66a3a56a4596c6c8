"""The doctor finds each mistake, and no other."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hmac import digest
from itertools import count

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.doctor.call import replay_key_of
from handlers.doctor.candidates.call_strings import MOST_STRINGS
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.diagnose import diagnose
from handlers.doctor.messages.render import LANGUAGES, message_of
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Verdict
from tests.merchant import NOON
from tests.mistakes import (
    AUTHORIZE_MISTAKES,
    CALL_BODY,
    CALL_MISTAKES,
    CALL_PATH,
    NOW,
    SECRET,
    STRICT,
    SUSPENDED,
    SYMMETRIC,
    TOKEN_MISTAKES,
    Make,
    World,
    call,
    rows,
    symmetric,
    token_request,
)
from tests.mistakes_in_particulars import CASES, HEX
from tests.mistakes_in_strings import STRING_MISTAKES
from tests.mistakes_in_transport import (
    CALL_NAME_MISTAKES,
    CALL_SIGNATURE_MISTAKES,
    SIGNATURE_MISTAKES,
    TOKEN_HEADER_MISTAKES,
    TOKEN_NAME_MISTAKES,
    authorized,
    without,
)
from tests.mistakes_without_token import TOKENLESS_MISTAKES, body_signed, notification
from tests.nicepay import jakarta

FIXED = World()
MOST_COMPARISONS = 2 * MOST_STRINGS
"""More than the doctor makes for any call: each string to sign once, and some signatures."""
TABLES = (TOKEN_MISTAKES, CALL_MISTAKES, AUTHORIZE_MISTAKES, TOKENLESS_MISTAKES, STRING_MISTAKES)
IN_TRANSPORT = (
    SIGNATURE_MISTAKES,
    TOKEN_NAME_MISTAKES,
    *CALL_SIGNATURE_MISTAKES,
    *TOKEN_HEADER_MISTAKES,
    *CALL_NAME_MISTAKES,
)
ROWS = [row for table in (*TABLES, *IN_TRANSPORT) for row in rows(table)]

FURTHER = {
    "padding.pss: PS512": ["hash.sha512"],
    "padding.pss: with SHA-1": ["hash.sha1"],
    "signature.not_base64: not canonical": ["key.unknown"],
    "client.unknown: nobody": ["key.of_another_client"],
    "client.unknown: another case": ["key.of_another_client"],
    "client.suspended: suspended since": ["string.other_client"],
    "header.malformed: method": ["method.wrong"],
    "header.malformed: a fragment": ["path.unknown"],
    "header.malformed: too long": ["client.unknown", "key.of_another_client"],
    "timestamp.malformed: words in a call": ["string.unknown"],
    "token.scheme_wrong: half a token, symmetric": ["token.tampered"],
    "token.of_another_client: partner of another": ["key.of_another_client", "string.other_client"],
    "call.signed_asymmetrically: and reversed": ["string.reversed"],
    "token.missing: body-signed": ["string.unknown"],
}
"""The further verdicts that one mistake causes. Every other row has one verdict."""


@pytest.fixture(scope="module")
def world() -> World:
    """The clients and their keys."""
    return FIXED


@pytest.mark.parametrize(("verdict", "name", "make"), ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_each_mistake_is_named(verdict: str, name: str, make: Make, world: World) -> None:
    """A request with one mistake gets the verdict on it, a message in both languages, and evidence without secrets."""
    request = make(world)
    diagnosis = diagnose(request, world.context)
    assert (diagnosis.main.verdict, diagnosis.genuine) == (verdict, verdict == "genuine"), name
    also = [finding.verdict for finding in diagnosis.also]
    assert also == FURTHER.get(f"{verdict}: {name}", [])
    for finding in (diagnosis.main, *diagnosis.also):
        assert all(
            text.endswith((".", "?", str(finding.evidence.get("signed", "."))))
            for lang in LANGUAGES
            for text in message_of(finding, lang)
        )
    shown = repr([finding.evidence for finding in (diagnosis.main, *diagnosis.also)])
    assert not [text for text in _secrets_of(request) if text in shown or text[8:24] in shown]


def _secrets_of(request: Request) -> list[str]:
    """Return the signature, the token and the client secret, if they are long enough to be secrets."""
    texts = (request.get("X-SIGNATURE"), request.get("Authorization").removeprefix("Bearer "), "a secret of these")
    return [text for text in texts if len(text) > 16]


@pytest.mark.parametrize(
    ("make", "names", "also"),
    [
        (token_request, "X-TIMESTAMP, X-CLIENT-KEY, X-SIGNATURE", []),
        (call, "X-TIMESTAMP, X-SIGNATURE, X-PARTNER-ID, X-EXTERNAL-ID", []),
        (symmetric, "X-SIGNATURE, X-PARTNER-ID", []),
        (call, "X-TIMESTAMP, X-EXTERNAL-ID, Authorization", ["token.missing"]),
        (body_signed, "X-TIMESTAMP, X-SIGNATURE, X-PARTNER-ID, X-EXTERNAL-ID", []),
        (body_signed, "X-EXTERNAL-ID", []),
        (notification, "X-TIMESTAMP, X-SIGNATURE", []),
    ],
)
def test_all_missing_headers_are_named_at_once(make: Make, names: str, also: list[str], world: World) -> None:
    """One finding lists every missing header of the form. No verdict on the signature follows from their absence."""
    diagnosis = diagnose(without(make(world), *names.split(", ")), world.context)
    assert (diagnosis.main.verdict, diagnosis.main.evidence["header"]) == (
        "header.missing",
        names.removesuffix(", Authorization"),
    )
    assert [finding.verdict for finding in diagnosis.also] == also


def test_names_and_absence_are_both_named(world: World) -> None:
    """Headers under a wrong name are listed with the right name. Headers that are absent are listed too."""
    request = without(token_request(world), "X-SIGNATURE")
    headers = tuple((name.replace("-", "_") if name[0] == "X" else name, value) for name, value in request.headers)
    diagnosis = diagnose(replace(request, headers=headers), world.context)
    assert diagnosis.main.evidence == {"header": "X-TIMESTAMP, X-CLIENT-KEY", "sent": "X_TIMESTAMP, X_CLIENT_KEY"}
    assert [(each.verdict, each.evidence) for each in diagnosis.also] == [("header.missing", {"header": "X-SIGNATURE"})]


@pytest.mark.parametrize("name", ["Proxy-Authorization", "X-Internal-Authorization", "X-REQUEST-ID", "Date"])
def test_another_header_is_no_misspelling(name: str, world: World) -> None:
    """A header that has its own meaning is not named in place of a missing one."""
    request = without(call(world), "Authorization", "X-TIMESTAMP")
    diagnosis = diagnose(replace(request, headers=(*request.headers, (name, "a"))), world.context)
    assert (diagnosis.main.verdict, diagnosis.main.evidence) == ("header.missing", {"header": "X-TIMESTAMP"})


def test_every_verdict_has_a_row() -> None:
    """Each verdict has a request that causes it. Those that need more than one request have their own tests."""
    need_more = {"call.external_id_repeated", "call.notification_repeated", "answer.refused"}
    made = {row[0] for row in ROWS} | {case.verdict for case in CASES.values()}
    assert made | need_more | {"client.address_not_allowed"} == set(Verdict)


def test_an_external_id_is_accepted_once_a_day(world: World) -> None:
    """After a genuine call, its replay key makes a second call with the same X-EXTERNAL-ID a repeat."""
    for request in (call(world), symmetric(world)):
        used = replace(world.context, used_replay_keys=frozenset({replay_key_of(request, world.context)}))
        diagnosis = diagnose(request, used)
        assert (diagnosis.main.verdict, diagnosis.also) == ("call.external_id_repeated", ())
        assert {message_of(diagnosis.main, language).meaning[-1] for language in LANGUAGES} == {"."}
    assert not replay_key_of(call(world, X_TIMESTAMP="noon"), world.context)
    assert not replay_key_of(notification(world, X_TIMESTAMP="noon"), world.context)
    assert not replay_key_of(call(world, X_PARTNER_ID="NOBODY", Authorization=None), world.context)


def test_a_copy_without_a_token_is_a_repeat(world: World) -> None:
    """After a genuine call without a token, its replay key makes a copy a repeat, and another body makes it new."""
    for request, told in (
        (notification(world), "call.notification_repeated"),
        (body_signed(world), "call.external_id_repeated"),
    ):
        used = replace(world.context, used_replay_keys=frozenset({replay_key_of(request, world.context)}))
        assert (diagnose(request, used).main.verdict, diagnose(request, used).also) == (told, ())
    used = replace(world.context, used_replay_keys=frozenset({replay_key_of(notification(world), world.context)}))
    assert diagnose(replace(notification(world), body=b"{}"), used).genuine


def test_a_notification_at_a_path_for_tokens_is_named(world: World) -> None:
    """The server misses the headers of a call with a token. The second finding says that the path lacks the form."""
    request = replace(notification(world), target=CALL_PATH)
    assert [each.verdict for each in diagnose(request, world.context).also] == [
        Verdict.CALL_FORM_NOT_ACCEPTED,
        Verdict.TOKEN_MISSING,
    ]
    with_partner = notification(world, X_PARTNER_ID=world.nicepay.client_key)
    others = diagnose(replace(with_partner, target=CALL_PATH), world.context)
    assert Verdict.CALL_FORM_NOT_ACCEPTED not in {each.verdict for each in others.also}


def test_the_clock_is_checked_once(world: World) -> None:
    """A timestamp outside the widest time window and the client's own one has only the verdict of the widest one."""
    timestamp = jakarta(NOON - timedelta(hours=7, seconds=100))
    request = token_request(world, X_CLIENT_KEY=STRICT, X_TIMESTAMP=timestamp)
    diagnosis = diagnose(request, world.context)
    assert (diagnosis.main.verdict, diagnosis.also) == ("clock.local_time_labelled_jakarta", ())


@pytest.mark.parametrize(
    ("make", "verdicts"),
    [
        (
            lambda w: token_request(
                w, w.sign("2026-01-22T11:50:01+07:00|IONPAYTEST"), X_TIMESTAMP="2026-01-22T11:50:01+07:00"
            ),
            ["clock.behind", "string.reversed"],
        ),
        (
            lambda w: token_request(
                w, w.sign("2026-01-22T12:00:01+07:00|IONPAYTEST", key=w.other.private_key).rstrip("=") + '"', body=b""
            ),
            ["signature.not_base64", "body.not_json"],
        ),
        (
            lambda w: token_request(w, f'"{w.sign("2026-01-22T12:00:01+07:00|IONPAYTEST", key=w.other.private_key)}"'),
            ["signature.quoted", "key.of_another_client", "string.reversed"],
        ),
        (
            lambda w: token_request(
                w, w.sign("IONPAYTEST|2026-01-22T12:00:01+07:00", key=w.other.private_key), X_CLIENT_KEY="OTHER"
            ),
            ["client.unknown", "key.of_another_client", "string.other_client"],
        ),
        (
            lambda w: symmetric(w, before="Bearer ", upper=True),
            ["call.token_with_bearer", "call.hash_upper_case"],
        ),
        (
            lambda w: call(w, w.sign("some other text"), token=w.token(age=1000)),
            ["token.expired", "string.unknown"],
        ),
        (authorized('Bearer "TOKEN"', age=901), ["token.decorated", "token.expired"]),
        (authorized("ANSWER", symmetric, SYMMETRIC, 901), ["token.whole_answer", "token.expired"]),
        (
            lambda w: authorized("Bearer {TOKEN}", symmetric, SYMMETRIC)(replace(w, token_key=Fernet.generate_key())),
            ["token.decorated", "token.tampered"],
        ),
        (
            authorized("Token TOKEN", client_key=SUSPENDED),
            ["token.scheme_wrong", "client.suspended", "string.other_client"],
        ),
    ],
)
def test_several_mistakes_are_all_found(make: Make, verdicts: list[str], world: World) -> None:
    """The main verdict is the mistake that the server refuses first. The other mistakes follow in its order."""
    diagnosis = diagnose(make(world), world.context)
    assert [diagnosis.main.verdict, *(finding.verdict for finding in diagnosis.also)] == verdicts


@pytest.mark.parametrize(
    ("signed", "also"),
    [
        (f"POST:{CALL_PATH}::{HEX}:{NOW}", []),
        (f"POST:{CALL_PATH}:{HEX}:{NOW}", ["call.part_missing"]),
        (f"POST:{CALL_PATH}::{HEX.upper()}:{NOW}", ["call.hash_upper_case"]),
        (f"POST:{CALL_PATH}:{HEX.upper()}:{NOW}", []),
    ],
)
def test_without_the_token_one_mistake_is_tried(signed: str, also: list[str], world: World) -> None:
    """If the token is missing, the client may have signed none. Strings with two mistakes would take a second."""
    signature = b64encode(digest(SECRET, signed.encode(), "sha512")).decode()
    diagnosis = diagnose(call(world, signature, X_PARTNER_ID=SYMMETRIC, Authorization=None), world.context)
    assert [diagnosis.main.verdict, *(each.verdict for each in diagnosis.also)] == ["token.missing", *also]


def test_a_secret_in_the_wrong_header_is_not_shown(world: World) -> None:
    """Of a value that is too long for a client key or a partner ID, at most 36 characters are shown."""
    secret = world.sign("a signature, or worse")
    for request in (token_request(world, X_CLIENT_KEY=secret), call(world, X_PARTNER_ID=secret)):
        diagnosis = diagnose(request, world.context)
        assert secret[:37] not in repr([finding.evidence for finding in (diagnosis.main, *diagnosis.also)])


@pytest.mark.parametrize(
    ("body", "target", "hosts"),
    [
        (b"[" * 900 + b"1," * 20_000 + b"1" + b"]" * 900, CALL_PATH, 0),
        (b"[" + b"1," * 200_000 + b"1]", CALL_PATH, 0),
        (CALL_BODY, "/a" * 20_000, 0),
        (CALL_BODY, CALL_PATH, 60),
    ],
    ids=["nested", "long", "segments", "hosts"],
)
def test_a_hostile_call_costs_no_more_than_any(body: bytes, target: str, hosts: int, world: World) -> None:
    """Deep nesting, a long body, a long path or many Host headers do not make the doctor compare more texts."""
    hostile = symmetric(world, body, target, signed_body=b"quite another body")
    copies = tuple(("Host", f"host-{place}.example") for place in range(hosts))
    comparisons = count()
    budget = VerificationBudget(is_over=lambda: next(comparisons) > MOST_COMPARISONS)
    found = diagnose(replace(hostile, headers=hostile.headers + copies), world.context, budget)
    assert "key.unknown" in {found.main.verdict, *(finding.verdict for finding in found.also)}
    assert (next(comparisons) > 0, found.cut_short) == (True, False)


def test_no_time_left_ends_the_comparison(world: World) -> None:
    """When the time is over, the doctor compares no further text, and says that it did not try everything."""
    for request in (body_signed(world, world.sign("another text")), symmetric(world, secret=b"another secret")):
        budget = VerificationBudget(is_over=lambda: True)
        diagnosis = diagnose(request, world.context, budget)
        assert (diagnosis.main.verdict in {"call.string_unknown", "key.unknown"}, diagnosis.cut_short) == (True, True)


HEADERS = ["X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "Authorization", "Host"]
ANY_TEXT = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.sampled_from(["2026-01-22T12:00:01+07:00", "IONPAYTEST", "SYMMETRIC", "QUJD" * 86, "A" * 86 + "==", "Bearer x"]),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["/api/v1.0/access-token/b2b", "/api/v1.0/transfer-va/inquiry", "/", "http://a/b?c", "*"]),
    st.lists(st.tuples(st.sampled_from(HEADERS), ANY_TEXT), max_size=9),
    st.binary(max_size=60),
)
def test_no_request_makes_the_doctor_fail(target: str, headers: list[tuple[str, str]], body: bytes) -> None:
    """Every request gets a diagnosis, and its messages contain no control character."""
    diagnosis = diagnose(Request("POST", target, tuple(headers), body), FIXED.context)
    for finding in (diagnosis.main, *diagnosis.also):
        assert all(text.isprintable() for language in LANGUAGES for text in message_of(finding, language))
