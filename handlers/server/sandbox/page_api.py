"""What the sandbox's page asks of this server: to sign as NICEPAY would, and to say why a request was refused.

The private key stays here: the page is handed two headers for the moment. Whoever can ask for them can play NICEPAY
against this sandbox, so only the page itself is answered: Host must name this machine, which a rebound name does not,
and Origin must be that very host, which it is on no other site's page (RFC 6454, section 7).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.status import HTTP_400_BAD_REQUEST, HTTP_403_FORBIDDEN

from handlers.config.addresses import is_loopback
from handlers.server.http import limits
from handlers.server.sandbox.client_mistakes import Mistake, signed
from handlers.snap.client import CLIENT_KEY

LARGEST_QUESTION = 65_536
"""Bytes: a request of the largest size, as JSON has it."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SigningOrder(_Asked):
    """Whose request is to be signed, and with which mistake."""

    client_key: str = Field(pattern=f"^{CLIENT_KEY.pattern}$")
    mistake: Mistake = Mistake.NONE


class RefusedRequest(_Asked):
    """A request as the page sent it: `target` is path and query. `lang` is the language of the advice."""

    method: str = Field(pattern=r"^[A-Z]{1,16}$")
    target: str = Field(pattern=r"^/[!-~]{0,2047}$")
    headers: tuple[tuple[str, str], ...] = Field(max_length=limits.MOST_HEADERS)
    body: str = ""
    lang: Literal["en", "id"] = "en"


Explain = Callable[[RefusedRequest], Mapping[str, object]]
"""Gives `verdict`, `also`, `evidence` and `advice` as JSON has them. It is called in a thread and may take its time."""

_Question = TypeVar("_Question", bound=_Asked)


@dataclass(frozen=True, slots=True)
class SandboxApi:
    """Signs with the sandbox's key at the time of `now`, and asks `explain` about refusals."""

    private_key: RSAPrivateKey
    now: Callable[[], datetime]
    explain: Explain

    def routes(self) -> list[Route]:
        """Where the page asks."""
        return [
            _route("/ui/sign", SigningOrder, self._sign),
            _route("/ui/explain", RefusedRequest, self.explain),
        ]

    def _sign(self, order: SigningOrder) -> Mapping[str, object]:
        return asdict(signed(order.mistake, order.client_key, self.private_key, self.now()))


def _route(path: str, form: type[_Question], answer: Callable[[_Question], Mapping[str, object]]) -> Route:
    async def endpoint(request: Request) -> Response:
        if not _is_our_page(request.headers.get("host", ""), request.headers.get("origin")):
            return _refusal("only the page of this sandbox may ask", HTTP_403_FORBIDDEN)
        try:
            question = form.model_validate_json(await limits.read_body(request.receive, LARGEST_QUESTION))
        except ValidationError as error:
            fields = {".".join(map(str, each["loc"])) or "body" for each in error.errors()}
            return _refusal(f"malformed: {', '.join(sorted(fields))}", HTTP_400_BAD_REQUEST)
        return JSONResponse(await run_in_threadpool(answer, question), headers={"Cache-Control": "no-store"})

    return Route(path, endpoint, methods=["POST"])


def _is_our_page(host: str, origin: str | None) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name) and origin == f"http://{host}"


def _refusal(error: str, status: int) -> Response:
    return JSONResponse({"error": error}, status)
