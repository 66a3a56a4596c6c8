"""The messages about calls in Indonesian."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_VERBATIM = "Hash dan tanda tangani persis byte yang dikirim. Setelah itu body tidak boleh di-serialize ulang."
_URI = "Tanda tangani path seperti yang dikirim, mulai dari garis miring pertama, dengan query, tanpa skema dan host."

CALL_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CALL_PARTNER_UNKNOWN: (
        "X-PARTNER-ID berisi {sent}, padahal token ini milik {token_of} dengan X-PARTNER-ID {wanted}.",
        "Kirim X-PARTNER-ID klien itu, atau sesuaikan partner_id-nya di pengaturan.",
    ),
    Verdict.CALL_SIGNED_ASYMMETRICALLY: (
        "Call ini ditandatangani dengan key pair, padahal pengaturan {client} meminta signature simetris.",
        'Samakan keduanya: call_signature = "asymmetric" di pengaturan, atau HMAC-SHA512 di klien.',
    ),
    Verdict.CALL_SIGNED_SYMMETRICALLY: (
        "Call ini ditandatangani dengan client secret, padahal pengaturan {client} meminta signature asimetris.",
        'Samakan keduanya: call_signature = "symmetric" di pengaturan, atau SHA256withRSA di klien.',
    ),
    Verdict.CALL_BODY_MINIFIED: (
        "Whitespace yang ditandatangani lain: {rewriting}. Dikirim {sent_length} byte, ditandatangani {signed_length}.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_CHANGED: (
        "Body yang ditandatangani berbeda: {rewriting}. Dikirim {sent_length} byte, ditandatangani {signed_length}.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_NOT_FORWARDED: (
        "Call {method} ini tanpa body, padahal server perlu body untuk memverifikasinya.",
        "Periksa apakah body hilang di proxy atau saat direkam.",
    ),
    Verdict.CALL_PATH_WITH_HOST: ("Path yang ditandatangani berisi host: {signed}", _URI),
    Verdict.CALL_PATH_WITHOUT_BASE: (
        "Path yang ditandatangani tidak lengkap di awal: {signed}",
        f"{_URI} Jika acquirer tidak pernah menandatangani bagian awal itu, isi path_prefix_not_signed klien.",
    ),
    Verdict.CALL_PATH_WITHOUT_QUERY: ("Path yang ditandatangani tidak berisi query.", _URI),
    Verdict.CALL_HASH_UPPER_CASE: (
        "Hash body ditulis dalam heksadesimal huruf besar.",
        "Tulis hash dengan huruf kecil di string to sign.",
    ),
    Verdict.CALL_TOKEN_WITH_BEARER: (
        "Kata Bearer ikut masuk ke string to sign.",
        "Masukkan hanya token ke string to sign.",
    ),
    Verdict.CALL_SECRET_DECODED: (
        "Klien men-decode client secret dari {form} sebelum memakainya sebagai key HMAC.",
        "Pakai teks client secret apa adanya (UTF-8) sebagai key HMAC.",
    ),
    Verdict.CALL_EXTERNAL_ID_REPEATED: (
        "X-EXTERNAL-ID {external_id} sudah dipakai pada hari itu.",
        "Kirim X-EXTERNAL-ID baru di setiap call, termasuk saat retry.",
    ),
    Verdict.CALL_FORM_NOT_ACCEPTED: (
        "{header} adalah header dari bentuk call yang tidak diterima path ini. Yang diterima: {forms}.",
        "Tambahkan bentuk itu ke forms path ini di [[services]] jika acquirer memang mengirimnya.",
    ),
    Verdict.CALL_HEADERS_OF_TWO_FORMS: (
        "Header call ini dari dua bentuk call: {header} tidak cocok dengan yang lain. Path ini menerima: {forms}.",
        "Kirim header dari satu bentuk saja. Authorization, X-CLIENT-KEY, dan X-PARTNER-ID menentukan bentuknya.",
    ),
    Verdict.CALL_NOTIFICATION_REPEATED: (
        "Notifikasi yang sama sudah pernah datang: client key, X-TIMESTAMP, dan body-nya sama.",
        "Tanda tangani setiap notifikasi dari awal, termasuk saat retry.",
    ),
    Verdict.CALL_SIGNED_WITH_NOTIFICATION_KEY: (
        "Call ini ditandatangani dengan key notifikasi, bukan key transaksi.",
        "Tanda tangani dengan key dari public_keys. Key notifikasi hanya untuk notifikasi.",
    ),
    Verdict.CALL_SIGNED_WITH_TRANSACTION_KEY: (
        "Notifikasi ini ditandatangani dengan key transaksi, bukan key notifikasi.",
        "Tanda tangani dengan key dari notification_keys. Cocokkan key di pengaturan dengan key acquirer.",
    ),
    Verdict.CALL_STRING_UNKNOWN: (
        "Key-nya benar, tetapi yang ditandatangani bukan METHOD:path:hash body:X-TIMESTAMP dari call ini.",
        "Cetak string to sign sebelum ditandatangani, lalu bandingkan per byte. Mungkin body berubah di jalan.",
    ),
}
