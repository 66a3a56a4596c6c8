"""One fault for each scenario of the judge, and the other scenarios that also find it."""

from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import replace
from gzip import compress
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm

from handlers.judge.scenarios.answers import MARKER
from handlers.judge.signer import UNKNOWN_CLIENT_KEY
from tests.judge.faulty import Answer, Condition, Fault, Request, Server, accepts, alters, fails, refusal, refuses
from tests.judge.traits import (
    GRANT,
    additional_info,
    is_behind,
    members,
    raw,
    signed,
    string_of_a_second_before,
    string_to_sign,
    timestamp,
    timestamp_ends,
)
from tests.nicepay import CLIENT_KEY, Nicepay

RIGHT_LENGTH = 256


class PlantedFault(NamedTuple):
    """A fault, and the scenarios that find it in addition to its own."""

    fault: Fault
    also: frozenset[str] = frozenset()


def _is_success(_request: Request, answer: Answer) -> bool:
    return answer.status == 200


def _is_refusal(_request: Request, answer: Answer) -> bool:
    return answer.status >= 400


def _has_code(code: str, field: str = "") -> Callable[[Request, Answer], bool]:
    return lambda _request, answer: (
        answer.status >= 400
        and answer.members["responseCode"] == code
        and answer.members["responseMessage"].endswith(field)
    )


def _member(when: Callable[[Request, Answer], bool], **changed: object) -> PlantedFault:
    return PlantedFault(alters(lambda answer: answer.member(**changed), when))


def _header(when: Callable[[Request, Answer], bool], name: str, value: str | None) -> PlantedFault:
    return PlantedFault(
        alters(lambda answer: answer.without(name) if value is None else answer.header(name, value), when)
    )


def _body(when: Callable[[Request, Answer], bool], change: Callable[[bytes], bytes]) -> PlantedFault:
    return PlantedFault(alters(lambda answer: replace(answer, body=change(answer.body)), when))


def with_duplicate(body: bytes) -> bytes:
    """The body with a second accessToken."""
    return body.replace(b"{", b'{"accessToken":"A",', 1)


def _refuses(when: Condition, code: str = "4007300", message: str = "Bad Request") -> PlantedFault:
    return PlantedFault(refuses(when, code, message))


def _fails(when: Condition) -> PlantedFault:
    return PlantedFault(fails(when))


def _refuses_repeats() -> Fault:
    """Refuses a request that it has served before."""
    served: set[str | None] = set()

    async def fault(request: Request, server: Server) -> Answer:
        signature = request.header("x-signature")
        answer = refusal("4097300", "Conflict") if signature in served else await server(request)
        if answer.status == 200:
            served.add(signature)
        return answer

    return fault


def _breaks_after_huge_body() -> Fault:
    """Fails for every request after a huge body."""
    broken = False

    async def fault(request: Request, server: Server) -> Answer:
        nonlocal broken
        answer = refusal("5007300", "General Error") if broken else await server(request)
        broken = broken or len(request.body) > 1_000_000
        return answer

    return fault


def _redirects(when: Condition) -> Fault:
    async def fault(request: Request, server: Server) -> Answer:
        answer = await server(request)
        return Answer(307, {"location": request.path.rstrip("/")}, b"") if when(request) else answer

    return fault


def _success() -> dict[str, PlantedFault]:
    return {
        "success.issued": _refuses(lambda _request: True, "4017300", "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"),
        "success.encoding": _body(_is_success, lambda body: BOM_UTF8 + body),
        "success.json": _body(_is_success, lambda body: body + b"\n<!-- served -->"),
        "success.members_once": _body(_is_success, with_duplicate),
        "success.not_compressed": PlantedFault(
            alters(
                lambda answer: replace(answer.header("content-encoding", "gzip"), body=compress(answer.body)),
                _is_success,
            )
        ),
        "success.code": _member(_is_success, responseCode="2000000"),
        "success.message": _member(_is_success, responseMessage="OK"),
        "success.code_is_text": _member(_is_success, responseCode=2007300),
        "success.token_length": _member(_is_success, accessToken="A" * 151),
        "success.token_alphabet": _member(_is_success, accessToken="two words"),
        "success.token_type": _member(_is_success, tokenType="BearerToken"),
        "success.expires_in_is_text": _member(_is_success, expiresIn=900),
        "success.expires_in_value": _member(_is_success, expiresIn="3600"),
        "success.additional_info": _member(_is_success, additionalInfo=""),
        "success.media_type": _header(_is_success, "content-type", "text/html"),
        "success.timestamp_header": _header(_is_success, "x-timestamp", "Thu, 22 Jan 2026 05:00:01 GMT"),
        "success.timestamp_is_now": _header(_is_success, "x-timestamp", "2024-01-22T15:00:01+07:00"),
        "success.client_key_header": _header(_is_success, "x-client-key", "SOMEBODY-ELSE"),
        "success.not_stored": _header(_is_success, "cache-control", "max-age=900"),
        "success.repeated": PlantedFault(_refuses_repeats()),
    }


def _content_type(holds: Callable[[str], bool]) -> PlantedFault:
    return _refuses(lambda request: holds(request.header("content-type") or ""), "4157300", "Unsupported Media Type")


def _forms() -> dict[str, PlantedFault]:
    stamp = "4007301", "Invalid Field Format X-TIMESTAMP"
    return {
        "form.content_type_case": _content_type(lambda value: "J" in value),
        "form.content_type_charset": _content_type(lambda value: "utf-8" in value.lower()),
        "form.content_type_absent": _content_type(lambda value: not value),
        "form.additional_info_list": _refuses(additional_info(lambda value: value == [])),
        "form.additional_info_text": _refuses(additional_info(lambda value: value == "")),
        "form.additional_info_object_in_text": _refuses(additional_info(lambda value: value == "{}")),
        "form.additional_info_null": _refuses(additional_info(lambda value: value is None)),
        "form.additional_info_with_members": _refuses(
            additional_info(lambda value: isinstance(value, dict) and bool(value))
        ),
        "form.additional_info_absent": _refuses(additional_info(lambda value: value is ...)),
        "form.json_whitespace": _refuses(lambda request: request.body[:1].isspace()),
        "form.json_escapes": _refuses(lambda request: rb"\u005f" in request.body),
        "form.empty_headers": _refuses(lambda request: request.header("authorization") == ""),
        "form.unknown_headers": _refuses(lambda request: request.header("debug-id") is not None),
        "form.timestamp_utc": _refuses(timestamp_ends("Z"), *stamp),
        "form.timestamp_zero": _refuses(timestamp_ends("+00:00"), *stamp),
        "form.timestamp_negative_zero": _refuses(timestamp_ends("-00:00"), *stamp),
        "form.timestamp_milliseconds": _refuses(lambda request: "." in timestamp(request), *stamp),
        "form.chunked": _refuses(lambda request: request.header("transfer-encoding") is not None),
    }


def _absent(name: str) -> PlantedFault:
    return _refuses(lambda request: request.header(name) is None, "4007301", f"Invalid Field Format {name}")


def _syntax(nicepay: Nicepay) -> dict[str, PlantedFault]:
    def accepted(when: Condition) -> PlantedFault:
        return PlantedFault(accepts(when, nicepay))

    def grant(holds: Callable[[Any], bool]) -> PlantedFault:
        return accepted(lambda request: "grantType" in members(request) and holds(members(request)["grantType"]))

    mandatory = ("x-timestamp", "x-client-key", "x-signature")
    return {
        "syntax.without_x_timestamp": _absent("x-timestamp"),
        "syntax.without_x_client_key": _absent("x-client-key"),
        "syntax.without_x_signature": _absent("x-signature"),
        "syntax.empty_headers": _refuses(
            lambda request: "" in [request.header(name) for name in mandatory], "4017300", "Unauthorized. X-SIGNATURE"
        ),
        "syntax.two_x_timestamp": accepted(lambda request: request.count("x-timestamp") == 2),
        "syntax.two_x_client_key": accepted(lambda request: request.count("x-client-key") == 2),
        "syntax.two_x_signature": accepted(lambda request: request.count("x-signature") == 2),
        "syntax.signature_not_base64": _fails(lambda request: "!" in (request.header("x-signature") or "")),
        "syntax.body_empty": _fails(lambda request: request.method == "POST" and not request.body),
        "syntax.body_not_json": _member(
            lambda request, answer: answer.status == 400 and bool(request.body) and request.json is ...,
            responseCode="4007301",
            responseMessage="Invalid Field Format body",
        ),
        "syntax.body_not_object": _fails(lambda request: request.json is None),
        "syntax.grant_type_missing": _refuses(
            lambda request: isinstance(request.json, dict) and "grantType" not in request.json,
            "4007301",
            "Invalid Field Format grantType",
        ),
        "syntax.grant_type_empty": grant(lambda value: value in (None, "")),
        "syntax.grant_type_wrong": grant(lambda value: value == GRANT.upper()),
        "syntax.grant_type_not_text": grant(lambda value: isinstance(value, list)),
        "syntax.media_type": accepted(lambda request: request.header("content-type") == "text/plain"),
    }


def _timestamps(nicepay: Nicepay) -> dict[str, PlantedFault]:
    genuine = signed(nicepay, string_to_sign)

    def accepted(when: Condition, *also: str) -> PlantedFault:
        return PlantedFault(accepts(lambda request: genuine(request) and when(request), nicepay), frozenset(also))

    return {
        "timestamp.stale": accepted(is_behind(3600)),
        "timestamp.code": _refuses(is_behind(3600), "4037300", "Forbidden"),
        "timestamp.future": accepted(is_behind(-3600)),
        "timestamp.yesterday": accepted(is_behind(86_400)),
        "timestamp.local_time_labelled_jakarta": accepted(is_behind(25_200)),
        "timestamp.malformed": _refuses(
            lambda request: "/" in timestamp(request), "4017300", "Unauthorized. X-TIMESTAMP"
        ),
        "timestamp.without_offset": accepted(
            lambda request: len(timestamp(request)) == 19 and "T" in timestamp(request)
        ),
        "timestamp.impossible": _fails(lambda request: "-02-30T" in timestamp(request)),
    }


def _forged(nicepay: Nicepay, stranger: Nicepay) -> dict[str, PlantedFault]:
    def accepted(when: Condition, *also: str) -> PlantedFault:
        return PlantedFault(accepts(when, nicepay), frozenset(also))

    def own(text: Callable[[Request], str], *algorithms: HashAlgorithm) -> PlantedFault:
        tried = [signed(nicepay, text, algorithm) for algorithm in algorithms or [SHA256()]]
        return accepted(
            lambda request: any(each(request) for each in tried) and request.header("x-client-key") == CLIENT_KEY
        )

    genuine, foreign = signed(nicepay, string_to_sign), signed(stranger, string_to_sign)
    return {
        "forged.unknown_client": accepted(
            lambda request: request.header("x-client-key") == UNKNOWN_CLIENT_KEY and genuine(request)
        ),
        "forged.another_key": accepted(foreign, "forged.indistinguishable", "answer.members", "answer.challenge"),
        "forged.code": PlantedFault(
            alters(lambda answer: answer.member(responseCode="4017301"), _has_code("4017300", "SIGNATURE")),
            frozenset({"answer.message_unauthorized"}),
        ),
        "forged.another_second": own(string_of_a_second_before),
        "forged.another_client": own(lambda request: f"{UNKNOWN_CLIENT_KEY}|{timestamp(request)}"),
        "forged.reversed": own(lambda request: f"{timestamp(request)}|{CLIENT_KEY}"),
        "forged.another_hash": own(string_to_sign, SHA1(), SHA512()),  # noqa: S303  the fault accepts it
        "forged.another_padding": accepted(
            signed(nicepay, string_to_sign, padding=PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH))
        ),
        "forged.bad_padding": accepted(lambda request: raw(request).endswith(b"UUUU"), "forged.indistinguishable"),
        "forged.wrong_length": _fails(
            lambda request: request.count("x-signature") == 1 and 0 < len(raw(request)) != RIGHT_LENGTH
        ),
        "forged.injected_client": accepted(lambda request: "'" in (request.header("x-client-key") or "")),
        "forged.indistinguishable": PlantedFault(
            alters(
                lambda answer: answer.member(responseMessage="Unauthorized. Unknown client"),
                lambda request, answer: answer.status == 401 and request.header("x-client-key") == UNKNOWN_CLIENT_KEY,
            )
        ),
    }


def _answers() -> dict[str, PlantedFault]:
    def echoed(answer: Answer) -> Answer:
        return answer.member(responseMessage=f"{answer.members['responseMessage']} {MARKER}")

    return {
        "answer.code_is_text": PlantedFault(
            alters(lambda answer: answer.member(responseCode=int(answer.members["responseCode"])), _is_refusal)
        ),
        "answer.readable": _body(_is_refusal, lambda body: BOM_UTF8 + body),
        "answer.members": _member(_is_refusal, trace="Traceback (most recent call last)"),
        "answer.message_length": PlantedFault(
            alters(
                lambda answer: answer.member(responseMessage=answer.members["responseMessage"] + "." * 150), _is_refusal
            )
        ),
        "answer.media_type": _header(_is_refusal, "content-type", "application/problem+json"),
        "answer.timestamp_header": _header(_is_refusal, "x-timestamp", None),
        "answer.client_key_header": _header(_is_refusal, "x-client-key", None),
        "answer.challenge": _header(_is_refusal, "www-authenticate", None),
        "answer.message_unauthorized": _member(_has_code("4017300"), responseMessage="Signature mismatch"),
        "answer.message_bad_request": _member(_has_code("4007300"), responseMessage="Oops"),
        "answer.message_of_format": _member(
            _has_code("4007301", "X-TIMESTAMP"), responseMessage="Invalid Field Format"
        ),
        "answer.message_of_header": _member(
            _has_code("4007302", "X-SIGNATURE"), responseMessage="Invalid Mandatory Field"
        ),
        "answer.message_of_member": _member(
            _has_code("4007302", "grantType"), responseMessage="Invalid Mandatory Field"
        ),
        "answer.no_echo": PlantedFault(
            alters(echoed, lambda request, answer: _is_refusal(request, answer) and timestamp(request) == MARKER)
        ),
    }


def _http(nicepay: Nicepay) -> dict[str, PlantedFault]:
    def accepted(when: Condition) -> PlantedFault:
        return PlantedFault(accepts(when, nicepay))

    return {
        "http.get": accepted(lambda request: request.method == "GET"),
        "http.allow": _header(lambda _request, answer: answer.status == 405, "allow", None),
        "http.other_methods": accepted(lambda request: request.method == "PUT"),
        "http.another_path": accepted(lambda request: request.path.endswith("-of-another-service")),
        "http.trailing_slash": PlantedFault(_redirects(lambda request: request.path.endswith("/"))),
    }


def _hostile(nicepay: Nicepay) -> dict[str, PlantedFault]:
    def accepted(holds: Callable[[bytes], bool]) -> PlantedFault:
        return PlantedFault(accepts(lambda request: holds(request.body), nicepay))

    def failed(holds: Callable[[bytes], bool]) -> PlantedFault:
        return _fails(lambda request: holds(request.body))

    return {
        "hostile.invalid_utf8": failed(lambda body: b"\xff" in body),
        "hostile.deep_nesting": failed(lambda body: body.count(b"[") > 1_000),
        "hostile.big_integer": failed(lambda body: b"9" * 4_301 in body),
        "hostile.duplicate_members": accepted(lambda body: body.count(b"grantType") == 2),
        "hostile.not_a_number": accepted(lambda body: b"NaN" in body),
        "hostile.zero_byte": accepted(lambda body: rb"\u0000" in body),
        "hostile.lone_surrogate": failed(lambda body: rb"\ud800" in body),
        "hostile.unknown_charset": _fails(lambda request: "bogus" in (request.header("content-type") or "")),
        "hostile.client_key_not_ascii": _fails(lambda request: not (request.header("x-client-key") or "").isascii()),
        "hostile.client_key_long": PlantedFault(
            accepts(lambda request: len(request.header("x-client-key") or "") > 1_000, nicepay)
        ),
        "hostile.huge_body": accepted(lambda body: len(body) > 1_000_000),
        "hostile.survived": PlantedFault(_breaks_after_huge_body()),
    }


def planted(nicepay: Nicepay, stranger: Nicepay) -> dict[str, PlantedFault]:
    """Each fault by the name of the scenario that must find it, without the fault that an HTTP parser hides."""
    return {
        **_success(),
        **_forms(),
        **_syntax(nicepay),
        **_timestamps(nicepay),
        **_forged(nicepay, stranger),
        **_answers(),
        **_http(nicepay),
        **_hostile(nicepay),
    }


class Unreadable(NamedTuple):
    """A way to send JSON that real clients cannot read, the scenario that finds it, and what the judge says."""

    change: Callable[[Answer], Answer]
    scenario: str
    found: str


def _text(change: Callable[[str], str], encoding: str = "utf-8") -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, body=change(answer.body.decode()).encode(encoding))


def _same(text: str) -> str:
    return text


def _labelled(charset: str, change: Callable[[Answer], Answer]) -> Callable[[Answer], Answer]:
    return lambda answer: change(answer.header("content-type", f"application/json; charset={charset}"))


def _encoded(name: str, encode: Callable[[bytes], bytes]) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer.header("content-encoding", name), body=encode(answer.body))


def _with_member(text: str) -> Callable[[str], str]:
    return lambda body: f"{body[:-1]},{text}}}"


_ENCODING, _JSON, _ONCE = "success.encoding", "success.json", "success.members_once"
_ISSUED = "success.issued"
_BOM = "the body begins with a byte order mark (BOM)"

UNREADABLE = {
    "BOM": Unreadable(_text(lambda text: f"\ufeff{text}"), _ENCODING, _BOM),
    "UTF-16 with BOM": Unreadable(_text(_same, "utf-16"), _ENCODING, "the body is text in UTF-16, not in UTF-8"),
    "UTF-16LE": Unreadable(_text(_same, "utf-16-le"), _ENCODING, "the body is text in UTF-16, not in UTF-8"),
    "UTF-16BE, labelled": Unreadable(
        _labelled("utf-16", _text(_same, "utf-16-be")), _ENCODING, "the body is text in UTF-16, not in UTF-8"
    ),
    "UTF-32": Unreadable(_text(_same, "utf-32"), _ENCODING, "the body is text in UTF-32, not in UTF-8"),
    "Latin-1": Unreadable(
        _text(_with_member('"note":"\u00e9"'), "latin-1"), _ENCODING, "the body is not text in UTF-8: byte "
    ),
    "label": Unreadable(
        _labelled("iso-8859-1", _text(_same)), _ENCODING, "Content-Type has charset=iso-8859-1, not UTF-8"
    ),
    "accessToken twice": Unreadable(
        lambda answer: replace(answer, body=with_duplicate(answer.body)),
        _ONCE,
        "the body has the member accessToken twice",
    ),
    "a member twice, deeper": Unreadable(
        _text(_with_member('"more":[{"a":1,"a":1}]')), _ONCE, "the body has the member a twice"
    ),
    "NaN": Unreadable(_text(_with_member('"a":NaN')), _JSON, "the body is not JSON: NaN is no number of JSON"),
    "Infinity": Unreadable(_text(_with_member('"a":-Infinity')), _JSON, "the body is not JSON: -Infinity is no number"),
    "text behind": Unreadable(
        _text(lambda text: text + "0"), _JSON, "the body is not JSON: text follows the JSON value"
    ),
    "two objects": Unreadable(_text(lambda text: text * 2), _JSON, "the body is not JSON: text follows the JSON value"),
    "comment behind": Unreadable(_text(lambda text: text + "// ok"), _JSON, "the body is not JSON: it has a comment"),
    "comment before": Unreadable(
        _text(lambda text: "/* ok */" + text),
        _ISSUED,
        "expected a token, got HTTP 200 without a SNAP body; the body is not JSON: it has a comment",
    ),
    "text before": Unreadable(
        _text(lambda text: ")]}'," + text),
        _ISSUED,
        "expected a token, got HTTP 200 without a SNAP body; the body is not JSON: ",
    ),
    "trailing comma": Unreadable(
        _text(lambda text: text[:-1] + ",}"),
        _ISSUED,
        "expected a token, got HTTP 200 without a SNAP body; the body is not JSON: ",
    ),
    "single quotes": Unreadable(
        _text(lambda text: text.replace('"', "'")),
        _ISSUED,
        "expected a token, got HTTP 200 without a SNAP body; the body is not JSON: ",
    ),
    "JSONP": Unreadable(
        _text(lambda text: f"callback({text})"),
        _ISSUED,
        "expected a token, got HTTP 200 without a SNAP body; the body is not JSON: ",
    ),
    "empty": Unreadable(_text(lambda _: ""), _ISSUED, "expected a token, got HTTP 200 without a SNAP body"),
    "gzip": Unreadable(_encoded("gzip", compress), "success.not_compressed", "the answer has Content-Encoding gzip"),
    "compress": Unreadable(
        _encoded("compress", bytes), "success.not_compressed", "the answer has Content-Encoding compress"
    ),
}
"""If the judge cannot read the body at all, it finds no token, and nothing else is run."""
