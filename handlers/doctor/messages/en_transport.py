"""The messages about how time, headers, token and signature are written and sent, in English."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_SEND = "Send standard base64 with padding (RFC 4648, section 4), on one line, without any other characters."
_BEARER = "Send Authorization: Bearer, one space, and the accessToken exactly as you received it."
_CAPTURED = "If the request was captured earlier, give the time of the capture with --at."

TRANSPORT_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CLOCK_WRONG_ZONE_LABEL: (
        "X-TIMESTAMP is off by {hours} hours: it fits the time of {zone}, but its offset is {label}.",
        (
            "Convert the time once, to the zone of the offset that you write, with hours from 00 to 23. "
            f"A request that was sent so much too late looks the same. {_CAPTURED}"
        ),
    ),
    Verdict.CLOCK_WRONG_DATE: (
        "X-TIMESTAMP has the right time of day, but its date is wrong: it is off by {days} days.",
        f"Correct the year, month or day. Perhaps it has YYYY for yyyy (Java), or is a fixed text. {_CAPTURED}",
    ),
    Verdict.CLOCK_MONTH_AS_MINUTES: (
        "X-TIMESTAMP has the number of the month ({month}) in the place of the minutes.",
        f"Write mm for the minutes. In Java, .NET and others, MM stands for the month. {_CAPTURED}",
    ),
    Verdict.HEADER_UNDERSCORES: (
        "The request has {sent} in place of {header}.",
        "Write header names with hyphens, not underscores. nginx and other servers drop names with underscores.",
    ),
    Verdict.HEADER_MISSPELT: ("The request has {sent} in place of {header}.", "Correct the name of the header."),
    Verdict.SIGNATURE_CUT_OFF: (
        "The signature is cut off: it has {characters} characters ({length} bytes) of {wanted_characters} ({wanted}).",
        "Look for a limit on the way, such as a database column, a log, or a header limit of a proxy.",
    ),
    Verdict.SIGNATURE_ENCODED_TWICE: (
        "The signature was encoded more than once: {form}.",
        "Encode the bytes of the signature once, in base64. Perhaps the sign function already returns base64.",
    ),
    Verdict.SIGNATURE_PLUS_LOST: (
        "X-SIGNATURE has blanks in place of the plus signs of base64.",
        "Do not decode the signature as part of a URL or a form. There, + stands for a blank.",
    ),
    Verdict.SIGNATURE_PADDING_MISSING: ("X-SIGNATURE lacks = at its end, the padding of base64.", _SEND),
    Verdict.SIGNATURE_ESCAPED: (
        "X-SIGNATURE has escaped characters, as in {form}.",
        "Put the base64 text itself into the header, not its {form} form.",
    ),
    Verdict.SIGNATURE_DECORATED: ("X-SIGNATURE has more text than the signature: '{form}'.", _SEND),
    Verdict.SIGNATURE_IN_CONTAINER: (
        "The signature is inside another format: {form}.",
        "Send only the bytes of the signature, in base64.",
    ),
    Verdict.SIGNATURE_PLACEHOLDER: (
        "X-SIGNATURE is '{value}'. This is the name of a value, not a signature.",
        "Check that the program has computed the signature before it sends the request.",
    ),
    Verdict.SIGNATURE_CASE_CHANGED: (
        "X-SIGNATURE ({length} characters) has letters of one case only. Base64 has letters of both cases.",
        "Do not convert the signature to lower or upper case.",
    ),
    Verdict.SIGNATURE_BYTES_REVERSED: (
        "The bytes of the signature are in reverse order.",
        "Reverse the bytes before base64: Windows CryptoAPI returns the last byte first. Or use CNG (BCryptSignHash).",
    ),
    Verdict.TOKEN_SCHEME_MISSING: ("Authorization has a token, but not the word Bearer before it.", _BEARER),
    Verdict.TOKEN_SCHEME_WRONG: ("Authorization begins with '{scheme}' in place of Bearer and one space.", _BEARER),
    Verdict.TOKEN_SCHEME_TWICE: (
        "Authorization has the word Bearer twice.",
        f"{_BEARER} Perhaps the library already adds the word.",
    ),
    Verdict.TOKEN_BASIC: (
        "Authorization has the scheme Basic, not Bearer.",
        f"{_BEARER} Client key and client secret do not belong there.",
    ),
    Verdict.TOKEN_DECORATED: ("Authorization has '{form}' around or in the token. It does not belong there.", _BEARER),
    Verdict.TOKEN_ENCODED: ("The token has another encoding than it was issued in: {form}.", _BEARER),
    Verdict.TOKEN_WHOLE_ANSWER: (
        "Authorization has the JSON answer of the token request.",
        f"{_BEARER} It is one member of that JSON.",
    ),
    Verdict.TOKEN_JWT: (
        "Authorization has a JWT. This server issues no JWT, so it is the token of another system.",
        "Request a token from this server. Send it exactly as you received it.",
    ),
    Verdict.TOKEN_PLACEHOLDER: (
        "Authorization has '{value}' in place of a token. This is the name of a value, not a token.",
        "Check that the program has the accessToken before it sends the call.",
    ),
    Verdict.TOKEN_EMPTY: (
        "Authorization has no token.",
        "Check that the token request succeeded. Its answer has the token in accessToken.",
    ),
}
