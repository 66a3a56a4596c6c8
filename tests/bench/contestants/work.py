"""The work of a token request, written by hand for the contestants that are not complete products."""

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.bench.contestants import place

TIMESTAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$"
CLIENT_KEY = r"^[!-~]{1,36}$"
SIGNATURE = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
MALFORMED = (400, b'{"responseCode":"4007301","responseMessage":"Invalid Field Format"}')
UNAUTHORIZED = (401, b'{"responseCode":"4017300","responseMessage":"Unauthorized"}')

_FORMATS = tuple(re.compile(each) for each in (TIMESTAMP, CLIENT_KEY, SIGNATURE))
_WINDOW = timedelta(seconds=300)
_JAKARTA = timezone(timedelta(hours=7))
_PADDING = PKCS1v15()
_HASH = SHA256()


class Issuer:
    """Issues tokens to one client with one token key."""

    def __init__(self) -> None:
        key = load_pem_public_key(place.text(place.CLIENT_PEM).encode())
        assert isinstance(key, RSAPublicKey)
        self._clients = {place.CLIENT_KEY: key}
        self._fernet = Fernet(place.text(place.TOKEN_KEYS))

    def answer(self, timestamp: str, client_key: str, signature: str, body: bytes) -> tuple[int, bytes]:
        """Check the formats, then decide."""
        values = (timestamp, client_key, signature)
        if not all(format_.match(value) for format_, value in zip(_FORMATS, values, strict=True)):
            return MALFORMED
        parsed = orjson.loads(body)
        if not isinstance(parsed, dict) or parsed.get("grantType") != "client_credentials":
            return MALFORMED
        return self.decide(timestamp, client_key, signature)

    def decide(self, timestamp: str, client_key: str, signature: str) -> tuple[int, bytes]:
        """Check time window and signature, and issue a token."""
        now = datetime.now(UTC)
        key = self._clients.get(client_key)
        if key is None or abs(datetime.fromisoformat(timestamp) - now) > _WINDOW:
            return UNAUTHORIZED
        try:
            key.verify(b64decode(signature, validate=True), f"{client_key}|{timestamp}".encode(), _PADDING, _HASH)
        except InvalidSignature:
            return UNAUTHORIZED
        token = self._fernet.encrypt_at_time(client_key.encode(), int(now.timestamp())).decode()
        return 200, _issued(token)


def _issued(token: str) -> bytes:
    return orjson.dumps(
        {
            "responseCode": "2007300",
            "responseMessage": "Successful",
            "accessToken": token,
            "tokenType": "Bearer",
            "expiresIn": "900",
            "additionalInfo": {},
        }
    )


def server_time() -> str:
    return datetime.now(_JAKARTA).isoformat(timespec="seconds")
