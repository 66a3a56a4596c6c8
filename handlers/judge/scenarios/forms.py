"""The forms that honest clients send: seen on the wire or in the sources of published clients. Each is served."""

from collections.abc import Callable, Sequence
from datetime import UTC

from handlers.judge.exchange import CONTENT_TYPE, Request
from handlers.judge.expectations import served
from handlers.judge.player import Player
from handlers.judge.scenario import ASPI, NICO, Scenario, Severity, each

_EMPTY = ("Authorization", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")
_FOREIGN = (("User-Agent", "axios/1.21.1"), ("debug-id", ""), ("accept-language", "*"), ("sec-fetch-mode", "cors"))


def _additional_info(value: str) -> Callable[[Player], Sequence[Request]]:
    body = f'{{"grantType": "client_credentials", "additionalInfo": {value}}}'.encode()
    return lambda player: [player.genuine().with_body(body)]


def _body(body: bytes) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.genuine().with_body(body)]


def _content_type(*values: str) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.genuine().with_header(CONTENT_TYPE, value) for value in values]


def _timestamp(form: str) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.at(player.moment().astimezone(UTC).strftime(form))]


def _untyped(player: Player) -> Sequence[Request]:
    return [player.genuine().without(CONTENT_TYPE)]


def _spelt(player: Player) -> Sequence[Request]:
    return [player.genuine().spelt(str.lower), player.genuine().spelt(str.upper)]


def _with_empty_headers(player: Player) -> Sequence[Request]:
    request = player.genuine()
    for name in _EMPTY:
        request = request.with_header(name, "")
    return [request]


def _with_foreign_headers(player: Player) -> Sequence[Request]:
    request = player.genuine()
    for name, value in _FOREIGN:
        request = request.with_header(name, value)
    return [request]


def _chunked(player: Player) -> Sequence[Request]:
    whole = player.genuine()
    return [Request(whole.headers, whole.body, chunked=True)]


def _form(name: str, says: str, source: str, asks: Callable[[Player], Sequence[Request]]) -> Scenario:
    return Scenario(f"form.{name}", Severity.MAJOR, says, source, asks, each(served))


def _info(name: str, value: str, source: str) -> Scenario:
    says = f"additionalInfo {value} is served, as nothing is asked of it and clients differ."
    return _form(f"additional_info_{name}", says, source, _additional_info(value))


def _instant(name: str, shown: str, form: str, source: str) -> Scenario:
    says = f"A timestamp that ends in {shown} is served, as it names an instant like any other and is signed as sent."
    return _form(f"timestamp_{name}", says, source, _timestamp(form))


SCENARIOS = (
    _form(
        "content_type_case",
        "Application/JSON is served, as media types have no case and NICEPAY's own clients write it so.",
        "python-nicepay, nodejs-nicepay, golang-nicepay (official NICEPAY clients); RFC 9110, 8.3.1",
        _content_type("Application/JSON", "Application/Json"),
    ),
    _form(
        "content_type_charset",
        "A charset that means UTF-8 is served, as many HTTP clients add one.",
        "sources of published clients; RFC 9110, 8.3.2",
        _content_type("application/json; charset=utf-8", 'application/json;charset="UTF-8"'),
    ),
    _form(
        "content_type_absent",
        "A request without Content-Type is served, as some clients send none.",
        "sources of published clients",
        _untyped,
    ),
    _info("list", "[]", "php-nicepay (official NICEPAY client)"),
    _info("text", '""', "python-nicepay (official NICEPAY client), doku-python-library"),
    _info("object_in_text", '"{}"', "sources of published clients"),
    _info("null", "null", "sources of published clients"),
    _info("with_members", '{"channel": {"ids": [1, 2.5, true]}}', f"{ASPI}, request body: Object"),
    _form(
        "additional_info_absent",
        "A body without additionalInfo is served, as the member is optional.",
        f"{ASPI}, request body; doku-nodejs-library, snap-bi-js",
        _body(b'{"grantType":"client_credentials"}'),
    ),
    _form(
        "json_whitespace",
        "Line breaks, spaces and another order of members are served, as they mean the same JSON.",
        "RFC 8259, 2 and 4; golang-nicepay (official NICEPAY client)",
        _body(b'\r\n{\n\t"additionalInfo" : { } ,\n\t"grantType" : "client_credentials"\n}\n'),
    ),
    _form(
        "json_escapes",
        "Escaped characters are served, as they mean the same JSON.",
        "RFC 8259, 7",
        _body(rb'{"grant\u0054ype":"client\u005fcredentials","additionalInfo":{}}'),
    ),
    _form(
        "header_case",
        "Header names in small or capital letters are served, as names have no case.",
        "RFC 9110, 5.1; golang-nicepay (official NICEPAY client)",
        _spelt,
    ),
    _form(
        "empty_headers",
        f"Empty {', '.join(_EMPTY)} are served, as clients of SNAP send them along with every call.",
        "snap-bi-js",
        _with_empty_headers,
    ),
    _form(
        "unknown_headers",
        "Headers of no meaning here are served, as libraries and proxies add them.",
        "midtrans-client, snap-bi-js; RFC 9110, 5.1",
        _with_foreign_headers,
    ),
    _instant("utc", "Z", "%Y-%m-%dT%H:%M:%SZ", f"doku-python-library; {ASPI}, X-TIMESTAMP: TZD"),
    _instant("zero", "+00:00", "%Y-%m-%dT%H:%M:%S+00:00", "golang-nicepay (official NICEPAY client)"),
    _instant("negative_zero", "-00:00", "%Y-%m-%dT%H:%M:%S-00:00", "doku-nodejs-library"),
    _instant("milliseconds", ".190Z", "%Y-%m-%dT%H:%M:%S.190Z", "midtrans-client; SNAP v1.0.2: .SSSTZD"),
    _form(
        "chunked",
        "A chunked body is served, as every HTTP/1.1 recipient must read one.",
        f"RFC 9112, 7.1; {NICO} names no Content-Length",
        _chunked,
    ),
)
