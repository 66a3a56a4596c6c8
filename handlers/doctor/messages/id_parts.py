"""The messages about the parts of the string to sign of a call in Indonesian, and the words for their differences."""

from collections.abc import Mapping

from handlers.doctor.difference import Difference
from handlers.doctor.verdicts import Verdict

_FIVE = (
    "Tanda tangani METHOD:path:token:hash:X-TIMESTAMP, disambung satu titik dua. Call tanpa token tanpa bagian token. "
    "Dengan empty_token_slot di pengaturan, bagian token tetap ada dan kosong."
)
_URI = "Tanda tangani path dan query persis seperti yang dikirim, byte demi byte."
_HASH = "Masukkan SHA-256 dari body ke string to sign, dalam heksadesimal huruf kecil (64 karakter)."
_SECRET = "Pakai teks client secret persis seperti yang disepakati (UTF-8) sebagai key, tanpa diubah."  # noqa: S105  advice

PART_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CALL_PATH_SLASH: ("Garis miring di akhir path yang ditandatangani lebih atau kurang satu: {signed}", _URI),
    Verdict.CALL_PATH_CHANGED: ("Yang ditandatangani path lain ({how}): {signed}", _URI),
    Verdict.CALL_QUERY_CHANGED: ("Yang ditandatangani query lain ({how}): {signed}", _URI),
    Verdict.CALL_METHOD_CHANGED: (
        "Method di string to sign adalah {signed}.",
        "Tanda tangani method dari request itu, dengan huruf besar.",
    ),
    Verdict.CALL_HASH_ENCODED: ("Hash body ditulis dengan encoding lain: {how}.", _HASH),
    Verdict.CALL_HASH_OTHER: ("Hash body di string to sign dari algoritma lain: {hash} ({how}).", _HASH),
    Verdict.CALL_BODY_NOT_HASHED: (
        "String to sign berisi body itu sendiri, bukan hash-nya ({how}).",
        _HASH,
    ),
    Verdict.CALL_TOKEN_CHANGED: (
        "Di tempat token, string to sign berisi hal lain: {how}.",
        "Masukkan accessToken ke string to sign persis seperti di header Authorization.",
    ),
    Verdict.CALL_PART_MISSING: ("Satu bagian tidak ada di string to sign: {part} ({how}).", _FIVE),
    Verdict.CALL_PARTS_REORDERED: ("Urutan bagian string to sign berbeda: {order}.", _FIVE),
    Verdict.CALL_SEPARATOR_WRONG: ("Bagian string to sign disambung dengan {separator}, bukan dengan :.", _FIVE),
    Verdict.CALL_STRING_CHANGED: ("String to sign secara keseluruhan diubah: {how}.", _FIVE),
    Verdict.CALL_SIGNED_AS_TOKEN_REQUEST: (
        "Yang ditandatangani string to sign untuk request token: client key dan X-TIMESTAMP.",
        _FIVE,
    ),
    Verdict.CALL_SECRET_CHANGED: ("Klien mengubah secret-nya sebelum memakainya sebagai key: {how}.", _SECRET),
    Verdict.CALL_SECRET_IS_CLIENT_ID: (
        "Key HMAC-nya adalah ID klien ({how}), bukan secret klien.",
        _SECRET,
    ),
    Verdict.CALL_NOT_HMAC: (
        "Secret dan string to sign sudah benar, tetapi fungsinya bukan HMAC: {how}.",
        "Pakai HMAC-SHA512 dengan client secret sebagai key dan string to sign sebagai pesan.",
    ),
}

DIFFERENCES: Mapping[Difference, str] = {
    Difference.METHOD: "method",
    Difference.PATH: "path",
    Difference.TOKEN: "token",
    Difference.HASH: "hash body",
    Difference.TIMESTAMP: "X-TIMESTAMP",
    Difference.LEFT_OUT: "dihilangkan bersama pemisahnya",
    Difference.EMPTY: "kosong",
    Difference.UPPER_CASE: "huruf besar",
    Difference.LOWER_CASE: "huruf kecil",
    Difference.QUOTED: "diapit tanda kutip",
    Difference.BASE64: "base64",
    Difference.BASE64URL: "base64url",
    Difference.BASE64_OF_HEXADECIMAL: "base64 dari teks heksadesimal",
    Difference.HEXADECIMAL: "heksadesimal",
    Difference.PERCENT_ENCODED: "dalam percent-encoding",
    Difference.PERCENT_DECODED: "percent-encoding-nya sudah di-decode",
    Difference.RAW_BYTES: "byte mentah",
    Difference.HASHED: "di-hash",
    Difference.TRIMMED: "tanpa whitespace di awal dan akhir",
    Difference.UPPER_CASE_WITH_HYPHENS: "huruf besar dengan tanda hubung (BitConverter.ToString dari .NET)",
    Difference.LOWER_CASE_WITH_HYPHENS: "huruf kecil dengan tanda hubung",
    Difference.ZEROS_LOST: "heksadesimal tanpa nol di depan",
    Difference.WITH_PREFIX: "dengan awalan seperti 0x atau sha256=",
    Difference.SLASH_DOUBLED: "ada garis miring kedua di depan",
    Difference.SLASHES_COLLAPSED: "satu garis miring menggantikan beberapa",
    Difference.OTHER_SERVICE: "path layanan lain",
    Difference.SORTED: "urutan parameternya berbeda",
    Difference.BLANKS_ENCODED_OTHERWISE: "spasi menjadi + atau %20",
    Difference.ENCODED_AGAIN: "di-decode lalu di-encode ulang",
    Difference.QUESTION_MARK_ONLY: "tanda tanya tanpa query",
    Difference.QUESTION_MARK_LOST: "tanpa tanda tanya",
    Difference.PADDING_LOST: "tanpa = di akhir",
    Difference.CLIENT_KEY: "client key",
    Difference.PARTNER_ID: "X-PARTNER-ID",
    Difference.LINE_END_ADDED: "ditambah line ending",
    Difference.BLANK_ADDED: "ditambah spasi",
    Difference.BYTE_ORDER_MARK_ADDED: "ada byte-order mark di awal",
    Difference.AMPERSAND_ADDED: "ditambah &",
    Difference.CUT_AT_SPECIAL_CHARACTER: "terpotong di karakter khusus, seperti di shell atau file .env",
    Difference.WITH_CLIENT_KEY: "digabung dengan client key",
    Difference.CUT_OFF: "terpotong",
    Difference.EMPTY_TOKEN: "ada bagian token yang kosong, padahal bentuk call ini tanpa token",
    Difference.COLON_ADDED: "ada titik dua di akhir",
    Difference.NUL_ADDED: "ada byte NUL di akhir",
    Difference.COLON_IN_FRONT: "ada titik dua di awal",
    Difference.ARGUMENTS_EXCHANGED: "key dan pesan tertukar",
    Difference.HASH_WITHOUT_KEY: "hash dari string itu, tanpa secret",
    Difference.HASH_WITH_SECRET_IN_FRONT: "hash dari secret diikuti string itu",
    Difference.HASH_WITH_SECRET_BEHIND: "hash dari string itu diikuti secret",
    Difference.HMAC_OF_HASH: "HMAC dari hash string itu",
}
