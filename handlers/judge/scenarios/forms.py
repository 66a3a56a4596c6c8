"""Variants that honest clients send. They were captured, or found in the source of published clients."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from handlers.judge.exchange import CONTENT_TYPE, Request
from handlers.judge.expectations import token_issued
from handlers.judge.scenario import ASPI, NICO, Requests, Scenario, Severity, each
from handlers.judge.signer import Signer

_EMPTY_HEADERS = ("Authorization", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")
_UNKNOWN_HEADERS = (
    ("User-Agent", "axios/1.21.1"),
    ("debug-id", ""),
    ("accept-language", "*"),
    ("sec-fetch-mode", "cors"),
)


def _additional_info(value: str) -> Requests:
    body = f'{{"grantType": "client_credentials", "additionalInfo": {value}}}'.encode()
    return lambda signer: [signer.valid_request().with_body(body)]


def _body(body: bytes) -> Requests:
    return lambda signer: [signer.valid_request().with_body(body)]


def _content_type(*values: str) -> Requests:
    return lambda signer: [signer.valid_request().with_header(CONTENT_TYPE, value) for value in values]


def _timestamp(form: str) -> Requests:
    return lambda signer: [signer.signed_request(signer.unused_second().astimezone(UTC).strftime(form))]


def _without_content_type(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().without_header(CONTENT_TYPE)]


def _header_case(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().with_header_names(str.lower), signer.valid_request().with_header_names(str.upper)]


def _with_empty_headers(signer: Signer) -> Sequence[Request]:
    request = signer.valid_request()
    for name in _EMPTY_HEADERS:
        request = request.with_header(name, "")
    return [request]


def _with_unknown_headers(signer: Signer) -> Sequence[Request]:
    request = signer.valid_request()
    for name, value in _UNKNOWN_HEADERS:
        request = request.with_header(name, value)
    return [request]


def _chunked(signer: Signer) -> Sequence[Request]:
    request = signer.valid_request()
    return [replace(request, chunked=True)]


def _form(name: str, rule: str, source: str, requests: Requests) -> Scenario:
    return Scenario(f"form.{name}", Severity.MAJOR, rule, source, requests, each(token_issued))


def _info(name: str, value: str, source: str) -> Scenario:
    rule = f"A request with additionalInfo {value} gets a token, because clients differ in this member."
    return _form(f"additional_info_{name}", rule, source, _additional_info(value))


def _instant(name: str, shown: str, form: str, source: str) -> Scenario:
    rule = f"A timestamp that ends in {shown} gets a token, because it is a valid ISO 8601 time and is signed as sent."
    return _form(f"timestamp_{name}", rule, source, _timestamp(form))


SCENARIOS = (
    _form(
        "content_type_case",
        "Content-Type Application/JSON gets a token, because media types have no case and NICEPAY's clients send it.",
        "python-nicepay, nodejs-nicepay, golang-nicepay (official NICEPAY clients); RFC 9110, 8.3.1",
        _content_type("Application/JSON", "Application/Json"),
    ),
    _form(
        "content_type_charset",
        "A charset that means UTF-8 gets a token, because many HTTP clients add one.",
        "sources of published clients; RFC 9110, 8.3.2",
        _content_type("application/json; charset=utf-8", 'application/json;charset="UTF-8"'),
    ),
    _form(
        "content_type_absent",
        "A request without Content-Type gets a token, because some clients send none.",
        "sources of published clients",
        _without_content_type,
    ),
    _info("list", "[]", "php-nicepay (official NICEPAY client)"),
    _info("text", '""', "python-nicepay (official NICEPAY client), doku-python-library"),
    _info("object_in_text", '"{}"', "sources of published clients"),
    _info("null", "null", "sources of published clients"),
    _info("with_members", '{"channel": {"ids": [1, 2.5, true]}}', f"{ASPI}, request body: Object"),
    _form(
        "additional_info_absent",
        "A body without additionalInfo gets a token, because the member is optional.",
        f"{ASPI}, request body; doku-nodejs-library, snap-bi-js",
        _body(b'{"grantType":"client_credentials"}'),
    ),
    _form(
        "json_whitespace",
        "A body with line breaks, spaces and another order of members gets a token, because it means the same JSON.",
        "RFC 8259, 2 and 4; golang-nicepay (official NICEPAY client)",
        _body(b'\r\n{\n\t"additionalInfo" : { } ,\n\t"grantType" : "client_credentials"\n}\n'),
    ),
    _form(
        "json_escapes",
        "A body with escaped characters gets a token, because it means the same JSON.",
        "RFC 8259, 7",
        _body(rb'{"grant\u0054ype":"client\u005fcredentials","additionalInfo":{}}'),
    ),
    _form(
        "header_case",
        "Header names in lowercase or uppercase get a token, because header names have no case.",
        "RFC 9110, 5.1; golang-nicepay (official NICEPAY client)",
        _header_case,
    ),
    _form(
        "empty_headers",
        f"Empty {', '.join(_EMPTY_HEADERS)} headers get a token, because SNAP clients send them with every request.",
        "snap-bi-js",
        _with_empty_headers,
    ),
    _form(
        "unknown_headers",
        "A request with unknown headers gets a token, because libraries and proxies add such headers.",
        "midtrans-client, snap-bi-js; RFC 9110, 5.1",
        _with_unknown_headers,
    ),
    _instant("utc", "Z", "%Y-%m-%dT%H:%M:%SZ", f"doku-python-library; {ASPI}, X-TIMESTAMP: TZD"),
    _instant("zero", "+00:00", "%Y-%m-%dT%H:%M:%S+00:00", "golang-nicepay (official NICEPAY client)"),
    _instant("negative_zero", "-00:00", "%Y-%m-%dT%H:%M:%S-00:00", "doku-nodejs-library"),
    _instant("milliseconds", ".190Z", "%Y-%m-%dT%H:%M:%S.190Z", "midtrans-client; SNAP v1.0.2: .SSSTZD"),
    _form(
        "chunked",
        "A chunked body gets a token, because every HTTP/1.1 server must accept one.",
        f"RFC 9112, 7.1; {NICO} names no Content-Length",
        _chunked,
    ),
)
