"""The checks of a proxy's request to /authorize. The server makes them before the checks of the call itself."""

from collections.abc import Iterator

from handlers.doctor import request_format
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.masking import mask_for

PATH = "/authorize"
SECRET_HEADER = "X-Internal-Authorization"  # noqa: S105  the name of a header
MASKED_SECRET = f"Bearer {mask_for('internal secret')}"
"""Stands for the right secret in a capture of this server, and in a curl command that reads it from a variable."""

_METHODS = ("GET", "POST")


def findings(authorize_request: Request, context: MerchantContext) -> Iterator[Finding]:
    """Check the path, the method, the proxy's secret and how the proxy delivers a genuine call."""
    path, method = authorize_request.path, authorize_request.method
    if path != PATH:
        yield request_format.path_unknown(path, PATH)
    elif method not in _METHODS:
        yield request_format.method_wrong(method, " or ".join(_METHODS))
    secret = authorize_request.get(SECRET_HEADER)
    if context.internal_secrets and not _is_valid(secret, context.internal_secrets):
        yield Finding(Verdict.SECRET_WRONG, {"header": SECRET_HEADER, "length": len(secret)})
    proxy_headers = (request_format.METHOD, request_format.URI, request_format.DELIVERY)
    yield from request_format.duplicated(authorize_request, proxy_headers, SECRET_HEADER)
    yield from _delivery(authorize_request.get(request_format.DELIVERY.name), context)


def _delivery(value: str, context: MerchantContext) -> Iterator[Finding]:
    malformed = request_format.DELIVERY.check(value)
    if malformed:
        yield malformed
    elif value and not context.has_accel_redirect:
        yield Finding(Verdict.ACCEL_REDIRECT_UNSET, {"header": request_format.DELIVERY.name})


def _is_valid(header: str, secrets: tuple[bytes, ...]) -> bool:
    scheme, _, secret = header.partition(" ")
    return header == MASKED_SECRET or (scheme.lower() == "bearer" and secret.encode("latin-1", "replace") in secrets)
