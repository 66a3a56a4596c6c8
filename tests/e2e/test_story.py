"""NICO from end to end, with real processes only. `make story` prints every exchange."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from shutil import copytree
from subprocess import CompletedProcess
from time import monotonic

import httpx
from cryptography.fernet import Fernet

from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.process import COMMAND, run
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
AUDIT = '\n[audit]\ndir = "audit"\nkey_file = "audit.key"'
SPOOFED = {
    "X-Original-URI": INQUIRY,
    "X-Original-Method": "POST",
    "X-Forwarded-Uri": INQUIRY,
    "X-Forwarded-Method": "POST",
    "X-Internal-Authorization": "Bearer a-guess",
}
PATIENCE = 5
"""Seconds until a revocation must take effect: one second, and some more for a busy machine."""


def test_the_story_of_nico(
    tmp_path: Path, nicepay: Nicepay, stranger: Nicepay, emptied_redis: Callable[[str], RedisServer]
) -> None:
    """With Redis and nginx, genuine calls reach the merchant byte for byte, other calls do not, and both are proved."""
    redis = emptied_redis(REDIS_SERVERS[0])
    assert run(COMMAND, "audit", "keygen", tmp_path / "audit.key").returncode == 0
    file = settings(tmp_path, nicepay, redis.tcp_url, f'accel_redirect = "@merchant"{AUDIT}')
    with staged(file, nicepay, proxies.nginx) as stage:
        stage.transcript.chapter("NICO behind nginx, with Redis: NICEPAY asks for a token")
        genuine = NicoCall(stage.token(), "ordNo0001", asymmetric(nicepay))
        _calls(stage, genuine, asymmetric(stranger))
        _wrong_tokens(stage, genuine)
        _wrong_paths(stage, genuine)
        _suspension(stage, genuine)
        _revocations(stage, genuine)
        _auditor(stage, genuine.token)
        _forged_line(stage)


def test_the_symmetric_form(tmp_path: Path, nicepay: Nicepay) -> None:
    """With SQLite, nginx and the symmetric form, calls reach the merchant only if their body is unchanged."""
    for name, secret in (("client.secret", SECRET), ("internal.secret", PROXY_SECRET)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    internal = 'accel_redirect = "@merchant"\nsecret_file = "internal.secret"'
    file = settings(tmp_path, nicepay, "sqlite:///state.db", internal)
    with file.open("a") as text:  # The client's table is the last.
        text.write('\ncall_signature = "symmetric"\nclient_secret_file = "client.secret"\n')
    with staged(file, nicepay, partial(proxies.nginx, secret=PROXY_SECRET)) as stage:
        stage.transcript.chapter(
            "The symmetric form, with SQLite: NICEPAY asks for a token, still signed with its private key"
        )
        genuine = NicoCall(stage.token(), "ordNo0001", symmetric(SECRET))
        _signed_bodies(stage, genuine)
        _replay(stage, replace(genuine, path=PAYMENT, external_id="ordNo0003"))
        _wrong_paths(stage, genuine)
        _moved_signature(stage, genuine)


def test_caddy(tmp_path: Path, nicepay: Nicepay, stranger: Nicepay) -> None:
    """Behind Caddy, genuine calls in the asymmetric form reach the merchant with their bodies, and others do not."""
    file = settings(tmp_path, nicepay, "sqlite:///state.db", 'call_headers = "x-forwarded"')
    with staged(file, nicepay, proxies.caddy) as stage:
        stage.transcript.chapter("Behind Caddy: NICEPAY asks for a token")
        genuine = NicoCall(stage.token(), "ordNo0001", asymmetric(nicepay))
        _calls(stage, genuine, asymmetric(stranger))
        _wrong_tokens(stage, genuine)
        _wrong_paths(stage, genuine)


def test_the_transcript_shows_no_secret(nicepay: Nicepay) -> None:
    """The transcript shows the first ten characters of a token or signature, and no more."""
    token = Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode()
    for secret in (token, nicepay.signature(""), symmetric(SECRET)("", "", b"", "")):
        assert shortened(f"Bearer {secret}") == f"Bearer {secret[:10]}..."
    assert shortened(f"POST {INQUIRY}") == f"POST {INQUIRY}"


def _calls(stage: Stage, genuine: NicoCall, forger: Sign) -> None:
    stage.transcript.chapter("The inquiry (its body is arbitrary JSON, because NICO's body format is not public)")
    stage.deliver(genuine)
    stage.transcript.chapter("A forged payment: signed with another key")
    payment = replace(genuine, path=PAYMENT, external_id="ordNo0002")
    answer = stage.send(replace(payment, sign=forger))
    stage.refuse(answer, "4019200", "Unauthorized. X-SIGNATURE", INVALID_REQUEST, "signature.mismatch")
    stage.transcript.note("A forged call does not use up an X-EXTERNAL-ID, as the next call shows:")
    _replay(stage, payment)
    stage.transcript.chapter("A stale inquiry: signed 301 seconds ago, and 300 are allowed")
    answer = stage.send(replace(genuine, external_id="ordNo0003", late=timedelta(seconds=301)))
    stage.refuse(answer, "4019100", "Unauthorized. X-TIMESTAMP", INVALID_REQUEST, "clock.behind")


def _replay(stage: Stage, payment: NicoCall) -> None:
    stage.transcript.chapter("The payment")
    answer = stage.deliver(payment)
    stage.transcript.chapter("A replay of the same payment")
    stage.refuse(stage.outside.send(answer.request), "4099200", "Conflict", None, "call.repeated")


def _wrong_tokens(stage: Stage, genuine: NicoCall) -> None:
    stage.transcript.chapter("An inquiry without a token")
    answer = stage.send(replace(genuine, token=""))
    stage.refuse(answer, "4019103", "Token Not Found (B2B)", "Bearer", "token.absent")
    stage.transcript.chapter("A tampered token: one character is changed")
    tampered = genuine.token[:50] + ("A" if genuine.token[50] != "A" else "B") + genuine.token[51:]
    answer = stage.send(replace(genuine, token=tampered))
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.tampered")
    stage.transcript.chapter("An expired token: issued with the server's token key 900 seconds ago")
    answer = stage.send(replace(genuine, token=_issued(stage, datetime.now(UTC) - timedelta(seconds=900))))
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.expired")


def _issued(stage: Stage, at: datetime) -> str:
    key = stage.settings.with_name("token.keys").read_text().strip()
    return Fernet(key).encrypt_at_time(CLIENT_KEY.encode(), int(at.timestamp())).decode()


def _wrong_paths(stage: Stage, genuine: NicoCall) -> None:
    stage.transcript.chapter("A path that the settings do not name")
    unmapped = replace(genuine, path=UNMAPPED, external_id="ordNo0004")
    stage.refuse(stage.send(unmapped), "4040000", "Not Found", None, "path.unmapped")
    stage.transcript.chapter("The same path, with headers that only the proxy may send")
    stage.refuse(stage.send(replace(unmapped, added=SPOOFED)), "4040000", "Not Found", None, "path.unmapped")


def _suspension(stage: Stage, genuine: NicoCall) -> None:
    stage.transcript.chapter("The merchant suspends the client while the server runs")
    stage.command("client", "suspend", "--id", CLIENT_KEY)
    stage.server.err.event("settings.read")
    answer = stage.send(replace(genuine, external_id="ordNo0005"))
    stage.refuse(answer, "4019100", "Unauthorized. X-PARTNER-ID", INVALID_REQUEST, "client.suspended")
    stage.transcript.chapter("The merchant resumes the client: the same token is valid again")
    stage.command("client", "resume", "--id", CLIENT_KEY)
    stage.server.err.event("settings.read")
    stage.deliver(replace(genuine, external_id="ordNo0005"))


def _revocations(stage: Stage, genuine: NicoCall) -> None:
    stage.transcript.chapter("The merchant revokes this token at the internal listener")
    answer = httpx.post(f"{stage.internal}/revoke", data={"token": genuine.token}, trust_env=False)
    stage.transcript.exchange(answer)
    assert (answer.status_code, answer.json()) == (200, {})
    answer = stage.send(replace(genuine, external_id="ordNo0006"))
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.revoked")
    stage.transcript.chapter("NICEPAY asks for another token and continues")
    another = replace(genuine, token=stage.token(), external_id="ordNo0007")
    stage.deliver(another)
    stage.transcript.chapter(
        "The merchant revokes all tokens of the client: this takes effect on every instance within a second"
    )
    stage.command("revoke", "--client", CLIENT_KEY)
    answer = _call_until_refused(stage, another)
    stage.refuse(answer, "4019101", "Invalid Token (B2B)", INVALID_TOKEN, "token.revoked")


def _call_until_refused(stage: Stage, call: NicoCall) -> httpx.Response:
    """Send calls, each with a new external id, until one is refused, and return that answer."""
    start = monotonic()
    for number in count(8):
        answer = stage.send(replace(call, external_id=f"ordNo{number:04}"))
        if answer.status_code != httpx.codes.OK:
            stage.transcript.note(f"Refused {monotonic() - start:.1f} seconds after the command ended:")
            return answer
        stage.merchant.received()
        assert monotonic() - start < PATIENCE
    raise AssertionError


def _auditor(stage: Stage, token: str) -> None:
    stage.transcript.chapter("The auditor asks: who was given this token, what was done with it, and when did it end?")
    shown = _audit(stage, "show", "--config", stage.settings.name, "--token-file", "-", stdin=token)
    assert (shown.returncode, shown.stderr.partition("; ")[2]) == (0, "the trail: whole\n")
    events = [row.split()[2] for row in shown.stdout.splitlines()[1:]]
    assert (events[0], events[-3:]) == ("token.issued", ["tokens.revoked", "call.refused", "tokens.revoked"])
    assert set(events[1:-3]) == {"call.genuine", "call.refused"}
    assert token not in shown.stdout


def _forged_line(stage: Stage) -> None:
    audit, copy = stage.settings.with_name("audit"), stage.settings.with_name("copy")
    copytree(audit, copy)
    stage.transcript.chapter("The auditor verifies a copy of the trail with nothing but the public key")
    whole = _audit(stage, "verify", copy.name, "--public-key", "audit.key.pub")
    assert (whole.returncode, whole.stderr) == (0, "")
    stage.transcript.chapter("Somebody makes a refused call genuine in this copy")
    (file,) = copy.glob("audit-*")
    number = _forge(file)
    forged = _audit(stage, "verify", copy.name, "--public-key", "audit.key.pub")
    assert forged.returncode == 1
    assert f"BROKEN: {file.name} line {number} " in forged.stdout


def _forge(file: Path) -> int:
    """Forge the first refused call, as somebody without the private key can, and return the number of its line."""
    lines = file.read_bytes().splitlines()
    place = next(index for index, line in enumerate(lines) if b'"event":"call.refused"' in line)
    lines[place] = lines[place].replace(b"refused", b"genuine")
    file.write_bytes(b"\n".join([*lines, b""]))
    return place + 1


def _audit(stage: Stage, *arguments: str, stdin: str = "") -> CompletedProcess[str]:
    """Run `snap-token audit` in the folder of the settings."""
    done = run(COMMAND, "audit", *arguments, cwd=stage.settings.parent, stdin=stdin)
    stage.transcript.note(f"$ snap-token audit {' '.join(arguments)}")
    for line in (done.stdout + done.stderr).splitlines():
        stage.transcript.note(line)
    return done


def _signed_bodies(stage: Stage, genuine: NicoCall) -> None:
    stage.transcript.chapter("An inquiry with a signature over its body (arbitrary JSON) as sent")
    stage.deliver(genuine)
    stage.transcript.chapter("The same body, with a signature over its minified form")
    stage.deliver(replace(genuine, external_id="ordNo0002", signed_body=MINIFIED))
    stage.transcript.chapter("One digit of the body is changed on the way")
    changed = replace(genuine, external_id="ordNo0005", body=ARBITRARY.replace(b"1.50", b"1.51"))
    stage.refuse(stage.send(changed), "4019100", "Unauthorized. X-SIGNATURE", INVALID_REQUEST, "signature.mismatch")


def _moved_signature(stage: Stage, genuine: NicoCall) -> None:
    stage.transcript.chapter("A payment with the signature of an inquiry, and with headers that call it an inquiry")

    def sign(_path: str, token: str, body: bytes, timestamp: str) -> str:
        return genuine.sign(INQUIRY, token, body, timestamp)

    moved = replace(genuine, path=PAYMENT, external_id="ordNo0006", sign=sign, added=SPOOFED)
    stage.refuse(stage.send(moved), "4019200", "Unauthorized. X-SIGNATURE", INVALID_REQUEST, "signature.mismatch")
