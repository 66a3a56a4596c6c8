"""What a proxy asks the internal listener about a call, read as the call."""

from dataclasses import replace

from handlers.cli.captured.raw_http import Captured
from handlers.doctor.authorize_request import PATH, SECRET_HEADER
from handlers.doctor.request import Request
from handlers.doctor.request_format import DELIVERY, METHOD, URI

_OURS = {METHOD.name.lower(): METHOD.name, URI.name.lower(): URI.name}
_FORWARDED = {"x-forwarded-method": METHOD.name, "x-forwarded-uri": URI.name}
_MARKS = frozenset({*_OURS, *_FORWARDED, SECRET_HEADER.lower()})
_NOT_OF_THE_CALL = _MARKS | {DELIVERY.name.lower()}


def as_call(captured: Captured, call_headers: str | None = None) -> Captured:
    """The call that a question names, with the question. A request that is no question stays as it is.

    Two pairs of headers can name the call. The server reads the pair that begins with `call_headers`, and ignores the
    other. Without `call_headers`, the pair that the question has is read.
    """
    request = captured.request
    names = {name.lower() for name, _ in request.headers} & _MARKS
    if not names or not request.path.endswith(PATH):
        return captured
    forwarded = call_headers == "x-forwarded" if call_headers else not names & _OURS.keys()
    return captured._replace(request=_call(_as_read(request) if forwarded else request))


def _as_read(question: Request) -> Request:
    """The question with X-Forwarded-Method and -Uri under the names of the documents, as the server reads it."""
    kept = [(name, value) for name, value in question.headers if name.lower() not in {*_OURS, DELIVERY.name.lower()}]
    return replace(question, headers=tuple((_FORWARDED.get(name.lower(), name), value) for name, value in kept))


def _call(question: Request) -> Request:
    headers = tuple((name, value) for name, value in question.headers if name.lower() not in _NOT_OF_THE_CALL)
    method, uri = question.get(METHOD.name), question.get(URI.name)
    # The server reads no body of a GET.
    body = b"" if question.method == "GET" else question.body
    return replace(question, method=method, target=uri, headers=headers, body=body, authorize_request=question)
