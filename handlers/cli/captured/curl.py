"""The request that a curl command would send."""

import re
from argparse import ArgumentParser, Namespace
from typing import Never

from handlers.cli.captured.captured_request import CapturedRequest, parse_error, with_host
from handlers.cli.captured.shell_words import words
from handlers.cli.simulator.signed_request import shell_variable
from handlers.doctor.authorize_request import MASKED_SECRET, SECRET_HEADER
from handlers.doctor.request import Request

_FORM = "a curl command"
_TYPE = "content-type"
_VARIABLE = f"${shell_variable(SECRET_HEADER)}"
"""The shell variable that stands for the internal secret in a command of `snap-token curl`."""

_REPLACED = {
    "curly quotes in place of straight quotes": "\u201c\u201d\u201e\u2018\u2019\u00ab",
    "a long dash in place of --": "\u2013\u2014",
}
"""Characters that text programs put into a command. No word of a command begins with one of them."""

_NAME = re.compile(r"--[a-z][a-z0-9.-]*|-[A-Za-z#]")
_FLAGS = (
    "-k --insecure -s --silent -S --show-error -i --include -v --verbose -L --location --compressed -f --fail",
    "-g --globoff -4 --ipv4 -6 --ipv6 -N --no-buffer --fail-with-body -# --progress-bar -0 --http1.0 --http1.1 --http2",
    "--http2-prior-knowledge --tlsv1.2 --tlsv1.3 --location-trusted --post301 --post302 --path-as-is",
)
_WITH_VALUE = (
    "-A --user-agent -m --max-time -o --output -w --write-out --cacert -E --cert --key --connect-timeout --resolve",
    "-b --cookie -c --cookie-jar -e --referer -x --proxy --noproxy --retry --retry-delay --ciphers -D --dump-header",
)


class _Parser(ArgumentParser):
    """The options of curl that change the request, and the options that can be ignored."""

    def error(self, message: str) -> Never:
        raise parse_error(_FORM, message.partition("'")[0])  # The quoted part is a value, which may be a secret.


def _parser() -> _Parser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("-X", "--request", dest="method")
    parser.add_argument("-H", "--header", dest="headers", action="append", default=[])
    parser.add_argument("-d", "--data", "--data-ascii", "--data-binary", dest="data", action="append", default=[])
    parser.add_argument("--data-raw", dest="raw", action="append", default=[])
    parser.add_argument("--json", action="append", default=[])
    parser.add_argument("--url", dest="urls", action="append", default=[])
    parser.add_argument("positional", nargs="*")
    for option in " ".join(_FLAGS).split():
        parser.add_argument(option, action="store_true", dest="flag")
    for option in " ".join(_WITH_VALUE).split():
        parser.add_argument(option, dest="ignored")
    return parser


def from_curl(command: bytes) -> CapturedRequest:
    """The request of one command, which may have several lines. The bytes of the body are not changed.

    Raises:
        UsageError: the command cannot be read, or it takes its body or headers from a file.
    """
    try:
        _, *arguments = words(command.decode("latin-1"))
    except ValueError as error:
        _require_typed(command.decode("latin-1").split())
        raise parse_error(_FORM, error) from error
    _require_typed(arguments)
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        raise parse_error(_FORM, f"it has options that are not supported: {_names(unknown)}; leave them out")
    urls = [*options.urls, *options.positional]
    if len(urls) != 1:
        raise parse_error(_FORM, f"it has {len(urls)} URLs; it must have one")
    body = _body(options)
    method = options.method or ("GET" if body is None else "POST")
    # Curl adds http:// to a URL without a scheme.
    url = urls[0] if "://" in urls[0] else f"http://{urls[0]}"
    target, headers = with_host(url, _headers(options, body))
    return CapturedRequest(Request(method, target, headers, body or b""))


def _require_typed(arguments: list[str]) -> None:
    """Require words that a shell reads as the person meant them."""
    first = {word.encode("latin-1").decode("utf-8", "replace")[:1] for word in arguments} - {""}
    for what, characters in _REPLACED.items():
        if first & set(characters):
            raise parse_error(_FORM, f"it has {what}, which a text program put there; type them again")


def _names(unknown: list[str]) -> str:
    """The names of the options only. The values beside them may be secrets."""
    return ", ".join(name[0] for name in map(_NAME.match, unknown) if name) or "one without a name"


def _body(options: Namespace) -> bytes | None:
    texts = [*options.data, *options.json]
    if any(text.startswith("@") for text in texts):
        raise parse_error(_FORM, "its body is in another file; write the body itself in place of @ and the file name")
    texts += options.raw
    return "&".join(texts).encode("latin-1") if texts else None


def _headers(options: Namespace, body: bytes | None) -> list[tuple[str, str]]:
    """The headers that curl sends.

    `Name: value` sends the header, `Name;` sends it empty, and `Name:` does not send it. The default Content-Type of a
    body is that of a form.
    """
    headers: list[tuple[str, str]] = []
    named = set()
    for line in options.headers:
        if line.startswith("@"):
            raise parse_error(_FORM, "its headers are in another file; write them in place of @ and the file name")
        name, colon, value = line.partition(":")
        named.add(name.strip().lower())
        if value.strip():
            headers.append((name.strip(), MASKED_SECRET if value.strip() == _VARIABLE else value.strip()))
        elif not colon and name.endswith(";"):
            headers.append((name[:-1].strip(), ""))
    if body is not None and _TYPE not in named:
        headers.append(("Content-Type", "application/json" if options.json else "application/x-www-form-urlencoded"))
    return headers
