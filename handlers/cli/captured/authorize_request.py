"""Requests of a proxy to /authorize. Each carries a call in its headers and body."""

from dataclasses import replace

from handlers.cli.captured.captured_request import CapturedRequest
from handlers.doctor.authorize_request import PATH, SECRET_HEADER
from handlers.doctor.request import Request
from handlers.doctor.request_format import DELIVERY, METHOD, URI

_ORIGINAL = {METHOD.name.lower(): METHOD.name, URI.name.lower(): URI.name}
_FORWARDED = {"x-forwarded-method": METHOD.name, "x-forwarded-uri": URI.name}
_PROXY_HEADERS = frozenset({*_ORIGINAL, *_FORWARDED, SECRET_HEADER.lower()})
_NOT_IN_CALL = _PROXY_HEADERS | {DELIVERY.name.lower()}


def call_in(captured: CapturedRequest, call_headers: str | None = None) -> CapturedRequest:
    """The call in a request to /authorize, together with that request. Any other request is returned unchanged.

    X-Original-* or X-Forwarded-* headers hold method and URI of the call. The server reads the pair that the setting
    `call_headers` names, and ignores the other. Without `call_headers`, this function reads the pair that is there.
    """
    request = captured.request
    names = {name.lower() for name, _ in request.headers} & _PROXY_HEADERS
    if not names or not request.path.endswith(PATH):
        return captured
    forwarded = call_headers == "x-forwarded" if call_headers else not names & _ORIGINAL.keys()
    return captured._replace(request=_call(_with_original_names(request) if forwarded else request))


def _with_original_names(authorize_request: Request) -> Request:
    """The request with X-Forwarded-* renamed to X-Original-*. The server renames them in the same way."""
    headers = [
        (name, value)
        for name, value in authorize_request.headers
        if name.lower() not in {*_ORIGINAL, DELIVERY.name.lower()}
    ]
    return replace(
        authorize_request, headers=tuple((_FORWARDED.get(name.lower(), name), value) for name, value in headers)
    )


def _call(authorize_request: Request) -> Request:
    headers = tuple((name, value) for name, value in authorize_request.headers if name.lower() not in _NOT_IN_CALL)
    method, uri = authorize_request.get(METHOD.name), authorize_request.get(URI.name)
    # The server ignores the body of a GET.
    body = b"" if authorize_request.method == "GET" else authorize_request.body
    return replace(
        authorize_request, method=method, target=uri, headers=headers, body=body, authorize_request=authorize_request
    )
