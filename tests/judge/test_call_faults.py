"""The judge of protected endpoints, with endpoints that have one fault each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache

import pytest

from handlers.judge.caller import Caller, SignedForm
from handlers.judge.exchange import Request as Call
from handlers.judge.scenarios.calls import GENUINE, call_scenarios
from handlers.services import Services
from handlers.snap.clients import Clients
from handlers.state.memory import MemoryState
from tests.judge.endpoint import BODY, FORMS, OTHER_URI, URI, JudgedEndpoint, judged_endpoint
from tests.judge.faulty import Answer, Condition, Fault, Request, Server, alters, refusal
from tests.nicepay import Nicepay, new_key

TOKEN_FORMS = {"asymmetric", "symmetric"}
COVERING = {"symmetric", "body-signed"}

Endpoints = Callable[[SignedForm], JudgedEndpoint]


@pytest.fixture(scope="module")
def endpoints(nicepay: Nicepay, stranger: Nicepay) -> Iterator[Endpoints]:
    with ExitStack() as stack:
        yield cache(lambda form: stack.enter_context(judged_endpoint(form, nicepay, stranger)))


@pytest.mark.parametrize("form", FORMS)
def test_an_endpoint_of_the_product_passes(endpoints: Endpoints, form: SignedForm) -> None:
    """An endpoint behind this project's server passes every scenario, and only the genuine calls reach the service."""
    endpoint = endpoints(form)
    assert [result for result in endpoint.judge() if result.outcome != "passed"] == []
    assert endpoint.gate.served == GENUINE


async def _passes_all(_request: Request, _server: Server) -> Answer:
    return Answer(200, {}, b"")


def _repaired(repair: Callable[[Request], Request]) -> Fault:
    """A fault that judges another request than the one that came."""

    async def fault(request: Request, server: Server) -> Answer:
        return await server(repair(request))

    return fault


def _as_if_it_had(name: str, value: str) -> Callable[[Request], Request]:
    def repair(request: Request) -> Request:
        return request if request.header(name) else replace(request, headers=(*request.headers, (name, value)))

    return repair


def _body_not_hashed(_endpoint: JudgedEndpoint) -> Fault:
    return _repaired(lambda request: replace(request, body=BODY))


def _path_not_checked(_endpoint: JudgedEndpoint) -> Fault:
    async def fault(request: Request, server: Server) -> Answer:
        answer = await server(request)
        other = await server(replace(request, path=OTHER_URI))
        return other if other.status == 200 else answer

    return fault


def _token_optional(endpoint: JudgedEndpoint) -> Fault:
    return _repaired(_as_if_it_had("authorization", f"Bearer {endpoint.caller.token}"))


def _forged_accepted(_endpoint: JudgedEndpoint) -> Fault:
    def is_about_signature(_request: Request, answer: Answer) -> bool:
        return answer.status == 401 and answer.members["responseMessage"].endswith("X-SIGNATURE")

    return alters(lambda _answer: Answer(200, {}, b""), is_about_signature)


SIGNATURE_FAULTS = {"another_key", "flipped_bit", "another_form", "another_second"}


@pytest.mark.parametrize(
    ("forms", "fault", "found"),
    [
        (COVERING, _body_not_hashed, {"another_body"}),
        (COVERING, _path_not_checked, {"another_path"}),
        (TOKEN_FORMS, _token_optional, {"without_token"}),
        (TOKEN_FORMS, _forged_accepted, SIGNATURE_FAULTS),
        ({"notification", "body-signed"}, _forged_accepted, SIGNATURE_FAULTS | {"another_client"}),
    ],
    ids=["body not hashed", "path not checked", "token optional", "forged accepted", "forged accepted, no token"],
)
def test_a_fault_of_the_check_is_found(
    endpoints: Endpoints, forms: set[SignedForm], fault: Callable[[JudgedEndpoint], Fault], found: set[str]
) -> None:
    """An endpoint that does not check one part of a call fails the scenarios of that part."""
    covered = {"another_path", "another_method", "another_body", "replayed_with_another_body"}
    for form in sorted(forms):
        endpoint = endpoints(form)
        failed = endpoint.failed_scenarios(fault(endpoint))
        also = covered if fault is _forged_accepted and form in COVERING else set()
        assert found <= failed <= found | also


def _forgetful(services: Services) -> Services:
    class Forgetful(MemoryState):
        async def first_seen(self, *_arguments: object) -> None:
            return None

    return replace(services, state=Forgetful())


def _tolerant(services: Services) -> Services:
    (client,) = services.clients
    wide = replace(client, clock_tolerance=client.clock_tolerance * 24)
    (key,) = client.public_keys
    return replace(services, clients=Clients([wide], lambda _key: key))


@pytest.mark.parametrize("form", FORMS)
def test_an_accepted_replay_is_found(endpoints: Endpoints, form: SignedForm) -> None:
    """An endpoint that remembers no call fails the scenarios of replays."""
    repeats = {"replayed", "external_id_reused"} if form != "notification" else {"replayed"}
    unsigned_body = {"replayed_with_another_body"} if form == "asymmetric" else set()
    assert endpoints(form).failed_scenarios(change=_forgetful) == repeats | unsigned_body


@pytest.mark.parametrize("form", FORMS)
def test_a_stale_call_that_is_accepted_is_found(endpoints: Endpoints, form: SignedForm) -> None:
    """An endpoint with a time window of two hours fails the scenarios of time."""
    assert endpoints(form).failed_scenarios(change=_tolerant) == {"stale", "future"}


@pytest.mark.parametrize("form", FORMS)
def test_an_endpoint_that_refuses_nothing_fails_every_attack(endpoints: Endpoints, form: SignedForm) -> None:
    """If every call passes, every scenario of a refusal fails, apart from those of the refusal's code and body."""
    names = {scenario.name.partition(".")[2] for scenario in endpoints(form).scenarios}
    attacks = {name for name in names if not (name.endswith("_code") or name.startswith("answer_"))}
    assert endpoints(form).failed_scenarios(_passes_all) == attacks - {"served", "survived"}


@pytest.mark.parametrize("form", FORMS)
def test_an_endpoint_that_refuses_everything_is_not_judged(endpoints: Endpoints, form: SignedForm) -> None:
    """If the genuine call is refused, the first scenario fails and no other one runs."""

    async def refuses_all(_request: Request, _server: Server) -> Answer:
        return refusal("4012500", "Unauthorized. X-SIGNATURE")

    first, *others = endpoints(form).judge(refuses_all)
    expected = "expected HTTP 2xx of your service, got HTTP 401, 4012500 Unauthorized. X-SIGNATURE"
    assert (first.scenario.name, first.found) == ("call.served", expected)
    assert {(result.outcome, result.found) for result in others} == {
        ("skipped", "not run: the genuine call was not served")
    }


def _sent(calls: Sequence[Call]) -> Condition:
    """Whether the request is one of these calls."""
    shapes = {(tuple((name.lower(), value) for name, value in call.headers), call.body) for call in calls}
    names = {name for headers, _ in shapes for name, _ in headers}

    def when(request: Request) -> bool:
        own = tuple((name, value) for name, value in request.headers if name in names)
        return (own, request.body) in shapes

    return when


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_answer_to_one_attack_is_found_by_its_scenario_alone(endpoints: Endpoints, form: SignedForm) -> None:
    """An endpoint that passes one kind of call, or refuses it with another code, fails the scenario for it alone."""
    endpoint = endpoints(form)
    names = [scenario.name.partition(".")[2] for scenario in endpoint.scenarios]
    for name in (each for each in names if f"{each}_code" in names and each != "replayed"):
        is_attack = _sent(endpoint.calls_of(name))

        async def passes(request: Request, server: Server, attacked: Condition = is_attack) -> Answer:
            return Answer(200, {}, b"") if attacked(request) else await server(request)

        async def misnames(request: Request, server: Server, attacked: Condition = is_attack) -> Answer:
            return refusal("4022599", "Refused") if attacked(request) else await server(request)

        assert endpoint.failed_scenarios(passes) == {name}
        assert endpoint.failed_scenarios(misnames) == {f"{name}_code"}


def _has_status(status: int) -> Callable[[Request, Answer], bool]:
    return lambda _request, answer: answer.status == status


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda answer: answer.member(responseCode="4090000"), {"replayed_code"}),
        (lambda answer: answer.member(responseCode="409 25 00"), {"replayed_code"}),
    ],
)
def test_another_code_of_a_replay_is_found(
    endpoints: Endpoints, change: Callable[[Answer], Answer], found: set[str]
) -> None:
    """The code of a refusal is HTTP status, service code of the endpoint, and case code."""
    assert endpoints("notification").failed_scenarios(alters(change, _has_status(409))) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda answer: answer.member(responseCode=int(answer.members["responseCode"])), "answer_code_is_text"),
        (lambda answer: answer.member(responseMessage=""), "answer_message"),
        (lambda answer: answer.member(responseMessage="x" * 151), "answer_message"),
        (lambda answer: answer.header("content-type", "text/html"), "answer_media_type"),
        (lambda answer: answer.without("x-timestamp"), "answer_timestamp_header"),
    ],
)
def test_a_refusal_in_another_form_is_found(
    endpoints: Endpoints, change: Callable[[Answer], Answer], found: str
) -> None:
    """A refusal whose body or headers differ from the sources fails the scenario for it alone."""
    fault = alters(change, lambda _request, answer: answer.status >= 400)
    assert endpoints("body-signed").failed_scenarios(fault) == {found}


def test_an_endpoint_that_locks_the_client_out_is_found(endpoints: Endpoints) -> None:
    """An endpoint that refuses the client after a forged call fails the last scenario."""
    locked = False

    async def fault(request: Request, server: Server) -> Answer:
        nonlocal locked
        answer = await server(request)
        locked = locked or answer.status == 401
        return refusal("4032500", "Forbidden") if answer.status == 200 and locked else answer

    assert endpoints("notification").failed_scenarios(fault) == {"survived"}


@pytest.mark.parametrize("form", FORMS)
def test_the_signed_path_stays_in_its_service(endpoints: Endpoints, form: SignedForm) -> None:
    """Every call is sent to the judged path, and no scenario has a name of another form."""
    endpoint = endpoints(form)
    signer = endpoint.caller.signer
    assert {call.path_suffix for scenario in endpoint.scenarios for call in scenario.requests(signer)} == {""}
    assert endpoint.caller.endpoint.uri == URI
    names = {scenario.name for scenario in call_scenarios(endpoint.caller)}
    assert ("call.another_body" in names) == (form in COVERING)
    assert ("call.without_token" in names) == (form in TOKEN_FORMS)


def test_repr_shows_no_secret(nicepay: Nicepay, endpoints: Endpoints) -> None:
    """`repr` of a caller shows neither keys, nor token, nor client secret."""
    caller = endpoints("symmetric").caller
    shown = repr(replace(caller, signer=replace(caller.signer, private_key=new_key(1024))))
    assert caller.token not in shown
    assert "secret" not in shown.replace("client_secret", "")
    assert isinstance(caller, Caller)
    assert nicepay.client_key in shown
