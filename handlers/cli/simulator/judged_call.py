"""The options of `check --call`, and the caller that they describe."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path

import httpx
from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import read_body, read_secret
from handlers.cli.settings_file import load_settings
from handlers.cli.simulator.acquirer import Acquirer
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
_SECONDS = re.compile(r"[0-9]{1,9}")
_HEADER_VALUE = re.compile(r"[!-~]{1,2048}")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class JudgedCall:
    """The calls of --call.

    Attributes:
        config: With --call: the settings file of the server behind the endpoint. It gives the defaults of the other
            options, and the particulars of the client: a preset, the text to sign, and pinned headers.
        form: With --call: the form of call. Default: the form of the service in the settings, else token.
        symmetric: With --call: sign a call with a token with the client secret (HMAC-SHA512), or with the private key
            (SHA256withRSA). Default: the form in the settings of the client, else --asymmetric.
        client_secret_file: With --symmetric: the file of the client secret. Default: the file in the settings of the
            client.
        partner_id: With --call: the value of X-PARTNER-ID. Default: the partner ID in the settings, else the client
            key.
        channel_id: With --call: the value of CHANNEL-ID. Default: the channel ID in the settings, else no such header.
        method: With --call: the HTTP method. Default: POST.
        body: With --call: the file of a body that your service answers with 2xx. Use - for standard input. Default: {}.
        service_code: With --call: the service code in the response codes, two digits. Default: the one in the
            settings, else any.
    """

    config: Path | None = None
    form: CallForm | None = None
    symmetric: Symmetric = None
    client_secret_file: SecretFile = None
    partner_id: str | None = None
    channel_id: str | None = None
    method: str | None = None
    body: SecretFile = None
    service_code: str | None = None

    def acquirer(self, client_key: str, target: httpx.URL) -> Acquirer:
        """What the settings say about the calls of this client to this endpoint.

        Raises:
            UsageError: the settings have mistakes.
        """
        settings = load_settings(self.config) if self.config else None
        return Acquirer.of(settings, client_key, target.raw_path.decode("ascii"))

    def signed_form(self, acquirer: Acquirer) -> SignedForm:
        """The form, in which a call with a token has one of two signatures."""
        form = self.form or acquirer.form
        if form == "token":
            by_secret = acquirer.is_symmetric if self.symmetric is None else self.symmetric
            return "symmetric" if by_secret else "asymmetric"
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

    def require_usable(self, acquirer: Acquirer) -> None:
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
        by_secret = acquirer.particulars.empty_token_slot
        require_used(self.form or acquirer.form, given, signs_with_secret=by_secret)
        self._require_secret(acquirer)
        self._require_format("--method", self.method, _METHOD, "1 to 16 capital letters")
        self._require_format("--service-code", self.service_code, _SERVICE_CODE, "two digits")
        self._require_format("--partner-id", self.partner_id, _HEADER_VALUE, "visible ASCII characters")
        self._require_format("--channel-id", self.channel_id, _HEADER_VALUE, "visible ASCII characters")

    def _require_secret(self, acquirer: Acquirer) -> None:
        form = self.signed_form(acquirer)
        is_needed = form == "symmetric" or (form == "body-signed" and acquirer.particulars.empty_token_slot)
        is_missing = is_needed and not acquirer.secret
        if (is_missing and not self.client_secret_file) or (self.client_secret_file and not is_needed):
            message = "--symmetric and --client-secret-file belong together; give both or none"
            raise UsageError(message)

    @staticmethod
    def _require_format(option: str, value: str | None, expected: re.Pattern[str], description: str) -> None:
        if value is not None and not expected.fullmatch(value):
            message = f"{option} must have {description}"
            raise UsageError(message)

    def caller(self, signer: Signer, target: httpx.URL, acquirer: Acquirer) -> Caller:
        """Return the caller, which has no token yet.

        Raises:
            UsageError: the secret or the body cannot be read.
        """
        method = self.method or "POST"
        body = read_body(self.body) if self.body else "" if method in _BODILESS else _EMPTY_OBJECT
        secret = read_secret(self.client_secret_file).encode() if self.client_secret_file else acquirer.secret
        return Caller(
            form=self.signed_form(acquirer),
            signer=signer,
            endpoint=Endpoint(target.raw_path.decode("ascii"), method, body.encode(), acquirer.service),
            partner_id=self.partner_id or acquirer.partner_id,
            channel_id=self.channel_id or "",
            client_secret=secret or b"",
            particulars=acquirer.particulars,
        )

    def needs_token(self, acquirer: Acquirer) -> bool:
        """Whether the calls have a token."""
        return self.signed_form(acquirer) in WITH_TOKEN


def issued_token(signer: Signer, send: Callable[[Request], Answer], seconds: float) -> str:
    """Request a token as NICEPAY does, and return it. The calls need it for this many seconds.

    Raises:
        UsageError: the token endpoint issues none, or one that a header cannot carry, or one that expires too early.
    """
    answer = send(signer.valid_request())
    deviation = token_issued(answer)
    if not deviation and not _HEADER_VALUE.fullmatch(answer.token):
        deviation = "the token has characters that a header cannot carry"
    if deviation:
        advice = "check the URL of the token endpoint, --client-key and --private-key"
        message = f"there is no token for the calls: {deviation}; {advice}"
        raise UsageError(message)
    if (expires_in := _expires_in(answer)) < seconds:
        message = f"the calls take {seconds:.0f} s, but the token expires after {expires_in:.0f} s; raise --per-second"
        raise UsageError(message)
    return answer.token


def _expires_in(answer: Answer) -> float:
    """The lifetime of the token in seconds. Infinite, if the answer does not say it in digits."""
    value = str(answer.members.get("expiresIn"))
    return int(value) if _SECONDS.fullmatch(value) else inf
