"""A running server with both listeners, and what a generated client does there: its plan and its report."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.document import TOKEN_PATH
from tests.e2e.process import COMMAND, running
from tests.e2e.stage import INQUIRY, SERVICES, symmetric
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay, jakarta

CALL_BODY = '{"payNo":"Jl. Thamrin é","amount":10000.00}'
_CLIENT_SECRET = "made-up-for-this-test-and-used-nowhere-else"
_INTERNAL_SECRET = "known-to-the-callers-and-this-server"
_TABLES = f"""{SERVICES}
[server]
port = 0
[internal]
port = 0
secret_file = "internal.secret"
"""
_SYMMETRIC = """
call_signature = "symmetric"
client_secret_file = "client.secret"
"""


@dataclass(frozen=True)
class Merchant:
    """The base URLs of both listeners, and the client that calls them."""

    public: str
    internal: str
    nicepay: Nicepay

    def plan(self) -> dict[str, Any]:
        """What a caller needs: URLs, secret, a signed token request, and a signed call with a token of its own."""
        now = datetime.now(UTC)
        return {
            "public": self.public,
            "internal": self.internal,
            "secret": _INTERNAL_SECRET,
            "token": self._request(jakarta(now)),
            "call": self._call(jakarta(now - timedelta(seconds=1))),
        }

    def report(self) -> dict[str, Any]:
        """What a caller prints after these steps: what its generated code parsed."""
        key = self.nicepay.client_key
        return {
            "token": {"responseCode": "2007300", "tokenType": "Bearer", "expiresIn": "900"},
            "refusal": {"responseCode": "4017300", "responseMessage": "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"},
            "active": {"active": True, "client_id": key, "token_type": "Bearer"},
            "genuine": {"status": 200, "X-Client-Key": key, "X-External-Id": "ordNo1"},
            "forged": {"responseCode": "4019100", "responseMessage": "Unauthorized. X-SIGNATURE"},
            "repeated": {"responseCode": "4099100", "responseMessage": "Conflict"},
            "active after its revocation": False,
            "active after its client's revocation": False,
        }

    def _request(self, timestamp: str) -> dict[str, str]:
        headers = self.nicepay.headers(timestamp)
        return {
            "timestamp": timestamp,
            "clientKey": headers["X-CLIENT-KEY"],
            "signature": headers["X-SIGNATURE"],
            "forgedSignature": self.nicepay.signature("another timestamp"),
        }

    def _call(self, timestamp: str) -> dict[str, str]:
        answer = httpx.post(
            self.public + TOKEN_PATH, headers=self.nicepay.headers(timestamp), content=BODY, trust_env=False
        )
        token = answer.json()["accessToken"]
        return {
            "method": "POST",
            "uri": INQUIRY,
            "token": token,
            "timestamp": timestamp,
            "partnerId": self.nicepay.client_key,
            "externalId": "ordNo1",
            "signature": symmetric(_CLIENT_SECRET)(INQUIRY, token, CALL_BODY.encode(), timestamp),
            "body": CALL_BODY,
        }


@contextmanager
def serving(folder: Path, nicepay: Nicepay) -> Iterator[Merchant]:
    """Run a server until the block ends. Its client signs calls symmetrically, so the server notices a lost body."""
    for name, secret in (("client.secret", _CLIENT_SECRET), ("internal.secret", _INTERNAL_SECRET)):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    settings = write_settings(folder, nicepay, extra=_TABLES)
    with settings.open("a") as text:  # The client's table is the last.
        text.write(_SYMMETRIC)
    with running(COMMAND, "serve", "--config", settings) as server:
        public = server.err.event("server.listening")["endpoint"].removesuffix(TOKEN_PATH)
        internal = server.err.event("internal.listening")["endpoint"].removesuffix("/authorize")
        yield Merchant(public, internal, nicepay)
