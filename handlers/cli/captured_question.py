"""What a proxy asks the internal listener about a call, read as the call."""

from dataclasses import replace

from handlers.cli.captured import Captured, with_host
from handlers.doctor.request import Request
from handlers.server.internal import AUTHORIZE

_METHOD_AND_URI = (("X-Original-Method", "X-Original-URI"), ("X-Forwarded-Method", "X-Forwarded-Uri"))
_NOT_OF_THE_CALL = frozenset(
    {*(name.lower() for names in _METHOD_AND_URI for name in names), "x-internal-authorization"}
)


def as_call(captured: Captured, call_headers: str = "x-original") -> Captured:
    """The call that a question names; whatever is no question stays as it is.

    If both pairs of headers are there, the one that begins like this is read: the server takes no notice of the other.

    Raises:
        MisuseError: the URI that it names is none.
    """
    request = captured.request
    for method, uri in sorted(_METHOD_AND_URI, key=lambda pair: not pair[0].lower().startswith(call_headers)):
        if request.path.endswith(AUTHORIZE) and request.get(method) and request.get(uri):
            return captured._replace(request=_call(request, request.get(method), request.get(uri)))
    return captured


def _call(question: Request, method: str, uri: str) -> Request:
    kept = [(name, value) for name, value in question.headers if name.lower() not in _NOT_OF_THE_CALL]
    target, headers = with_host(uri, kept)
    return replace(question, method=method, target=target, headers=headers)
