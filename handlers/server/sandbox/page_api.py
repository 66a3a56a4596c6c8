"""The API of the sandbox page: sign a request like NICEPAY, and explain a refused request.

The private key stays on the server, and the page gets only the two headers of one request. A client of this API can act
as NICEPAY in this sandbox, so the API answers only its own page. Host must be loopback, which prevents DNS rebinding.
Origin must be the same host, which excludes the pages of other sites (RFC 6454, section 7).
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
from handlers.server.sandbox.client_mistakes import Mistake, sign_token_request
from handlers.snap.client import CLIENT_KEY

LARGEST_BODY = 65_536
"""Maximum size of a request body, in bytes. A refused request of the largest size fits into it as JSON."""


class _PageRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignRequest(_PageRequest):
    """The client key of the token request to sign, and the mistake to make."""

    client_key: str = Field(pattern=f"^{CLIENT_KEY.pattern}$")
    mistake: Mistake = Mistake.NONE


class RefusedRequest(_PageRequest):
    """A refused request of the page. `target` is path and query. `lang` is the language of the explanation."""

    method: str = Field(pattern=r"^[A-Z]{1,16}$")
    target: str = Field(pattern=r"^/[!-~]{0,2047}$")
    headers: tuple[tuple[str, str], ...] = Field(max_length=limits.MOST_HEADERS)
    body: str = ""
    lang: Literal["en", "id"] = "en"


Explain = Callable[[RefusedRequest], Mapping[str, object]]
"""Returns `verdict`, `also`, `evidence` and `advice` as JSON values. It runs in a thread, because it takes time."""

_Form = TypeVar("_Form", bound=_PageRequest)


@dataclass(frozen=True, slots=True)
class SandboxApi:
    """Signs with the private key of the sandbox at the time `now()`, and explains refusals with `explain`."""

    private_key: RSAPrivateKey
    now: Callable[[], datetime]
    explain: Explain

    def routes(self) -> list[Route]:
        """The routes of this API."""
        return [
            _route("/ui/sign", SignRequest, self._sign),
            _route("/ui/explain", RefusedRequest, self.explain),
        ]

    def _sign(self, request: SignRequest) -> Mapping[str, object]:
        return asdict(sign_token_request(request.mistake, request.client_key, self.private_key, self.now()))


def _route(path: str, form: type[_Form], answer: Callable[[_Form], Mapping[str, object]]) -> Route:
    async def endpoint(request: Request) -> Response:
        if not _is_our_page(request.url.scheme, request.headers.get("host", ""), request.headers.get("origin")):
            return _refusal("only the page of this sandbox can use this API", HTTP_403_FORBIDDEN)
        try:
            form_data = form.model_validate_json(await limits.read_body(request.receive, LARGEST_BODY))
        except ValidationError as error:
            fields = {".".join(map(str, each["loc"])) or "body" for each in error.errors()}
            return _refusal(f"malformed: {', '.join(sorted(fields))}", HTTP_400_BAD_REQUEST)
        return JSONResponse(await run_in_threadpool(answer, form_data), headers={"Cache-Control": "no-store"})

    return Route(path, endpoint, methods=["POST"])


def _is_our_page(scheme: str, host: str, origin: str | None) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name) and origin == f"{scheme}://{host}"


def _refusal(error: str, status: int) -> Response:
    return JSONResponse({"error": error}, status)
