"""Finds the token in the Authorization header, and names the mistake if the header is not `Bearer <token>`."""

import json
import re
from base64 import b64decode
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote

from handlers.doctor.candidates.placeholders import placeholder
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.bearer import bearer_token
from handlers.snap.codes import SnapError


class Credentials(NamedTuple):
    """The token in the header, empty if there is none, and what is wrong with the header, or None."""

    token: str
    finding: Finding | None = None


_LONGEST = 16_384
"""Characters. All headers of a request have no more."""

_OURS = re.compile(r"gAAAA[A-Za-z0-9_+/-]{8,}=*")
"""A Fernet token, whole or cut off: version 128 and a time before the year 2106, in base64."""

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]*\.[\w-]*")
_TOKEN_START = re.compile("gAAAA|eyJ")
_WORD = re.compile(r"[A-Za-z0-9+/._~-]{8,}=*")
_BASIC = re.compile(r"(?:bearer\s+)?basic\b[\s:=]*(.*)", re.IGNORECASE | re.DOTALL)
_BEARER = re.compile(r"bearer[\s:=]*", re.IGNORECASE)
_TWICE = re.compile(r"(?:bearer\b[\s:]*){2,}", re.IGNORECASE)
_QUOTES = "\"'`<>{}[]() \t\r\n\\"
_AROUND = f"{_QUOTES};,."
_SCHEME = re.compile(
    r"(?:bearer|access|token|jwt|oauth2?|api|key|auth\w{0,12}|digest|mac|hmac|[-_:= ]){1,6}", re.IGNORECASE
)
"""The words that a message may show. Any other word may be a secret."""

_WRAPPER = re.compile(r"bearer\s+(?:b|u|optional|some)", re.IGNORECASE)
"""What Python, Swift and Rust write before a text in quotes, if a program prints a value and not its text."""

_TO_URL_SAFE = str.maketrans("+/", "-_")
_FERNET_FRAME, _FERNET_BLOCK = 57, 16
"""Bytes of a Fernet token without its ciphertext, and the bytes of a block of ciphertext."""


def read(authorization: str) -> Credentials:
    """Return the token in the value of an Authorization header, and the mistake in the value."""
    value = authorization[:_LONGEST]
    if not value.strip():
        return Credentials("", Finding(Verdict.TOKEN_MISSING))
    with suppress(SnapError):
        return _well_formed(bearer_token(value))
    checks = (_without_token, _whole_answer, _basic, _percent_encoded, _around_token)
    return next(filter(None, (check(value) for check in checks)), None) or _other(value)


def without_scheme(authorization: str) -> str:
    """Return the value of an Authorization header without the words of its scheme."""
    scheme = _SCHEME.match(authorization)
    return authorization[scheme.end() :] if scheme else authorization


def _well_formed(text: str) -> Credentials:
    """Check what the server treats as a token. It may be no token of this server."""
    if placeholder(text):
        return Credentials("", Finding(Verdict.TOKEN_PLACEHOLDER, {"value": text}))
    if _JWT.fullmatch(text):
        return Credentials("", Finding(Verdict.TOKEN_JWT))
    if text.startswith(("gaaaa", "GAAAA")):
        return Credentials("", _encoded("lower case" if text.islower() else "upper case"))
    inner = _decoded(text)
    if inner:
        return Credentials(inner, _encoded("base64(base64)"))
    bare = text.translate(_TO_URL_SAFE).rstrip("=")
    issued = bare + "=" * (-len(bare) % 4)
    if issued != text and _is_whole(issued):
        return Credentials(issued, _encoded("+/" if re.search("[+/]", text) else "no ="))
    return Credentials(text)


def _is_whole(token: str) -> bool:
    """Whether a text has the length and the beginning of a whole Fernet token."""
    return bool(_OURS.fullmatch(token)) and (_size(token) - _FERNET_FRAME) % _FERNET_BLOCK == 0


def _size(token: str) -> int:
    """Return the number of bytes of a base64 text."""
    return len(token.rstrip("=")) * 3 // 4


def _without_token(value: str) -> Credentials | None:
    """Recognise a scheme alone, and a placeholder in place of the token."""
    rest = _BEARER.sub("", value, count=1)
    if not rest.strip(_AROUND):
        return Credentials("", Finding(Verdict.TOKEN_EMPTY))
    literal = placeholder(rest.strip("\"'`;, \t"))
    return Credentials("", Finding(Verdict.TOKEN_PLACEHOLDER, {"value": literal})) if literal else None


def _whole_answer(value: str) -> Credentials | None:
    """Recognise the JSON answer of the token endpoint, or a part of it, such as `"accessToken":"..."`."""
    text = unquote(value).replace('\\"', '"')
    if not re.search(r"""access_?token["']?\s*:""", text, re.IGNORECASE):
        return None
    found = _OURS.search(text)
    token = found[0] if found else ""
    with suppress(ValueError, RecursionError):
        answer = json.loads(text[text.find("{") : text.rfind("}") + 1])
        token = answer["accessToken"] if isinstance(answer.get("accessToken"), str) else token
    return Credentials(token, Finding(Verdict.TOKEN_WHOLE_ANSWER))


def _basic(value: str) -> Credentials | None:
    basic = _BASIC.fullmatch(value.strip(_AROUND))
    if not basic:
        return None
    found = _OURS.search(basic[1])
    return Credentials(found[0] if found else _decoded(basic[1]), Finding(Verdict.TOKEN_BASIC))


def _percent_encoded(value: str) -> Credentials | None:
    text = unquote(unquote(value))
    if text == value:
        return None
    found = _OURS.search(text)
    return Credentials(found[0] if found else "", _encoded("percent"))


def _around_token(value: str) -> Credentials | None:
    """Name what stands around a token of this server or a JWT, or breaks it."""
    start = _TOKEN_START.search(value)
    before = value[: start.start()] if start else value
    joined = re.sub(r"\s+|\\[rn]", "", value[len(before) :])
    found = _OURS.match(joined) or _JWT.match(joined)
    if not found:
        return None
    wrong = _wrong_scheme(before)
    if found.re is _JWT:
        return Credentials("", wrong or Finding(Verdict.TOKEN_JWT))
    signs = dict.fromkeys(each for each in before + joined[found.end() :] if each in _AROUND and not each.isspace())
    form = "".join(signs) or (r"\t" if "\t" in before else "..." if found[0] in value else r"\n")
    return Credentials(found[0], wrong or Finding(Verdict.TOKEN_DECORATED, {"form": form}))


def _wrong_scheme(before: str) -> Finding | None:
    """Return what is wrong with the text before the token, or None if it is `Bearer`, with or without quotes."""
    scheme = before.strip(_QUOTES)
    if not scheme:
        return Finding(Verdict.TOKEN_SCHEME_MISSING)
    if _TWICE.fullmatch(scheme):
        return Finding(Verdict.TOKEN_SCHEME_TWICE)
    if (scheme.lower() == "bearer" or _WRAPPER.fullmatch(scheme)) and not before[-1].isalpha():
        return None
    return Finding(Verdict.TOKEN_SCHEME_WRONG, {"scheme": scheme if _SCHEME.fullmatch(scheme) else "..."})


def _other(value: str) -> Credentials:
    """Name the scheme of a value that has no token of this server."""
    before, _, word = value.strip().rpartition(" ")
    wrong = _wrong_scheme(f"{before} ") if _WORD.fullmatch(word.strip(_AROUND)) else None
    return Credentials("", wrong or Finding(Verdict.TOKEN_MALFORMED, {"length": len(value)}))


def _decoded(text: str) -> str:
    """Return the token of this server in a base64 text, or an empty string."""
    bare = text.translate(_TO_URL_SAFE).rstrip("=")
    with suppress(ValueError):
        inner = b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
        found = _OURS.search(inner.decode("latin-1"))
        return found[0] if found else ""
    return ""


def _encoded(form: str) -> Finding:
    return Finding(Verdict.TOKEN_ENCODED, {"form": form})
