"""The options of `check --call`, and the caller that they describe."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields

import httpx
from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import read_body, read_secret
from handlers.cli.simulator.call_options import Symmetric, require_used, signature_option
from handlers.cli.simulator.options import SecretFile
from handlers.judge.caller import WITH_TOKEN, Caller, Endpoint, SignedForm
from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import token_issued
from handlers.judge.signer import Signer
from handlers.snap.call_form import CallForm

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
_EMPTY_OBJECT = "{}"
_METHOD = re.compile(r"[A-Z]{1,16}")
_SERVICE_CODE = re.compile(r"[0-9]{2}")
_HEADER_VALUE = re.compile(r"[!-~]{1,2048}")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class JudgedCall:
    """The calls of --call.

    Attributes:
        form: With --call: the form of call. Default: token.
        symmetric: With --call: sign a call with a token with the client secret (HMAC-SHA512), or with the private key
            (SHA256withRSA). Default: --asymmetric.
        client_secret_file: With --symmetric: the file of the client secret.
        partner_id: With --call: the value of X-PARTNER-ID. Default: the client key.
        channel_id: With --call: the value of CHANNEL-ID. Default: no such header.
        method: With --call: the HTTP method. Default: POST.
        body: With --call: the file of a body that your service answers with 2xx. Use - for standard input. Default: {}.
        service_code: With --call: the service code in the response codes, two digits. Default: any.
    """

    form: CallForm | None = None
    symmetric: Symmetric = None
    client_secret_file: SecretFile = None
    partner_id: str | None = None
    channel_id: str | None = None
    method: str | None = None
    body: SecretFile = None
    service_code: str | None = None

    @property
    def signed_form(self) -> SignedForm:
        """The form, in which a call with a token has one of two signatures."""
        form = self.form or "token"
        if form == "token":
            return "symmetric" if self.symmetric else "asymmetric"
        return form

    def require_call(self) -> None:
        """Check that no option is given. All of them belong to --call.

        Raises:
            UsageError: it names the first option that is given.
        """
        given = [each.name for each in fields(self) if getattr(self, each.name) is not None]
        if given:
            name = given[0] if self.symmetric is not False or given[0] != "symmetric" else "asymmetric"
            message = f"--{name.replace('_', '-')} belongs to --call; add --call, or leave it out"
            raise UsageError(message)

    def require_usable(self) -> None:
        """Check that the options go together, and that requests can carry their values.

        Raises:
            UsageError: it names the option that is wrong.
        """
        given = {
            "--client-secret-file": self.client_secret_file,
            "--partner-id": self.partner_id,
            "--channel-id": self.channel_id,
            **signature_option(symmetric=self.symmetric),
        }
        require_used(self.form or "token", given)
        if bool(self.symmetric) != bool(self.client_secret_file):
            message = "--symmetric and --client-secret-file belong together; give both or none"
            raise UsageError(message)
        self._require_format("--method", self.method, _METHOD, "1 to 16 capital letters")
        self._require_format("--service-code", self.service_code, _SERVICE_CODE, "two digits")
        self._require_format("--partner-id", self.partner_id, _HEADER_VALUE, "visible ASCII characters")
        self._require_format("--channel-id", self.channel_id, _HEADER_VALUE, "visible ASCII characters")

    @staticmethod
    def _require_format(option: str, value: str | None, expected: re.Pattern[str], description: str) -> None:
        if value is not None and not expected.fullmatch(value):
            message = f"{option} must have {description}"
            raise UsageError(message)

    def caller(self, signer: Signer, target: httpx.URL) -> Caller:
        """Return the caller, which has no token yet.

        Raises:
            UsageError: the secret or the body cannot be read.
        """
        method = self.method or "POST"
        body = read_body(self.body) if self.body else "" if method in _BODILESS else _EMPTY_OBJECT
        return Caller(
            form=self.signed_form,
            signer=signer,
            endpoint=Endpoint(target.raw_path.decode("ascii"), method, body.encode()),
            partner_id=self.partner_id or signer.client_key,
            channel_id=self.channel_id or "",
            client_secret=read_secret(self.client_secret_file).encode() if self.client_secret_file else b"",
        )

    @property
    def needs_token(self) -> bool:
        """Whether the calls have a token."""
        return self.signed_form in WITH_TOKEN


def issued_token(signer: Signer, send: Callable[[Request], Answer]) -> str:
    """Request a token as NICEPAY does, and return it.

    Raises:
        UsageError: the token endpoint issues none, or one that a header cannot carry.
    """
    answer = send(signer.valid_request())
    deviation = token_issued(answer)
    if not deviation and not _HEADER_VALUE.fullmatch(answer.token):
        deviation = "the token has characters that a header cannot carry"
    if deviation:
        advice = "check the URL of the token endpoint, --client-key and --private-key"
        message = f"there is no token for the calls: {deviation}; {advice}"
        raise UsageError(message)
    return answer.token
