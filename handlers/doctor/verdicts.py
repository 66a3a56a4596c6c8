"""The verdicts: everything that the doctor can find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Verdict(StrEnum):
    """One constant for each mistake. Each language has one message for each constant."""

    GENUINE = "genuine"

    CLOCK_BEHIND = "clock.behind"
    CLOCK_AHEAD = "clock.ahead"
    CLOCK_LOCAL_TIME_LABELLED_JAKARTA = "clock.local_time_labelled_jakarta"
    CLOCK_WRONG_ZONE_LABEL = "clock.wrong_zone_label"
    CLOCK_WRONG_DATE = "clock.wrong_date"
    CLOCK_MONTH_AS_MINUTES = "clock.month_as_minutes"
    TIMESTAMP_MALFORMED = "timestamp.malformed"
    TIMESTAMP_SIGNED_ANOTHER_SECOND = "timestamp.signed_another_second"
    TIMESTAMP_SIGNED_REFORMATTED = "timestamp.signed_reformatted"

    STRING_REVERSED = "string.reversed"
    STRING_NO_SEPARATOR = "string.no_separator"
    STRING_TRAILING_NEWLINE = "string.trailing_newline"
    STRING_OTHER_CLIENT = "string.other_client"
    STRING_WITH_BODY = "string.with_body"
    STRING_UNKNOWN = "string.unknown"

    HASH_SHA1 = "hash.sha1"
    HASH_SHA256 = "hash.sha256"
    HASH_SHA512 = "hash.sha512"
    HASH_OTHER = "hash.other"
    HASH_TWICE = "hash.twice"
    PADDING_PSS = "padding.pss"
    PADDING_NO_DIGEST_INFO = "padding.no_digest_info"

    SIGNATURE_HEX = "signature.hex"
    SIGNATURE_BASE64URL = "signature.base64url"
    SIGNATURE_QUOTED = "signature.quoted"
    SIGNATURE_LINE_WRAPPED = "signature.line_wrapped"
    SIGNATURE_PERCENT_ENCODED = "signature.percent_encoded"
    SIGNATURE_NOT_BASE64 = "signature.not_base64"
    SIGNATURE_WRONG_LENGTH = "signature.wrong_length"
    SIGNATURE_CUT_OFF = "signature.cut_off"
    SIGNATURE_ENCODED_TWICE = "signature.encoded_twice"
    SIGNATURE_PLUS_LOST = "signature.plus_lost"
    SIGNATURE_PADDING_MISSING = "signature.padding_missing"
    SIGNATURE_ESCAPED = "signature.escaped"
    SIGNATURE_DECORATED = "signature.decorated"
    SIGNATURE_IN_CONTAINER = "signature.in_container"
    SIGNATURE_PLACEHOLDER = "signature.placeholder"
    SIGNATURE_CASE_CHANGED = "signature.case_changed"
    SIGNATURE_BYTES_REVERSED = "signature.bytes_reversed"

    KEY_OF_ANOTHER_CLIENT = "key.of_another_client"
    KEY_PUBLISHED = "key.published"
    KEY_UNKNOWN = "key.unknown"
    CLIENT_UNKNOWN = "client.unknown"
    CLIENT_SUSPENDED = "client.suspended"
    CLIENT_ADDRESS_NOT_ALLOWED = "client.address_not_allowed"
    CLIENT_WITHOUT_NOTIFICATION_KEYS = "client.without_notification_keys"

    HEADER_MISSING = "header.missing"
    HEADER_UNDERSCORES = "header.underscores"
    HEADER_MISSPELT = "header.misspelt"
    HEADER_DUPLICATED = "header.duplicated"
    HEADER_MALFORMED = "header.malformed"
    MEDIA_TYPE_WRONG = "media_type.wrong"
    BODY_COMPRESSED = "body.compressed"
    BODY_NOT_JSON = "body.not_json"
    BODY_NOT_OBJECT = "body.not_object"
    BODY_GRANT_TYPE_MISSING = "body.grant_type_missing"
    BODY_GRANT_TYPE_MISSPELT = "body.grant_type_misspelt"
    BODY_GRANT_TYPE_WRONG = "body.grant_type_wrong"
    METHOD_WRONG = "method.wrong"
    PATH_UNKNOWN = "path.unknown"
    PROTOCOL_UNSUPPORTED = "protocol.unsupported"
    REQUEST_TOO_LARGE = "request.too_large"

    ACCEL_REDIRECT_UNSET = "accel_redirect.unset"
    SECRET_WRONG = "secret.wrong"  # noqa: S105  a constant, no password
    TOKEN_MISSING = "token.missing"  # noqa: S105  the same
    TOKEN_MALFORMED = "token.malformed"  # noqa: S105  the same
    TOKEN_SCHEME_MISSING = "token.scheme_missing"  # noqa: S105  the same
    TOKEN_SCHEME_WRONG = "token.scheme_wrong"  # noqa: S105  the same
    TOKEN_SCHEME_TWICE = "token.scheme_twice"  # noqa: S105  the same
    TOKEN_BASIC = "token.basic"  # noqa: S105  the same
    TOKEN_DECORATED = "token.decorated"  # noqa: S105  the same
    TOKEN_ENCODED = "token.encoded"  # noqa: S105  the same
    TOKEN_WHOLE_ANSWER = "token.whole_answer"  # noqa: S105  the same
    TOKEN_JWT = "token.jwt"  # noqa: S105  the same
    TOKEN_PLACEHOLDER = "token.placeholder"  # noqa: S105  the same
    TOKEN_EMPTY = "token.empty"  # noqa: S105  the same
    TOKEN_EXPIRED = "token.expired"  # noqa: S105  the same
    TOKEN_TAMPERED = "token.tampered"  # noqa: S105  the same
    TOKEN_OF_ANOTHER_CLIENT = "token.of_another_client"  # noqa: S105  the same

    CALL_PARTNER_UNKNOWN = "call.partner_unknown"
    CALL_SIGNED_ASYMMETRICALLY = "call.signed_asymmetrically"
    CALL_SIGNED_SYMMETRICALLY = "call.signed_symmetrically"
    CALL_BODY_MINIFIED = "call.body_minified"
    CALL_BODY_CHANGED = "call.body_changed"
    CALL_BODY_NOT_FORWARDED = "call.body_not_forwarded"
    CALL_PATH_WITH_HOST = "call.path_with_host"
    CALL_PATH_WITHOUT_BASE = "call.path_without_base"
    CALL_PATH_WITHOUT_QUERY = "call.path_without_query"
    CALL_PATH_SLASH = "call.path_slash"
    CALL_PATH_CHANGED = "call.path_changed"
    CALL_QUERY_CHANGED = "call.query_changed"
    CALL_METHOD_CHANGED = "call.method_changed"
    CALL_HASH_UPPER_CASE = "call.hash_upper_case"
    CALL_HASH_ENCODED = "call.hash_encoded"
    CALL_HASH_OTHER = "call.hash_other"
    CALL_BODY_NOT_HASHED = "call.body_not_hashed"
    CALL_TOKEN_WITH_BEARER = "call.token_with_bearer"  # noqa: S105  the same
    CALL_TOKEN_CHANGED = "call.token_changed"  # noqa: S105  the same
    CALL_PART_MISSING = "call.part_missing"
    CALL_PARTS_REORDERED = "call.parts_reordered"
    CALL_SEPARATOR_WRONG = "call.separator_wrong"
    CALL_STRING_CHANGED = "call.string_changed"
    CALL_SIGNED_AS_TOKEN_REQUEST = "call.signed_as_token_request"  # noqa: S105  the same
    CALL_SECRET_DECODED = "call.secret_decoded"  # noqa: S105  the same
    CALL_SECRET_CHANGED = "call.secret_changed"  # noqa: S105  the same
    CALL_SECRET_IS_CLIENT_ID = "call.secret_is_client_id"  # noqa: S105  the same
    CALL_NOT_HMAC = "call.not_hmac"
    CALL_EXTERNAL_ID_REPEATED = "call.external_id_repeated"
    CALL_FORM_NOT_ACCEPTED = "call.form_not_accepted"
    CALL_HEADERS_OF_TWO_FORMS = "call.headers_of_two_forms"
    CALL_NOTIFICATION_REPEATED = "call.notification_repeated"
    CALL_SIGNED_WITH_NOTIFICATION_KEY = "call.signed_with_notification_key"
    CALL_SIGNED_WITH_TRANSACTION_KEY = "call.signed_with_transaction_key"
    CALL_STRING_UNKNOWN = "call.string_unknown"
    CALL_SIGNED_FOR_OTHER_SETTINGS = "call.signed_for_other_settings"
    CHANNEL_MISMATCH = "channel.mismatch"
    ORIGIN_MISMATCH = "origin.mismatch"
    EXTERNAL_ID_MALFORMED = "external_id.malformed"

    ANSWER_REFUSED = "answer.refused"


Evidence = Mapping[str, str | int]
"""What the doctor saw, by name: lengths in bytes or characters, seconds, fingerprints, differences.

It never holds a secret, a token or a signature.
"""

LONGEST_SHOWN, LONGEST_ID_SHOWN = 120, 36
"""Characters of a value, and of an ID, that a message shows. A longer ID may be a secret in the wrong header."""

NO_EVIDENCE: Evidence = MappingProxyType({})

SYMMETRIC = "symmetric"
"""The name of the evidence that holds the algorithm of a symmetric signature. With it, the message differs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake, or `GENUINE` for none, and the evidence for it."""

    verdict: Verdict
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why the server refuses a request.

    `main` is the reason that the server gives. `also` are the reasons that it would give next, in its order.
    `cut_short` is true if the doctor did not try everything, so the request may have more mistakes.
    """

    main: Finding
    also: tuple[Finding, ...] = ()
    cut_short: bool = False

    @property
    def genuine(self) -> bool:
        """Whether the server would answer 200."""
        return self.main.verdict == Verdict.GENUINE
