"""Calls that other settings of the client or of the service would accept, and the verdict constant for each."""

from base64 import b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import digest

from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.particulars import USUAL, Particulars
from handlers.snap.service import Service
from tests.mistakes import CALL_BODY, CALL_PATH, NOW, SECRET, TOLERANCE, World
from tests.nicepay import CLIENT_KEY

PREFIX = "/api"
WITHOUT_PREFIX = CALL_PATH.removeprefix(PREFIX)
FIXED = "/qr/qr-mpm-notify"
HEX = sha256(CALL_BODY).hexdigest()
BASE64 = b64encode(sha256(CALL_BODY).digest()).decode()
OTHER_BASE64 = b64encode(sha256(CALL_BODY.replace(b"/", b"\\/")).digest()).decode()


@dataclass(frozen=True)
class Case:
    """One call, and the settings for which the doctor judges it. The client also has a second partner ID.

    Attributes:
        verdict: The verdict constant.
        particulars: What the settings say about the client.
        evidence: What the evidence must contain.
        by_secret: Whether a secret signs, so that the settings say `symmetric`.
        with_token: Whether the call has Authorization.
        path, hashed, slot: The parts of the string to sign. `slot` is None for the token.
        signed_path: The fixed path of the service.
    """

    verdict: str
    particulars: Particulars = USUAL
    evidence: tuple[str, ...] = ()
    by_secret: bool = True
    with_token: bool = True
    path: str = CALL_PATH
    hashed: str = HEX
    slot: str | None = None
    signed_path: str | None = None
    signs_with_key: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def context(self, world: World) -> MerchantContext:
        key = world.nicepay.private_key.public_key()
        secret = SECRET if self.by_secret else None
        client = Client(CLIENT_KEY, (key,), TOLERANCE, client_secret=secret, partner_ids=(CLIENT_KEY, "SECOND"))
        clients = Clients([replace(client, particulars=self.particulars)], lambda _key: key)
        service = Service("24", forms=("token", "body-signed"), signed_path=self.signed_path)
        return replace(world.context, clients=clients, called_services={CALL_PATH: service})

    def request(self, world: World) -> Request:
        token = world.token()
        slot = f"{token}:" if self.slot is None else self.slot
        message = f"POST:{self.path}:{slot}{self.hashed}:{NOW}"
        hmac = b64encode(digest(SECRET, message.encode(), "sha512")).decode()
        headers = {
            **({"Authorization": f"Bearer {token}"} if self.with_token else {}),
            "X-TIMESTAMP": NOW,
            "X-PARTNER-ID": "SECOND",
            "X-SIGNATURE": hmac if self.by_secret and not self.signs_with_key else world.sign(message),
            "X-EXTERNAL-ID": "12",
            **dict(self.headers),
        }
        return Request("POST", CALL_PATH, tuple(headers.items()), CALL_BODY)


def _by_key(verdict: str, particulars: Particulars = USUAL, **more: object) -> Case:
    case = Case(verdict, particulars, by_secret=False, with_token=False, slot="")
    return replace(case, **more)  # type: ignore[arg-type]  # the attributes of a case


_OTHER = "call.signed_for_other_settings"
_BASE64, _EMPTY = Particulars(body_hash="base64"), Particulars(empty_token_slot=True)
_PREFIX = Particulars(path_prefix_not_signed=PREFIX)
_PINNED = Particulars(channel_id="95231", origin="bank.example", external_id_format="numeric", external_id_max_length=2)
_RIGHT = (("CHANNEL-ID", "95231"), ("ORIGIN", "bank.example"))

CASES: dict[str, Case] = {
    "usual": Case("genuine"),
    "usual, by a key": _by_key("genuine"),
    "base64": Case("genuine", _BASE64, hashed=BASE64),
    "base64, by a key": _by_key("genuine", _BASE64, hashed=BASE64),
    "empty": Case("genuine", _EMPTY, slot=":"),
    "empty, without a token": Case("genuine", _EMPTY, slot=":", with_token=False),
    "prefix": Case("genuine", _PREFIX, path=WITHOUT_PREFIX),
    "prefix, by a key": _by_key("genuine", _PREFIX, path=WITHOUT_PREFIX),
    "fixed": Case("genuine", path=FIXED, signed_path=FIXED),
    "fixed, by a key": _by_key("genuine", path=FIXED, signed_path=FIXED),
    "pinned": Case("genuine", _PINNED, headers=_RIGHT),
    "base64 unset": Case(_OTHER, USUAL, ("body hash", 'body_hash = "base64"'), hashed=BASE64),
    "hex unset": Case(_OTHER, _BASE64, ("body hash", 'body_hash = "hex"')),
    "base64 unset, by a key": _by_key(_OTHER, evidence=('body_hash = "base64"',), hashed=BASE64),
    "hex unset, by a key": _by_key(_OTHER, _BASE64, evidence=('body_hash = "hex"',)),
    "empty unset": Case(_OTHER, USUAL, ("access token", "empty_token_slot = true"), slot=":"),
    "empty unset, without a token": Case(_OTHER, USUAL, ("empty_token_slot = true",), slot=":", with_token=False),
    "a token where it is empty": Case(_OTHER, _EMPTY, ("access token", "empty_token_slot = false")),
    "prefix signed": Case(_OTHER, _PREFIX, ("path", "no path_prefix_not_signed")),
    "prefix signed, by a key": _by_key(_OTHER, _PREFIX, evidence=("no path_prefix_not_signed",)),
    "prefix not signed": Case("call.path_without_base", path=WITHOUT_PREFIX, evidence=(WITHOUT_PREFIX,)),
    "prefix not signed, by a key": _by_key("call.path_without_base", path=WITHOUT_PREFIX, evidence=(WITHOUT_PREFIX,)),
    "the real path": Case(_OTHER, USUAL, ("path", "no signed_path"), signed_path=FIXED),
    "the real path, by a key": _by_key(_OTHER, evidence=("no signed_path",), signed_path=FIXED),
    "both paths": Case(_OTHER, _PREFIX, ("no signed_path and no path_prefix_not_signed",), signed_path=FIXED),
    "two differences": Case(
        _OTHER,
        USUAL,
        ("body hash, access token", 'body_hash = "base64", empty_token_slot = true'),
        hashed=BASE64,
        slot=":",
    ),
    "no slot where it is empty": Case("call.part_missing", _EMPTY, ("token",), slot="", with_token=False),
    "empty, another hash": Case("call.hash_upper_case", _EMPTY, hashed=HEX.upper(), slot=":"),
    "empty, without a token, another hash": Case(
        "call.hash_upper_case", _EMPTY, hashed=HEX.upper(), slot=":", with_token=False
    ),
    "base64, another path": Case("call.path_slash", _BASE64, path=f"{CALL_PATH}/", hashed=BASE64),
    "base64, another path, by a key": _by_key("call.path_slash", _BASE64, path=f"{CALL_PATH}/", hashed=BASE64),
    "base64, another body": Case("call.body_changed", _BASE64, hashed=OTHER_BASE64),
    "prefix, another hash": Case("call.hash_upper_case", _PREFIX, path=WITHOUT_PREFIX, hashed=HEX.upper()),
    "prefix, another hash, by a key": _by_key("call.hash_upper_case", _PREFIX, path=WITHOUT_PREFIX, hashed=HEX.upper()),
    "fixed, another hash": Case("call.hash_upper_case", path=FIXED, signed_path=FIXED, hashed=HEX.upper()),
    "a key where the secret signs": Case(
        "call.signed_asymmetrically", _EMPTY, (CLIENT_KEY,), slot="", with_token=False, signs_with_key=True
    ),
    "a stranger where the secret signs": Case("key.unknown", _EMPTY, slot=":no", with_token=False),
    "channel": Case("channel.mismatch", _PINNED, ("1", "95231"), headers=(*_RIGHT, ("CHANNEL-ID", "1"))),
    "no channel": Case("channel.mismatch", _PINNED, ("-", "95231"), headers=_RIGHT[1:]),
    "origin": Case("origin.mismatch", _PINNED, ("x", "bank.example"), headers=(*_RIGHT, ("ORIGIN", "x"))),
    "origin, by a key": _by_key("origin.mismatch", Particulars(origin="a"), evidence=("-", "a")),
    "external id": Case("external_id.malformed", _PINNED, ("numeric",), headers=(*_RIGHT, ("X-EXTERNAL-ID", "1a"))),
    "long external id": Case(
        "external_id.malformed", _PINNED, ("numeric",), headers=(*_RIGHT, ("X-EXTERNAL-ID", "123"))
    ),
}
"""Each case by its name."""
