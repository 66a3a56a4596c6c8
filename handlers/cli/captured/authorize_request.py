"""Requests of a proxy to /authorize. Each carries a call in its headers and body."""

from dataclasses import replace

from handlers.cli.captured.raw_http import CapturedRequest
from handlers.doctor.form import DELIVERY, METHOD, URI
from handlers.doctor.question import PATH, SECRET
from handlers.doctor.request import Request

_ORIGINAL = {METHOD.name.lower(): METHOD.name, URI.name.lower(): URI.name}
_FORWARDED = {"x-forwarded-method": METHOD.name, "x-forwarded-uri": URI.name}
_PROXY_HEADERS = frozenset({*_ORIGINAL, *_FORWARDED, SECRET.lower()})
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


def _with_original_names(question: Request) -> Request:
    """The request with X-Forwarded-* renamed to X-Original-*. The server renames them in the same way."""
    headers = [
        (name, value) for name, value in question.headers if name.lower() not in {*_ORIGINAL, DELIVERY.name.lower()}
    ]
    return replace(question, headers=tuple((_FORWARDED.get(name.lower(), name), value) for name, value in headers))


def _call(question: Request) -> Request:
    headers = tuple((name, value) for name, value in question.headers if name.lower() not in _NOT_IN_CALL)
    method, uri = question.get(METHOD.name), question.get(URI.name)
    # The server ignores the body of a GET.
    body = b"" if question.method == "GET" else question.body
    return replace(question, method=method, target=uri, headers=headers, body=body, question=question)
