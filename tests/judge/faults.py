"""One fault for each scenario of the judge, and which other scenarios see it too."""

from collections.abc import Callable
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm

from handlers.judge.player import NOBODY
from handlers.judge.scenarios.answers import MARKER
from tests.judge.faulty import Fault, Rest, Said, Seen, When, accepts, alters, fails, refusal, refuses
from tests.judge.traits import GRANT, as_sent, behind, ends, info, members, of_the_second_before, raw, signed, timestamp
from tests.nicepay import CLIENT_KEY, Nicepay

RIGHT_LENGTH = 256


class Planted(NamedTuple):
    """A fault, and the scenarios that see it beside its own."""

    fault: Fault
    also: frozenset[str] = frozenset()


def _good(_seen: Seen, said: Said) -> bool:
    return said.status == 200


def _bad(_seen: Seen, said: Said) -> bool:
    return said.status >= 400


def _coded(code: str, field: str = "") -> Callable[[Seen, Said], bool]:
    return lambda _seen, said: (
        said.status >= 400 and said.members["responseCode"] == code and said.members["responseMessage"].endswith(field)
    )


def _member(when: Callable[[Seen, Said], bool], **changed: object) -> Planted:
    return Planted(alters(lambda said: said.member(**changed), when))


def _header(when: Callable[[Seen, Said], bool], name: str, value: str | None) -> Planted:
    return Planted(alters(lambda said: said.without(name) if value is None else said.header(name, value), when))


def _refuses(when: When, code: str = "4007300", message: str = "Bad Request") -> Planted:
    return Planted(refuses(when, code, message))


def _fails(when: When) -> Planted:
    return Planted(fails(when))


def _once() -> Fault:
    """Refuses whatever it has served before."""
    served: set[str | None] = set()

    async def fault(seen: Seen, rest: Rest) -> Said:
        signature = seen.header("x-signature")
        said = refusal("4097300", "Conflict") if signature in served else await rest(seen)
        if said.status == 200:
            served.add(signature)
        return said

    return fault


def _dies() -> Fault:
    """Fails for good after a huge body."""
    broken = False

    async def fault(seen: Seen, rest: Rest) -> Said:
        nonlocal broken
        said = refusal("5007300", "General Error") if broken else await rest(seen)
        broken = broken or len(seen.body) > 1_000_000
        return said

    return fault


def _redirects(when: When) -> Fault:
    async def fault(seen: Seen, rest: Rest) -> Said:
        said = await rest(seen)
        return Said(307, {"location": seen.path.rstrip("/")}, b"") if when(seen) else said

    return fault


def _success() -> dict[str, Planted]:
    return {
        "success.issued": _refuses(lambda _seen: True, "4017300", "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"),
        "success.code": _member(_good, responseCode="2000000"),
        "success.message": _member(_good, responseMessage="OK"),
        "success.code_is_text": _member(_good, responseCode=2007300),
        "success.token_length": _member(_good, accessToken="A" * 151),
        "success.token_alphabet": _member(_good, accessToken="two words"),
        "success.token_type": _member(_good, tokenType="BearerToken"),
        "success.expires_in_is_text": _member(_good, expiresIn=900),
        "success.expires_in_value": _member(_good, expiresIn="3600"),
        "success.additional_info": _member(_good, additionalInfo=""),
        "success.media_type": _header(_good, "content-type", "text/html"),
        "success.timestamp_header": _header(_good, "x-timestamp", "Thu, 22 Jan 2026 05:00:01 GMT"),
        "success.timestamp_is_now": _header(_good, "x-timestamp", "2024-01-22T15:00:01+07:00"),
        "success.client_key_header": _header(_good, "x-client-key", "SOMEBODY-ELSE"),
        "success.not_stored": _header(_good, "cache-control", "max-age=900"),
        "success.repeated": Planted(_once()),
    }


def _content_type(holds: Callable[[str], bool]) -> Planted:
    return _refuses(lambda seen: holds(seen.header("content-type") or ""), "4157300", "Unsupported Media Type")


def _forms() -> dict[str, Planted]:
    stamp = "4007301", "Invalid Field Format X-TIMESTAMP"
    return {
        "form.content_type_case": _content_type(lambda value: "J" in value),
        "form.content_type_charset": _content_type(lambda value: "utf-8" in value.lower()),
        "form.content_type_absent": _content_type(lambda value: not value),
        "form.additional_info_list": _refuses(info(lambda value: value == [])),
        "form.additional_info_text": _refuses(info(lambda value: value == "")),
        "form.additional_info_object_in_text": _refuses(info(lambda value: value == "{}")),
        "form.additional_info_null": _refuses(info(lambda value: value is None)),
        "form.additional_info_with_members": _refuses(info(lambda value: isinstance(value, dict) and bool(value))),
        "form.additional_info_absent": _refuses(info(lambda value: value is ...)),
        "form.json_whitespace": _refuses(lambda seen: seen.body[:1].isspace()),
        "form.json_escapes": _refuses(lambda seen: rb"\u005f" in seen.body),
        "form.empty_headers": _refuses(lambda seen: seen.header("authorization") == ""),
        "form.unknown_headers": _refuses(lambda seen: seen.header("debug-id") is not None),
        "form.timestamp_utc": _refuses(ends("Z"), *stamp),
        "form.timestamp_zero": _refuses(ends("+00:00"), *stamp),
        "form.timestamp_negative_zero": _refuses(ends("-00:00"), *stamp),
        "form.timestamp_milliseconds": _refuses(lambda seen: "." in timestamp(seen), *stamp),
        "form.chunked": _refuses(lambda seen: seen.header("transfer-encoding") is not None),
    }


def _absent(name: str) -> Planted:
    return _refuses(lambda seen: seen.header(name) is None, "4007301", f"Invalid Field Format {name}")


def _syntax(nicepay: Nicepay) -> dict[str, Planted]:
    def taken(when: When) -> Planted:
        return Planted(accepts(when, nicepay))

    def grant(holds: Callable[[Any], bool]) -> Planted:
        return taken(lambda seen: "grantType" in members(seen) and holds(members(seen)["grantType"]))

    mandatory = ("x-timestamp", "x-client-key", "x-signature")
    return {
        "syntax.without_x_timestamp": _absent("x-timestamp"),
        "syntax.without_x_client_key": _absent("x-client-key"),
        "syntax.without_x_signature": _absent("x-signature"),
        "syntax.empty_headers": _refuses(
            lambda seen: "" in [seen.header(name) for name in mandatory], "4017300", "Unauthorized. X-SIGNATURE"
        ),
        "syntax.two_x_timestamp": taken(lambda seen: seen.count("x-timestamp") == 2),
        "syntax.two_x_client_key": taken(lambda seen: seen.count("x-client-key") == 2),
        "syntax.two_x_signature": taken(lambda seen: seen.count("x-signature") == 2),
        "syntax.signature_not_base64": _fails(lambda seen: "!" in (seen.header("x-signature") or "")),
        "syntax.body_empty": _fails(lambda seen: seen.method == "POST" and not seen.body),
        "syntax.body_not_json": _member(
            lambda seen, said: said.status == 400 and bool(seen.body) and seen.json is ...,
            responseCode="4007301",
            responseMessage="Invalid Field Format body",
        ),
        "syntax.body_not_object": _fails(lambda seen: seen.json is None),
        "syntax.grant_type_missing": _refuses(
            lambda seen: isinstance(seen.json, dict) and "grantType" not in seen.json,
            "4007301",
            "Invalid Field Format grantType",
        ),
        "syntax.grant_type_empty": grant(lambda value: value in (None, "")),
        "syntax.grant_type_wrong": grant(lambda value: value == GRANT.upper()),
        "syntax.grant_type_not_text": grant(lambda value: isinstance(value, list)),
        "syntax.media_type": taken(lambda seen: seen.header("content-type") == "text/plain"),
    }


def _timestamps(nicepay: Nicepay) -> dict[str, Planted]:
    genuine = signed(nicepay, as_sent)

    def taken(when: When, *also: str) -> Planted:
        return Planted(accepts(lambda seen: genuine(seen) and when(seen), nicepay), frozenset(also))

    return {
        "timestamp.stale": taken(behind(3600)),
        "timestamp.code": _refuses(behind(3600), "4037300", "Forbidden"),
        "timestamp.future": taken(behind(-3600)),
        "timestamp.yesterday": taken(behind(86_400)),
        "timestamp.local_time_labelled_jakarta": taken(behind(25_200)),
        "timestamp.malformed": _refuses(lambda seen: "/" in timestamp(seen), "4017300", "Unauthorized. X-TIMESTAMP"),
        "timestamp.without_offset": taken(lambda seen: len(timestamp(seen)) == 19 and "T" in timestamp(seen)),
        "timestamp.impossible": _fails(lambda seen: "-02-30T" in timestamp(seen)),
    }


def _forged(nicepay: Nicepay, stranger: Nicepay) -> dict[str, Planted]:
    def taken(when: When, *also: str) -> Planted:
        return Planted(accepts(when, nicepay), frozenset(also))

    def own(text: Callable[[Seen], str], *algorithms: HashAlgorithm) -> Planted:
        tried = [signed(nicepay, text, algorithm) for algorithm in algorithms or [SHA256()]]
        return taken(lambda seen: any(each(seen) for each in tried) and seen.header("x-client-key") == CLIENT_KEY)

    genuine, foreign = signed(nicepay, as_sent), signed(stranger, as_sent)
    return {
        "forged.unknown_client": taken(lambda seen: seen.header("x-client-key") == NOBODY and genuine(seen)),
        "forged.another_key": taken(foreign, "forged.indistinguishable", "answer.members", "answer.challenge"),
        "forged.code": Planted(
            alters(lambda said: said.member(responseCode="4017301"), _coded("4017300", "SIGNATURE")),
            frozenset({"answer.message_unauthorized"}),
        ),
        "forged.another_second": own(of_the_second_before),
        "forged.another_client": own(lambda seen: f"{NOBODY}|{timestamp(seen)}"),
        "forged.reversed": own(lambda seen: f"{timestamp(seen)}|{CLIENT_KEY}"),
        "forged.another_hash": own(as_sent, SHA1(), SHA512()),  # noqa: S303  that it is taken is the fault
        "forged.another_padding": taken(signed(nicepay, as_sent, padding=PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH))),
        "forged.bad_padding": taken(lambda seen: raw(seen).endswith(b"UUUU"), "forged.indistinguishable"),
        "forged.wrong_length": _fails(
            lambda seen: seen.count("x-signature") == 1 and 0 < len(raw(seen)) != RIGHT_LENGTH
        ),
        "forged.injected_client": taken(lambda seen: "'" in (seen.header("x-client-key") or "")),
        "forged.indistinguishable": Planted(
            alters(
                lambda said: said.member(responseMessage="Unauthorized. Unknown client"),
                lambda seen, said: said.status == 401 and seen.header("x-client-key") == NOBODY,
            )
        ),
    }


def _answers() -> dict[str, Planted]:
    def echoed(said: Said) -> Said:
        return said.member(responseMessage=f"{said.members['responseMessage']} {MARKER}")

    return {
        "answer.code_is_text": Planted(
            alters(lambda said: said.member(responseCode=int(said.members["responseCode"])), _bad)
        ),
        "answer.members": _member(_bad, trace="Traceback (most recent call last)"),
        "answer.message_length": Planted(
            alters(lambda said: said.member(responseMessage=said.members["responseMessage"] + "." * 150), _bad)
        ),
        "answer.media_type": _header(_bad, "content-type", "application/problem+json"),
        "answer.timestamp_header": _header(_bad, "x-timestamp", None),
        "answer.client_key_header": _header(_bad, "x-client-key", None),
        "answer.challenge": _header(_bad, "www-authenticate", None),
        "answer.message_unauthorized": _member(_coded("4017300"), responseMessage="Signature mismatch"),
        "answer.message_bad_request": _member(_coded("4007300"), responseMessage="Oops"),
        "answer.message_of_format": _member(_coded("4007301", "X-TIMESTAMP"), responseMessage="Invalid Field Format"),
        "answer.message_of_header": _member(
            _coded("4007302", "X-SIGNATURE"), responseMessage="Invalid Mandatory Field"
        ),
        "answer.message_of_member": _member(_coded("4007302", "grantType"), responseMessage="Invalid Mandatory Field"),
        "answer.no_echo": Planted(alters(echoed, lambda seen, said: _bad(seen, said) and timestamp(seen) == MARKER)),
    }


def _http(nicepay: Nicepay) -> dict[str, Planted]:
    def taken(when: When) -> Planted:
        return Planted(accepts(when, nicepay))

    return {
        "http.get": taken(lambda seen: seen.method == "GET"),
        "http.allow": _header(lambda _seen, said: said.status == 405, "allow", None),
        "http.other_methods": taken(lambda seen: seen.method == "PUT"),
        "http.another_path": taken(lambda seen: seen.path.endswith("-of-another-service")),
        "http.trailing_slash": Planted(_redirects(lambda seen: seen.path.endswith("/"))),
    }


def _hostile(nicepay: Nicepay) -> dict[str, Planted]:
    def taken(holds: Callable[[bytes], bool]) -> Planted:
        return Planted(accepts(lambda seen: holds(seen.body), nicepay))

    def failed(holds: Callable[[bytes], bool]) -> Planted:
        return _fails(lambda seen: holds(seen.body))

    return {
        "hostile.invalid_utf8": failed(lambda body: b"\xff" in body),
        "hostile.deep_nesting": failed(lambda body: body.count(b"[") > 1_000),
        "hostile.big_integer": failed(lambda body: b"9" * 4_301 in body),
        "hostile.duplicate_members": taken(lambda body: body.count(b"grantType") == 2),
        "hostile.not_a_number": taken(lambda body: b"NaN" in body),
        "hostile.zero_byte": taken(lambda body: rb"\u0000" in body),
        "hostile.lone_surrogate": failed(lambda body: rb"\ud800" in body),
        "hostile.unknown_charset": _fails(lambda seen: "bogus" in (seen.header("content-type") or "")),
        "hostile.client_key_not_ascii": _fails(lambda seen: not (seen.header("x-client-key") or "").isascii()),
        "hostile.client_key_long": Planted(
            accepts(lambda seen: len(seen.header("x-client-key") or "") > 1_000, nicepay)
        ),
        "hostile.huge_body": taken(lambda body: len(body) > 1_000_000),
        "hostile.survived": Planted(_dies()),
    }


def planted(nicepay: Nicepay, stranger: Nicepay) -> dict[str, Planted]:
    """By the name of the scenario that is to find it; what no layer behind a parser can see is left out."""
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
