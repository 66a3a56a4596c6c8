"""The request of a `fetch` call, as browsers copy it: the URL and the options are JSON."""

import json

from pydantic import BaseModel, ValidationError

from handlers.cli.captured.captured_request import CapturedRequest, parse_error, with_host
from handlers.doctor.request import Request

_FORM = "a fetch call"


class _Options(BaseModel):
    method: str = "GET"
    headers: dict[str, str] = {}
    body: str | None = None


def from_fetch(text: bytes) -> CapturedRequest:
    """The request of the first call in the text, which begins with `fetch(`.

    Raises:
        UsageError: the call has anything but JSON in its brackets, such as a variable.
    """
    decoder = json.JSONDecoder()
    call = text.decode("utf-8", "replace").partition("(")[2].lstrip()
    try:
        url, end = decoder.raw_decode(call)
        rest = call[end:].lstrip()
        value = decoder.raw_decode(rest[1:].lstrip())[0] if rest.startswith(",") else {}
        options = _Options.model_validate(value)
    except (ValidationError, ValueError, RecursionError) as error:
        message = "its URL and its options must be JSON; in a browser choose Copy as fetch or Copy as cURL (bash)"
        raise parse_error(_FORM, message) from error
    target, headers = with_host(str(url), list(options.headers.items()))
    return CapturedRequest(Request(options.method, target, headers, (options.body or "").encode()))
