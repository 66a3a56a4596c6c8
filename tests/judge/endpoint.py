"""A merchant's protected endpoint with one planted fault: a proxy that asks this project's server, and a service."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.config.tables import Internal
from handlers.judge.caller import Caller, Endpoint, SignedForm
from handlers.judge.exchange import Request as Call
from handlers.judge.scenario import Scenario
from handlers.judge.scenario_runner import ScenarioResult, run
from handlers.judge.scenarios.calls import SKIPPED, call_scenarios
from handlers.judge.sender import Sender, open_client
from handlers.judge.signer import Signer
from handlers.judge.throttle import Throttle
from handlers.server.openapi.application import application, internal_api
from handlers.services import Services
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.particulars import Particulars
from handlers.snap.service import Service
from handlers.state.memory import MemoryState
from tests.calls import PARTNER, SECRET, services
from tests.fuzz.planted import served
from tests.judge.faulty import Answer, Fault, FaultyServer, Request, answer_of, body_of, none
from tests.judge.presigned import with_presigned_requests
from tests.merchant import NOON, Clock
from tests.nicepay import CLIENT_KEY, Nicepay

URI = "/api/v1.0/transfer-va/payment"
OTHER_URI = f"{URI}-of-another-service"
BODY = b'{ "arbitrary": "1 2" }'
CODE = "25"
PINNED = Particulars(channel_id="95231", origin="bank.example")
FORMS: tuple[SignedForm, ...] = ("asymmetric", "symmetric", "notification", "body-signed")
AT_ONCE = 1_000_000

Change = Callable[[Services], Services]

_ACCEPTED: dict[SignedForm, CallForm] = {
    "asymmetric": "token",
    "symmetric": "token",
    "notification": "notification",
    "body-signed": "body-signed",
}


@dataclass
class Gate:
    """The proxy and the service: it answers 200 to a call that the server finds genuine, and relays any refusal."""

    app: ASGIApp
    served: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        asked = (*headers, ("x-original-method", scope["method"]), ("x-original-uri", scope["path"]))
        answer = await answer_of(self.app, scope, Request("POST", "/authorize", asked, await body_of(receive)))
        if answer.status == 200:
            self.served += 1
            answer = Answer(200, {"content-type": "text/plain"}, b"the service's own answer")
        pairs = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
        await send({"type": "http.response.body", "body": answer.body})


@dataclass
class JudgedEndpoint:
    """An endpoint that accepts one form. Each run of the judge begins with an empty state store."""

    caller: Caller
    services: Services
    client: httpx.Client
    current: Services = field(init=False)
    gate: Gate = field(init=False)
    faulty: FaultyServer = field(init=False)
    url: httpx.URL = field(init=False)
    scenarios: list[Scenario] = field(init=False)

    def __post_init__(self) -> None:
        self.current = self.services
        internal = Internal.model_validate({})
        self.gate = Gate(application(internal_api(internal, lambda: self.current), lambda: self.current))
        self.faulty = FaultyServer(self.gate)
        self.scenarios = with_presigned_requests(call_scenarios(self.caller, CODE), self.caller.signer)

    def calls_of(self, name: str) -> Sequence[Call]:
        """The calls that a scenario sends."""
        (scenario,) = (each for each in self.scenarios if each.name == f"call.{name}")
        return scenario.requests(self.caller.signer)

    def judge(self, fault: Fault = none, change: Change = lambda services: services) -> list[ScenarioResult]:
        """Judge the endpoint with this fault, and with changed services of the server behind it."""
        self.faulty.fault, self.gate.served = fault, 0
        self.current = change(replace(self.services, state=MemoryState()))
        sender = Sender(self.client, self.url, Clock(), Throttle(AT_ONCE))
        return list(run(self.scenarios, self.caller.signer, sender.send, SKIPPED))

    def failed_scenarios(self, fault: Fault = none, change: Change = lambda services: services) -> set[str]:
        """The names of the scenarios that failed, without their group."""
        results = self.judge(fault, change)
        return {result.scenario.name.partition(".")[2] for result in results if result.outcome == "failed"}


def _services_of(form: SignedForm, nicepay: Nicepay, notifier: Nicepay) -> Services:
    plain = services(nicepay)
    key, notification_key = (each.private_key.public_key() for each in (nicepay, notifier))
    accepted = _ACCEPTED[form]
    client = Client(
        CLIENT_KEY,
        (key,),
        timedelta(seconds=300),
        partner_ids=(PARTNER,),
        client_secret=SECRET if form == "symmetric" else None,
        notification_keys=(notification_key,),
        particulars=PINNED,
    )
    service = Service(CODE, forms=(accepted,))
    return replace(
        plain, clients=Clients([client], lambda _key: key), called_services={URI: service, OTHER_URI: service}
    )


@contextmanager
def judged_endpoint(form: SignedForm, nicepay: Nicepay, stranger: Nicepay) -> Iterator[JudgedEndpoint]:
    """Serve an endpoint that accepts this form, until the block ends."""
    notifier = Nicepay()
    own = notifier if form == "notification" else nicepay
    signer = Signer(CLIENT_KEY, own.private_key, stranger.private_key, Clock())
    used = _services_of(form, nicepay, notifier)
    token = used.token_keys.issue(CLIENT_KEY, NOON) if form in {"asymmetric", "symmetric"} else ""
    caller = Caller(form, signer, Endpoint(URI, "POST", BODY), PARTNER, "", token, SECRET, PINNED)
    with open_client("test") as client:
        endpoint = JudgedEndpoint(caller, used, client)
        with served(endpoint.faulty) as origin:
            endpoint.url = httpx.URL(origin + URI)
            yield endpoint
