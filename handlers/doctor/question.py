"""What a proxy asks at /authorize about a call: the checks of the question, which come before those of the call."""

from collections.abc import Iterator

from handlers.doctor import form
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.masking import mask_for, masked_prefix

PATH = "/authorize"
SECRET = "X-Internal-Authorization"  # noqa: S105  the name of a header
MASKED = f"Bearer {mask_for('internal secret')}"
"""Stands for a right secret in a capture of this server, and in a command that names a variable for the secret."""

_METHODS = ("GET", "POST")
_SHOWN = 120


def findings(question: Request, knowledge: MerchantContext) -> Iterator[Finding]:
    """Its path, its method, the proxy's secret, and the place where a genuine call goes."""
    if question.path != PATH:
        yield Finding(Verdict.PATH_UNKNOWN, {"path": masked_prefix(question.path, _SHOWN), "wanted": PATH})
    elif question.method not in _METHODS:
        yield Finding(
            Verdict.METHOD_WRONG, {"method": masked_prefix(question.method, _SHOWN), "wanted": " or ".join(_METHODS)}
        )
    sent = question.get(SECRET)
    if knowledge.internal_secrets and not _is_right(sent, knowledge.internal_secrets):
        yield Finding(Verdict.SECRET_WRONG, {"header": SECRET, "length": len(sent)})
    yield from form.duplicated(question, (form.METHOD, form.URI, form.DELIVERY), SECRET)
    delivery = question.get(form.DELIVERY.name)
    malformed = form.DELIVERY.finding(delivery)
    if malformed:
        yield malformed
    elif delivery and not knowledge.delivers:
        yield Finding(Verdict.ACCEL_REDIRECT_UNSET, {"header": form.DELIVERY.name})


def _is_right(sent: str, secrets: tuple[bytes, ...]) -> bool:
    """Whether it is one of the secrets."""
    scheme, _, given = sent.partition(" ")
    return sent == MASKED or (scheme.lower() == "bearer" and given.encode("latin-1", "replace") in secrets)
