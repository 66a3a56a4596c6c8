"""A call that follows the token: everything that is wrong with it, in the server's order."""

from collections.abc import Iterator

from handlers.doctor import access_token, call_signature, clock, form, signature
from handlers.doctor.access_token import Bearer
from handlers.doctor.knowledge import Knowledge
from handlers.doctor.request import Request
from handlers.doctor.verdicts import SYMMETRIC, Facts, Finding, Verdict
from handlers.snap import repeat
from handlers.snap.call import Call
from handlers.snap.client import Client
from handlers.snap.timestamp import parse

_SHOWN = 120
_WITHOUT_TOKEN = frozenset({Verdict.TOKEN_MISSING, Verdict.TOKEN_MALFORMED})


def findings(request: Request, knowledge: Knowledge) -> Iterator[Finding]:
    """Form, path, token, partner, clock, signature, external id."""
    yield from form.too_large(request)
    yield from form.duplicated(request, form.OF_CALL, "Authorization")
    spelt = signature.spelt(request, knowledge.clients)
    yield from form.headers(request, form.OF_CALL, spelt[1])
    yield from _of_service(request, knowledge)
    bearer = access_token.read(request, knowledge)
    yield from bearer.findings
    if bearer.client and bearer.client.known:
        yield from clock.findings(request.get("X-TIMESTAMP"), knowledge.now, bearer.client.clock_tolerance)
        if spelt[0]:
            yield from _of_signature(spelt[0], request, knowledge, bearer, bearer.client)
        yield from _repeated(request, knowledge, bearer.client)


def _of_service(request: Request, knowledge: Knowledge) -> Iterator[Finding]:
    methods = knowledge.methods_at(request.path)
    if request.path not in knowledge.call_paths:
        yield Finding(Verdict.PATH_UNKNOWN, {"path": request.path[:_SHOWN], "wanted": knowledge.call_places})
    elif request.method not in methods:
        yield Finding(Verdict.METHOD_WRONG, {"method": request.method[:_SHOWN], "wanted": ", ".join(methods)})


def mark_of(request: Request, knowledge: Knowledge) -> str:
    """What is remembered of a genuine call, so that its X-EXTERNAL-ID is not taken twice that day."""
    client = access_token.read(request, knowledge).client
    return _mark(request, knowledge, client) if client else ""


def _of_signature(raw: bytes, request: Request, knowledge: Knowledge, bearer: Bearer, client: Client) -> list[Finding]:
    """In the form that was agreed; if it does not hold, in the other."""
    symmetric = call_signature.findings(raw, request, bearer.text, knowledge.secrets, client.key)
    asymmetric = signature.findings(signature.Claim(raw, request, client.key), knowledge.clients)
    facts: Facts = {"client": client.key}
    if client.client_secret is None:
        return asymmetric if symmetric is None else [Finding(Verdict.CALL_SIGNED_SYMMETRICALLY, facts), *symmetric]
    if symmetric is not None:
        return symmetric
    if not signature.UNFIT & {finding.verdict for finding in asymmetric}:
        return [Finding(Verdict.CALL_SIGNED_ASYMMETRICALLY, facts), *asymmetric]
    return _unfit(raw, request, bearer)


def _unfit(raw: bytes, request: Request, bearer: Bearer) -> list[Finding]:
    """The token is part of what is signed: without it, nothing is known of an HMAC that does not hold."""
    facts: Facts = {"length": len(raw), "wanted": call_signature.RIGHT_SIZE, SYMMETRIC: "HMAC-SHA512"}
    if len(raw) not in call_signature.HASH_BY_SIZE:
        return [Finding(Verdict.SIGNATURE_WRONG_LENGTH, facts)]
    if _WITHOUT_TOKEN & {finding.verdict for finding in bearer.findings}:
        return []
    if Call(request.method, request.uri, "", "", request.body).lacks_body:
        return [Finding(Verdict.CALL_BODY_NOT_FORWARDED, {"method": request.method})]
    return [Finding(Verdict.KEY_UNKNOWN, facts)]


def _repeated(request: Request, knowledge: Knowledge, client: Client) -> Iterator[Finding]:
    if _mark(request, knowledge, client) in knowledge.used:
        yield Finding(Verdict.CALL_EXTERNAL_ID_REPEATED, {"external_id": request.get("X-EXTERNAL-ID")[:_SHOWN]})


def _mark(request: Request, knowledge: Knowledge, client: Client) -> str:
    timestamp, external_id = request.get("X-TIMESTAMP"), request.get("X-EXTERNAL-ID")
    try:
        parse(timestamp)
    except ValueError:
        return ""
    return repeat.of_call(client.key, timestamp, external_id, knowledge.now, client.clock_tolerance).key
