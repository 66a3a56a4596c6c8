"""The token request, and the mistakes that integrators really make."""

from collections.abc import Mapping
from dataclasses import replace

from handlers.cli.pack.collections.answers import Answer, Answers
from handlers.cli.pack.collections.request import TOKEN_URL, Folder, Request
from handlers.cli.simulator.signed_request import BODY

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "X-TIMESTAMP": "{{timestamp}}",
    "X-CLIENT-KEY": "{{clientKey}}",
    "X-SIGNATURE": "{{signature}}",
}
NOW = "snap.jakartaTime()"
STRING_TO_SIGN = '`${get("clientKey")}|${timestamp}`'
SIGNATURE = 'snap.rsa(get("privateKey"), stringToSign)'
KEEP_TOKEN = 'set("accessToken", body.accessToken);'  # noqa: S105  JavaScript, no token


def signing(timestamp: str = NOW, text: str = STRING_TO_SIGN, signature: str = SIGNATURE) -> str:
    """JavaScript that signs. Each part is a JavaScript expression."""
    return "\n".join(
        [
            f"const timestamp = {timestamp};",
            f"const stringToSign = {text};",
            f"const signature = {signature};",
            'set("timestamp", timestamp);',
            'set("signature", signature);',
        ]
    )


def token_folders(answers: Answers) -> tuple[Folder, ...]:
    """The folders of the token endpoint. `answers` are those of the document."""
    return (
        Folder("Token", "Get a token first. The calls in the other folders send it.", _genuine(answers)),
        Folder(
            "Mistakes",
            "Each request has one mistake. The tests expect the refusal of the document.",
            (*_signing_mistakes(answers), *_missing_headers(answers), *_form_mistakes(answers)),
        ),
    )


def _genuine(answers: Answers) -> tuple[Request, ...]:
    return (
        _token(answers),
        _repeat(answers),
        replace(
            _right("Shortest body", "`additionalInfo` may be absent.", answers["2007300"]),
            body='{"grantType":"client_credentials"}',
        ),
    )


def _token(answers: Answers) -> Request:
    about = "The private key signs `X-CLIENT-KEY|X-TIMESTAMP`. The examples are all answers of the document."
    return replace(
        _right("Token", about, answers["2007300"]),
        script=f'{signing()}\nset("tokenTimestamp", timestamp);\nset("tokenSignature", signature);',
        answers=answers.all(),
        after=KEEP_TOKEN,
    )


def _repeat(answers: Answers) -> Request:
    about = (
        "Sends the headers of the last token request again. `expiresIn` says how many seconds are left. A merchant "
        "that refuses repeats answers `4097300`."
    )
    repeated = {"X-TIMESTAMP": "{{tokenTimestamp}}", "X-SIGNATURE": "{{tokenSignature}}"}
    return replace(
        _right("Repeat of the same request", about, answers["2007300"]),
        script="",
        answers=(answers["4097300"],),
        headers={**HEADERS, **repeated},
    )


def _signing_mistakes(answers: Answers) -> tuple[Request, ...]:
    wrong, malformed = answers["4017300"], answers["4007301"]
    unknown, no_offset = "The merchant has no such client.", "The timestamp lacks `+07:00`."
    return (
        *_mistakes(_WRONG_CLOCKS, answers["4017300-clock"]),
        *_mistakes(_WRONG_SIGNATURES, wrong),
        *_mistakes(_WRONG_ENCODINGS, malformed.for_field("X-SIGNATURE")),
        _mistake("Unknown client key", unknown, wrong, _SIGNED_BY_NOBODY, {"X-CLIENT-KEY": "NOBODY"}),
        _mistake("Timestamp without offset", no_offset, malformed.for_field("X-TIMESTAMP"), _WITHOUT_OFFSET),
    )


_Rows = tuple[tuple[str, str, str], ...]
"""Name, description and script of mistakes that get the same answer."""


def _mistakes(rows: _Rows, answer: Answer) -> tuple[Request, ...]:
    return tuple(_mistake(name, about, answer, script) for name, about, script in rows)


def _hashed(name: str) -> str:
    return f'snap.rsa(get("privateKey"), stringToSign, "{name}")'


_REVERSED = '`${timestamp}|${get("clientKey")}`'
_ANOTHER_TIMESTAMP = '`${get("clientKey")}|${timestamp.replace("+07:00", "Z")}`'
_BASE64URL = f'{SIGNATURE}.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")'
_PSS = 'snap.pss(get("privateKey"), stringToSign)'
_SIGNED_BY_NOBODY = signing(text="`NOBODY|${timestamp}`")
_WITHOUT_OFFSET = signing('snap.jakartaTime().replace("+07:00", "")')

_WRONG_CLOCKS: _Rows = (
    ("Old timestamp", "The clock is ten minutes slow.", signing("snap.jakartaTime(600)")),
    (
        "UTC labelled +07:00",
        "A host in UTC prints its local time and appends `+07:00`. The time lies 25,200 seconds in the past.",
        signing("snap.jakartaTime(7 * 3600)"),
    ),
)
_WRONG_SIGNATURES: _Rows = (
    ("Timestamp first", "The parts are in the wrong order.", signing(text=_REVERSED)),
    ("Line break at the end", "`echo` adds a line break.", signing(text=f'{STRING_TO_SIGN} + "\\n"')),
    (
        "Another timestamp is signed",
        "The header has another text than the string to sign.",
        signing(text=_ANOTHER_TIMESTAMP),
    ),
    ("SHA-1", "The algorithm is SHA1withRSA.", signing(signature=_hashed("sha1"))),
    ("SHA-512", "The algorithm is SHA512withRSA.", signing(signature=_hashed("sha512"))),
    ("PSS", "The padding is RSASSA-PSS.", signing(signature=_PSS)),
    ("Hexadecimal", "The signature is not base64.", signing(signature=f"snap.hexadecimal({SIGNATURE})")),
)
_WRONG_ENCODINGS: _Rows = (
    ("base64url", "The signature is base64url without padding.", signing(signature=_BASE64URL)),
    ("Quotation marks", "The signature is in quotation marks.", signing(signature=f'`"${{{SIGNATURE}}}"`')),
)


def _missing_headers(answers: Answers) -> tuple[Request, ...]:
    return tuple(
        replace(
            _mistake(f"No {name}", "A mandatory header is missing.", _missing(answers, name), signing()),
            headers={header: value for header, value in HEADERS.items() if header != name},
        )
        for name in ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")
    )


def _missing(answers: Answers, name: str) -> Answer:
    return answers["4007302"].for_field(name)


def _form_mistakes(answers: Answers) -> tuple[Request, ...]:
    unreadable, malformed = answers["4007300"], answers["4007301"]
    return (
        _with_body("grant_type", "The member is in snake case.", _missing(answers, "grantType"), "grant_type"),
        _with_body(
            "Another grant", "The only grant is `client_credentials`.", malformed.for_field("grantType"), _OTHER_GRANT
        ),
        _with_body("Body is an array", "The body is JSON, but no object.", malformed.for_field("body"), "[]"),
        _malformed_body(unreadable),
        _with_body("No body", "The body is empty.", unreadable, ""),
        replace(_right("GET", "The method is not POST.", answers["4057300"]), method="GET", body=""),
        _mistake(
            "text/plain", "The media type is wrong.", answers["4157300"], signing(), {"Content-Type": "text/plain"}
        ),
        replace(
            _right("Slash at the end", "A path with a slash at the end is another path.", answers["4047300"]),
            url=f"{TOKEN_URL}/",
        ),
    )


_OTHER_GRANT = '{"grantType":"password"}'


def _right(name: str, about: str, answer: Answer) -> Request:
    return Request(name, about, signing(), answer, headers=HEADERS, body=BODY)


def _mistake(name: str, about: str, answer: Answer, script: str, headers: Mapping[str, str] | None = None) -> Request:
    return replace(_right(name, about, answer), script=script, headers={**HEADERS, **(headers or {})})


def _with_body(name: str, about: str, answer: Answer, body: str) -> Request:
    return replace(_right(name, about, answer), body=BODY.replace("grantType", body) if body == "grant_type" else body)


def _malformed_body(answer: Answer) -> Request:
    """The media type may have any case. Bruno makes a JSON text of the body if the media type is in lower case."""
    request = _with_body("Malformed body", "The body is cut off.", answer, BODY[:-1])
    return replace(request, headers={**HEADERS, "Content-Type": "Application/JSON"})
