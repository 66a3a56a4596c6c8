"""NICO from end to end, with nothing but real processes. `make story` prints what happens here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic

import httpx
from cryptography.fernet import Fernet

from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.stage import INQUIRY, PAYMENT, NicoCall, Sign, Stage, asymmetric, settings, staged, symmetric
from tests.e2e.transcript import shortened
from tests.engines import REDIS_SERVERS, RedisServer
from tests.nicepay import CLIENT_KEY, Nicepay

INVALID_TOKEN = 'Bearer error="invalid_token"'
INVALID_REQUEST = 'Bearer error="invalid_request"'
UNMAPPED = "/api/v1.0/cvs/refund"
MINIFIED = b'{"arbitrary":["made up for this test",1.50,"\\u00e9\xc3\xa9"]}'
SECRET = "made-up-for-this-test-and-used-nowhere-else"
PROXY_SECRET = "known-to-nginx-and-this-server"
SPOOFED = {
    "X-Original-URI": INQUIRY,
    "X-Original-Method": "POST",
    "X-Forwarded-Uri": INQUIRY,
    "X-Forwarded-Method": "POST",
    "X-Internal-Authorization": "Bearer a-guess",
}
PATIENCE = 5
"""Seconds until a revocation has to hold; a second, and some for a busy machine."""


def test_the_story_of_nico(
    tmp_path: Path, nicepay: Nicepay, stranger: Nicepay, emptied_redis: Callable[[str], RedisServer]
) -> None:
    """With Redis and nginx, genuine calls reach the merchant byte for byte, and nothing else does."""
    redis = emptied_redis(REDIS_SERVERS[0])
    file = settings(tmp_path, nicepay, redis.tcp_url, 'accel_redirect = "@merchant"')
    with staged(file, nicepay, proxies.nginx) as stage:
        stage.told.chapter("NICO behind nginx, with Redis: NICEPAY asks for a token")
        genuine = NicoCall(stage.token(), "ordNo0001", asymmetric(nicepay))
        _calls(stage, genuine, asymmetric(stranger))
        _wrong_tokens(stage, genuine)
        _wrong_paths(stage, genuine)
        _suspension(stage, genuine)
        _revocations(stage, genuine)


def test_the_symmetric_form(tmp_path: Path, nicepay: Nicepay) -> None:
    """With SQLite, nginx, a secret between the two, and calls that sign their body, no byte of it can be changed."""
    for name, secret in (("client.secret", SECRET), ("internal.secret", PROXY_SECRET)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    internal = 'accel_redirect = "@merchant"\nsecret_file = "internal.secret"'
    file = settings(tmp_path, nicepay, "sqlite:///state.db", internal)
    with file.open("a") as text:  # The client's table is the last.
        text.write('\ncall_signature = "symmetric"\nclient_secret_file = "client.secret"\n')
    with staged(file, nicepay, partial(proxies.nginx, secret=PROXY_SECRET)) as stage:
        stage.told.chapter("The symmetric form, with SQLite: NICEPAY asks for a token, signed with its key as ever")
        genuine = NicoCall(stage.token(), "ordNo0001", symmetric(SECRET))
        _signed_bodies(stage, genuine)
        _replay(stage, replace(genuine, path=PAYMENT, external_id="ordNo0003"))
        _wrong_paths(stage, genuine)
        _other_places(stage, genuine)


def test_caddy(tmp_path: Path, nicepay: Nicepay, stranger: Nicepay) -> None:
    """Behind Caddy, calls in the asymmetric form reach the merchant with their bodies, and others are refused."""
    file = settings(tmp_path, nicepay, "sqlite:///state.db", 'call_headers = "x-forwarded"')
    with staged(file, nicepay, proxies.caddy) as stage:
        stage.told.chapter("Behind Caddy: NICEPAY asks for a token")
        genuine = NicoCall(stage.token(), "ordNo0001", asymmetric(nicepay))
        _calls(stage, genuine, asymmetric(stranger))
        _wrong_tokens(stage, genuine)
        _wrong_paths(stage, genuine)


def test_the_transcript_gives_nothing_away(nicepay: Nicepay) -> None:
    """Of a token and of a signature in either form, the transcript has the first ten characters."""
    token = Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode()
    for secret in (token, nicepay.signature(""), symmetric(SECRET)("", "", b"", "")):
        assert shortened(f"Bearer {secret}") == f"Bearer {secret[:10]}..."
    assert shortened(f"POST {INQUIRY}") == f"POST {INQUIRY}"


def _calls(stage: Stage, genuine: NicoCall, forger: Sign) -> None:
    stage.told.chapter("The inquiry (its body is arbitrary JSON: no public source says what NICO puts there)")
    stage.deliver(genuine)
    stage.told.chapter("A forged payment: signed with another key")
    payment = replace(genuine, path=PAYMENT, external_id="ordNo0002")
    answer = stage.send(replace(payment, sign=forger))
    stage.refuse(answer, "4019200", "Unauthorized. X-SIGNATURE", INVALID_REQUEST, "signature.mismatch")
    stage.told.note("A forged call uses up nobody's X-EXTERNAL-ID, as the next shows:")
    _replay(stage, payment)
    stage.told.chapter("A stale inquiry: signed 301 seconds ago, where 300 are allowed")
    answer = stage.send(replace(genuine, external_id="ordNo0003", late=timedelta(seconds=301)))
    stage.refuse(answer, "4019100", "Unauthorized. X-TIMESTAMP", INVALID_REQUEST, "clock.behind")


def _replay(stage: Stage, payment: NicoCall) -> None:
    stage.told.chapter("The payment")
    answer = stage.deliver(payment)
    stage.told.chapter("The very same payment once more")
    stage.refuse(stage.outside.send(answer.request), "4099200", "Conflict", None, "call.repeated")


def _wrong_tokens(stage: Stage, genuine: NicoCall) -> None:
    stage.told.chapter("An inquiry without a token")
    answer = stage.send(replace(genuine, token=""))
    stage.refuse(answer, "4019103", "Token Not Found (B2B)", "Bearer", "token.absent")
    stage.told.chapter("A token that was tampered with: one character is another")
    tampered = genuine.token[:50] + ("A" if genuine.token[50] != "A" else "B") + genuine.token[51:]
    answer = stage.send(replace(genuine, token=tampered))
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.tampered")
    stage.told.chapter("An expired token: issued with the server's own key 900 seconds ago")
    answer = stage.send(replace(genuine, token=_issued(stage, datetime.now(UTC) - timedelta(seconds=900))))
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.expired")


def _issued(stage: Stage, at: datetime) -> str:
    key = stage.settings.with_name("token.keys").read_text().strip()
    return Fernet(key).encrypt_at_time(CLIENT_KEY.encode(), int(at.timestamp())).decode()


def _wrong_paths(stage: Stage, genuine: NicoCall) -> None:
    stage.told.chapter("A path that the settings do not name")
    elsewhere = replace(genuine, path=UNMAPPED, external_id="ordNo0004")
    stage.refuse(stage.send(elsewhere), "4040000", "Not Found", None, "path.unmapped")
    stage.told.chapter("The same, by a caller who says what only the proxy may say")
    stage.refuse(stage.send(replace(elsewhere, added=SPOOFED)), "4040000", "Not Found", None, "path.unmapped")


def _suspension(stage: Stage, genuine: NicoCall) -> None:
    stage.told.chapter("The client is suspended, and the server goes on running")
    stage.command("client", "suspend", "--id", CLIENT_KEY)
    stage.server.err.event("settings.read")
    answer = stage.send(replace(genuine, external_id="ordNo0005"))
    stage.refuse(answer, "4019100", "Unauthorized. X-PARTNER-ID", INVALID_REQUEST, "client.suspended")
    stage.told.chapter("It is resumed: the same token is good again")
    stage.command("client", "resume", "--id", CLIENT_KEY)
    stage.server.err.event("settings.read")
    stage.deliver(replace(genuine, external_id="ordNo0005"))


def _revocations(stage: Stage, genuine: NicoCall) -> None:
    stage.told.chapter("The merchant takes back this one token, at the internal listener")
    answer = httpx.post(f"{stage.internal}/revoke", data={"token": genuine.token}, trust_env=False)
    stage.told.exchange(answer)
    assert (answer.status_code, answer.json()) == (200, {})
    answer = stage.send(replace(genuine, external_id="ordNo0006"))
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.revoked")
    stage.told.chapter("NICEPAY asks for another token, and goes on")
    another = replace(genuine, token=stage.token(), external_id="ordNo0007")
    stage.deliver(another)
    stage.told.chapter("The merchant takes back all of the client's tokens: that holds everywhere within a second")
    stage.command("revoke", "--client", CLIENT_KEY)
    answer = _once_refused(stage, another)
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.revoked")


def _once_refused(stage: Stage, call: NicoCall) -> httpx.Response:
    """Call on, each time under another external id, until a call is refused."""
    start = monotonic()
    for number in count(8):
        answer = stage.send(replace(call, external_id=f"ordNo{number:04}"))
        if answer.status_code != httpx.codes.OK:
            stage.told.note(f"Refused {monotonic() - start:.1f} seconds after the command has ended:")
            return answer
        stage.merchant.took()
        assert monotonic() - start < PATIENCE
    raise AssertionError


def _signed_bodies(stage: Stage, genuine: NicoCall) -> None:
    stage.told.chapter("An inquiry whose body (arbitrary JSON) is signed as it is sent")
    stage.deliver(genuine)
    stage.told.chapter("The same body, signed without the white space between its tokens")
    stage.deliver(replace(genuine, external_id="ordNo0002", signed_body=MINIFIED))
    stage.told.chapter("One digit of the body is changed on its way")
    changed = replace(genuine, external_id="ordNo0005", body=ARBITRARY.replace(b"1.50", b"1.51"))
    stage.refuse(stage.send(changed), "4019100", "Unauthorized. X-SIGNATURE", INVALID_REQUEST, "signature.mismatch")


def _other_places(stage: Stage, genuine: NicoCall) -> None:
    stage.told.chapter("An inquiry's signature on a payment, by a caller who says that it is an inquiry")

    def sign(_path: str, token: str, body: bytes, timestamp: str) -> str:
        return genuine.sign(INQUIRY, token, body, timestamp)

    moved = replace(genuine, path=PAYMENT, external_id="ordNo0006", sign=sign, added=SPOOFED)
    stage.refuse(stage.send(moved), "4019200", "Unauthorized. X-SIGNATURE", INVALID_REQUEST, "signature.mismatch")
