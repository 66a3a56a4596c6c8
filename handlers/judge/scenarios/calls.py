"""Scenarios for a protected endpoint of the merchant, in one form of call."""

from collections.abc import Callable, Iterator, Sequence

from handlers.judge.call_expectations import if_refused, refused, response_code, served
from handlers.judge.caller import EXTERNAL_ID, Caller, another_body
from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import header_is, member_is
from handlers.judge.scenario import ASPI_STANDARD, DOCUMENT, Expectation, Requests, Scenario, Severity, each
from handlers.judge.scenarios.attack import WITH_EXTERNAL_ID, Attack
from handlers.judge.scenarios.call_attacks import ATTACKS

GENUINE = 2
"""The calls that reach the service behind an endpoint without a fault: the first one and the last one."""

SKIPPED = "not run: the genuine call was not served"

_LONGEST_MESSAGE = 150
_CODES = "ASPI, responseCode and response codes"
_REPEATS = f"ASPI, X-EXTERNAL-ID: unique within a day; {DOCUMENT}, Conflict"
_CONFLICT = ("409xx00", "409xx01")


def call_scenarios(caller: Caller, service_code: str = "") -> tuple[Scenario, ...]:
    """Return the scenarios for the form of this caller. Without `service_code`, any two digits are accepted.

    The first scenario sends a genuine call. If it fails, the others do not run.
    """
    return (
        *_first(caller, service_code),
        *(
            scenario
            for attack in ATTACKS
            if attack.applies_to(caller)
            for scenario in _of(attack, caller, service_code)
        ),
        *_answers(caller),
        _scenario(
            "survived",
            Severity.MAJOR,
            DOCUMENT,
            "After all these calls a genuine call is served, because no refusal may lock the client out.",
            _by(caller, lambda each: [each.genuine_call()]),
            each(served),
        ),
    )


def _scenario(  # noqa: PLR0913, PLR0917  a row of the table
    name: str,
    severity: Severity,
    source: str,
    rule: str,
    requests: Requests,
    evaluate: Callable[[Sequence[Answer]], str],
) -> Scenario:
    return Scenario(f"call.{name}", severity, rule, source, requests, evaluate)


def _by(caller: Caller, make: Callable[[Caller], Sequence[Request]]) -> Requests:
    return lambda _signer: make(caller)


def _first(caller: Caller, service_code: str) -> Iterator[Scenario]:
    """The genuine call and its repeats. All of them share their answers, so one genuine call is sent."""
    requests = _by(caller, _repeats)

    def row(name: str, severity: Severity, source: str, rule: str, *expected: Expectation, at: int = 1) -> Scenario:
        return _scenario(name, severity, source, rule, requests, lambda answers: each(*expected)(answers[at : at + 1]))

    rule = "A genuine call reaches your service, because otherwise nobody can pay."
    yield row("served", Severity.CRITICAL, "NICEPAY and ASPI, transactions", rule, served, at=0)
    rule = "A copy of a call is refused, because everybody who recorded the call could repeat the payment."
    yield row("replayed", Severity.CRITICAL, _REPEATS, rule, refused)
    rule = f"A copy of a call is refused with {_CONFLICT[0]}, so that the caller knows that the call came before."
    yield row("replayed_code", Severity.MAJOR, _CODES, rule, response_code(service_code, *_CONFLICT))
    if caller.form in WITH_EXTERNAL_ID:
        rule = "A call with a new signature and a used X-EXTERNAL-ID is refused, because the ID is unique within a day."
        yield row("external_id_reused", Severity.CRITICAL, _REPEATS, rule, refused, at=2)
        rule = "A copy of a call with another body is refused, because the ID is unique and the body may be signed."
        yield row("replayed_with_another_body", Severity.CRITICAL, _REPEATS, rule, refused, at=3)


def _repeats(caller: Caller) -> Sequence[Request]:
    first = caller.genuine_call()
    external_id = dict(first.headers).get(EXTERNAL_ID)
    if external_id is None:
        return [first, first]
    with_new_time = caller.signed(caller.call(), external_id)
    return [first, first, with_new_time, first.with_body(another_body(first.body))]


def _of(attack: Attack, caller: Caller, service_code: str) -> Iterator[Scenario]:
    requests = _by(caller, attack.requests)
    rule = f"{attack.subject} is refused, because {attack.reason}."
    yield _scenario(attack.name, attack.severity, attack.source, rule, requests, each(refused))
    codes = " or ".join(attack.codes)
    rule = f"{attack.subject} is refused with {codes}, so that the caller learns what to correct."
    expected = response_code(service_code, *attack.codes)
    yield _scenario(f"{attack.name}_code", Severity.MAJOR, _CODES, rule, requests, each(expected))


def _answers(caller: Caller) -> Iterator[Scenario]:
    """The form of a refusal. A service may add members to the body of SNAP."""
    requests = _by(caller, next(attack.requests for attack in ATTACKS if attack.name == "another_key"))

    def row(name: str, severity: Severity, source: str, rule: str, expected: Expectation) -> Scenario:
        return _scenario(f"answer_{name}", severity, source, rule, requests, each(if_refused(expected)))

    rule = "responseCode of a refusal is a JSON string, because typed clients fail on a number."
    text = member_is("responseCode", lambda value: isinstance(value, str), "a string")
    yield row("code_is_text", Severity.MAJOR, "ASPI, response body", rule, text)
    rule = f"responseMessage of a refusal has 1 to {_LONGEST_MESSAGE} characters, because ASPI's field holds no more."
    message = member_is("responseMessage", _is_message, f"1 to {_LONGEST_MESSAGE} characters")
    yield row("message", Severity.MINOR, "ASPI, response body", rule, message)
    rule = "The Content-Type of a refusal is application/json, because clients choose their parser by it."
    yield row("media_type", Severity.MINOR, "ASPI, response headers", rule, header_is("Content-Type", _is_json, "JSON"))
    rule = "A refusal carries X-TIMESTAMP, because ASPI makes it mandatory."
    yield row("timestamp_header", Severity.MINOR, ASPI_STANDARD, rule, header_is("X-TIMESTAMP", bool, "a time"))


def _is_message(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_MESSAGE


def _is_json(value: str) -> bool:
    return value.partition(";")[0].strip().lower() == "application/json"
