"""How a part of the string to sign, or the secret, differs from the right one. Each language has words for each."""

from enum import StrEnum


class Difference(StrEnum):
    """What the client did to a part."""

    # Which part
    METHOD = "method"
    PATH = "path"
    TOKEN = "token"  # noqa: S105  the name of a part
    HASH = "hash"
    TIMESTAMP = "timestamp"
    LEFT_OUT = "left_out"
    EMPTY = "empty"

    # Encodings of any part
    UPPER_CASE = "upper_case"
    LOWER_CASE = "lower_case"
    QUOTED = "quoted"
    BASE64 = "base64"
    BASE64URL = "base64url"
    BASE64_OF_HEXADECIMAL = "base64_of_hexadecimal"
    HEXADECIMAL = "hexadecimal"
    PERCENT_ENCODED = "percent_encoded"
    PERCENT_DECODED = "percent_decoded"
    RAW_BYTES = "raw_bytes"
    HASHED = "hashed"
    TRIMMED = "trimmed"

    # The hash of the body
    UPPER_CASE_WITH_HYPHENS = "upper_case_with_hyphens"
    LOWER_CASE_WITH_HYPHENS = "lower_case_with_hyphens"
    ZEROS_LOST = "zeros_lost"
    WITH_PREFIX = "with_prefix"

    # Path and query
    SLASH_DOUBLED = "slash_doubled"
    SLASHES_COLLAPSED = "slashes_collapsed"
    OTHER_SERVICE = "other_service"
    SORTED = "sorted"
    BLANKS_ENCODED_OTHERWISE = "blanks_encoded_otherwise"
    ENCODED_AGAIN = "encoded_again"
    QUESTION_MARK_ONLY = "question_mark_only"
    QUESTION_MARK_LOST = "question_mark_lost"

    # The token
    PADDING_LOST = "padding_lost"
    CLIENT_KEY = "client_key"
    PARTNER_ID = "partner_id"

    # The secret
    LINE_END_ADDED = "line_end_added"
    BLANK_ADDED = "blank_added"
    BYTE_ORDER_MARK_ADDED = "byte_order_mark_added"
    AMPERSAND_ADDED = "ampersand_added"
    CUT_AT_SPECIAL_CHARACTER = "cut_at_special_character"

    WITH_CLIENT_KEY = "with_client_key"
    CUT_OFF = "cut_off"

    # The whole string
    EMPTY_TOKEN = "empty_token"  # noqa: S105  the same
    COLON_ADDED = "colon_added"
    NUL_ADDED = "nul_added"
    COLON_IN_FRONT = "colon_in_front"

    # The function
    ARGUMENTS_EXCHANGED = "arguments_exchanged"
    HASH_WITHOUT_KEY = "hash_without_key"
    HASH_WITH_SECRET_IN_FRONT = "hash_with_secret_in_front"  # noqa: S105  the same
    HASH_WITH_SECRET_BEHIND = "hash_with_secret_behind"  # noqa: S105  the same
    HMAC_OF_HASH = "hmac_of_hash"
