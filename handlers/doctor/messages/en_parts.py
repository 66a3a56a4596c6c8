"""The messages about the parts of the string to sign of a call in English, and the words for their differences."""

from collections.abc import Mapping

from handlers.doctor.difference import Difference
from handlers.doctor.verdicts import Verdict

_FIVE = (
    "Sign METHOD:path:token:hash:X-TIMESTAMP, joined by one colon each. A call without a token has no token part. "
    "With empty_token_slot in the settings, the token part stays and is empty."
)
_URI = "Sign the path and the query exactly as they are sent, byte by byte."
_HASH = "Put the SHA-256 of the body into the string to sign, in hexadecimal and lowercase (64 characters)."
_SECRET = "Use the text of the client secret as it was agreed (UTF-8) as the key, without any change."  # noqa: S105  advice

PART_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CALL_PATH_SLASH: ("The signed path has a slash too many or too few at its end: {signed}", _URI),
    Verdict.CALL_PATH_CHANGED: ("Another path was signed ({how}): {signed}", _URI),
    Verdict.CALL_QUERY_CHANGED: ("Another query was signed ({how}): {signed}", _URI),
    Verdict.CALL_METHOD_CHANGED: (
        "The string to sign has the method {signed}.",
        "Sign the method of the request, in uppercase.",
    ),
    Verdict.CALL_HASH_ENCODED: ("The hash of the body is in another encoding: {how}.", _HASH),
    Verdict.CALL_HASH_OTHER: ("The string to sign has another hash of the body: {hash} ({how}).", _HASH),
    Verdict.CALL_BODY_NOT_HASHED: (
        "The string to sign has the body itself in the place of its hash ({how}).",
        _HASH,
    ),
    Verdict.CALL_TOKEN_CHANGED: (
        "The string to sign has something else in the place of the token: {how}.",
        "Put the accessToken into the string to sign exactly as it is in the Authorization header.",
    ),
    Verdict.CALL_PART_MISSING: ("A part is missing in the string to sign: {part} ({how}).", _FIVE),
    Verdict.CALL_PARTS_REORDERED: ("The parts of the string to sign have another order: {order}.", _FIVE),
    Verdict.CALL_SEPARATOR_WRONG: ("The parts of the string to sign are joined by {separator}, not by :.", _FIVE),
    Verdict.CALL_STRING_CHANGED: ("The whole string to sign was changed: {how}.", _FIVE),
    Verdict.CALL_SIGNED_AS_TOKEN_REQUEST: (
        "The string to sign is the one of a token request: client key and X-TIMESTAMP.",
        _FIVE,
    ),
    Verdict.CALL_SECRET_CHANGED: ("The client changes its secret before it uses it as the key: {how}.", _SECRET),
    Verdict.CALL_SECRET_IS_CLIENT_ID: (
        "The key of the HMAC is an ID of the client ({how}), not its secret.",
        _SECRET,
    ),
    Verdict.CALL_NOT_HMAC: (
        "The secret and the string to sign are right, but the function is not HMAC: {how}.",
        "Use HMAC-SHA512 with the client secret as the key and the string to sign as the message.",
    ),
}

DIFFERENCES: Mapping[Difference, str] = {
    Difference.METHOD: "method",
    Difference.PATH: "path",
    Difference.TOKEN: "token",
    Difference.HASH: "hash of the body",
    Difference.TIMESTAMP: "X-TIMESTAMP",
    Difference.LEFT_OUT: "left out, with its separator",
    Difference.EMPTY: "empty",
    Difference.UPPER_CASE: "uppercase",
    Difference.LOWER_CASE: "lowercase",
    Difference.QUOTED: "with quotes around it",
    Difference.BASE64: "base64",
    Difference.BASE64URL: "base64url",
    Difference.BASE64_OF_HEXADECIMAL: "base64 of the hexadecimal text",
    Difference.HEXADECIMAL: "hexadecimal",
    Difference.PERCENT_ENCODED: "percent-encoded",
    Difference.PERCENT_DECODED: "percent-decoded",
    Difference.RAW_BYTES: "raw bytes",
    Difference.HASHED: "hashed",
    Difference.TRIMMED: "without whitespace at both ends",
    Difference.UPPER_CASE_WITH_HYPHENS: "uppercase with hyphens (BitConverter.ToString of .NET)",
    Difference.LOWER_CASE_WITH_HYPHENS: "lowercase with hyphens",
    Difference.ZEROS_LOST: "hexadecimal without its leading zeros",
    Difference.WITH_PREFIX: "with a prefix such as 0x or sha256=",
    Difference.SLASH_DOUBLED: "a second slash in front",
    Difference.SLASHES_COLLAPSED: "one slash in place of several",
    Difference.OTHER_SERVICE: "the path of another service",
    Difference.SORTED: "the parameters in another order",
    Difference.BLANKS_ENCODED_OTHERWISE: "blanks as + or as %20",
    Difference.ENCODED_AGAIN: "decoded and encoded again",
    Difference.QUESTION_MARK_ONLY: "a question mark without a query",
    Difference.QUESTION_MARK_LOST: "without the question mark",
    Difference.PADDING_LOST: "without = at the end",
    Difference.CLIENT_KEY: "the client key",
    Difference.PARTNER_ID: "X-PARTNER-ID",
    Difference.LINE_END_ADDED: "a line end added",
    Difference.BLANK_ADDED: "a blank added",
    Difference.BYTE_ORDER_MARK_ADDED: "a byte-order mark in front",
    Difference.AMPERSAND_ADDED: "& added",
    Difference.CUT_AT_SPECIAL_CHARACTER: "cut off at a special character, as a shell or a .env file does",
    Difference.WITH_CLIENT_KEY: "joined with the client key",
    Difference.CUT_OFF: "cut off",
    Difference.EMPTY_TOKEN: "an empty part for the token, which this form of call does not have",
    Difference.COLON_ADDED: "a colon at the end",
    Difference.NUL_ADDED: "a NUL byte at the end",
    Difference.COLON_IN_FRONT: "a colon in front",
    Difference.ARGUMENTS_EXCHANGED: "key and message are exchanged",
    Difference.HASH_WITHOUT_KEY: "a hash of the string, without the secret",
    Difference.HASH_WITH_SECRET_IN_FRONT: "a hash of the secret followed by the string",
    Difference.HASH_WITH_SECRET_BEHIND: "a hash of the string followed by the secret",
    Difference.HMAC_OF_HASH: "an HMAC of a hash of the string",
}
