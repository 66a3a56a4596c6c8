"""What each finding means and what to do about it, in Indonesian; `{name}` is one of the finding's facts."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_STRING = "Tanda tangani persis X-CLIENT-KEY|X-TIMESTAMP, sama dengan nilai di header."
_SEND = "Kirim base64 standar lengkap dengan padding (RFC 4648 bagian 4), satu baris, tanpa karakter lain."
_FINGERPRINT = "openssl pkey -in private.pem -pubout -outform DER | sha256sum."
_NTP = "Sinkronkan jam server klien dengan NTP."
_VERBATIM = "Hash dan tanda tangani byte yang benar-benar dikirim; body tidak boleh ditulis ulang setelahnya."
_URI = "Tanda tangani path seperti yang dikirim, mulai dari garis miring pertama, dengan query, tanpa skema dan host."

TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: (
        "Request sah.",
        "Tidak ada yang perlu diperbaiki. Pengulangan, pencabutan token, dan penonaktifan hanya diketahui oleh server.",
    ),
    Verdict.CLOCK_BEHIND: (
        "Jam server klien tertinggal {seconds} detik dari {judged_at}; batasnya {allowed} detik.",
        f"{_NTP} Jika request ini direkam sebelumnya, periksa dengan --at sesuai waktunya.",
    ),
    Verdict.CLOCK_AHEAD: (
        "Jam server klien lebih cepat {seconds} detik dari {judged_at}; batasnya {allowed} detik.",
        f"{_NTP} Jika semua klien sama-sama lebih cepat, periksa jam server ini.",
    ),
    Verdict.CLOCK_LOCAL_TIME_LABELLED_JAKARTA: (
        "X-TIMESTAMP tertinggal {seconds} detik dari {judged_at}: jam server klien UTC, tetapi diberi akhiran +07:00.",
        "Konversi dulu waktunya ke Asia/Jakarta sebelum menulis +07:00, atau kirim UTC dengan akhiran Z.",
    ),
    Verdict.TIMESTAMP_MALFORMED: (
        "Format X-TIMESTAMP ({length} karakter) bukan YYYY-MM-DDTHH:MM:SS+07:00.",
        "Tulis tanggal, T, jam sampai detik, lalu offset dengan titik dua, misalnya 2024-01-22T15:00:01+07:00.",
    ),
    Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND: (
        "Waktu yang ditandatangani tidak sama dengan yang dikirim: selisihnya {seconds} detik.",
        "Ambil waktu satu kali saja, lalu pakai teks yang sama di header dan di string to sign.",
    ),
    Verdict.TIMESTAMP_SIGNED_REFORMATTED: (
        "Waktu yang ditandatangani ditulis dengan format lain dari X-TIMESTAMP: {form}.",
        "Buat teks waktu satu kali saja, lalu pakai di header dan di string to sign.",
    ),
    Verdict.STRING_REVERSED: ("Urutan string to sign terbalik: waktu dulu, baru client key.", _STRING),
    Verdict.STRING_NO_SEPARATOR: ("Bagian string to sign disambung dengan {separator}, bukan dengan |.", _STRING),
    Verdict.STRING_TRAILING_NEWLINE: (
        "Ada {end} di akhir string to sign.",
        f"{_STRING} Di shell, pakai printf %s, bukan echo.",
    ),
    Verdict.STRING_OTHER_CLIENT: (
        "String to sign diawali '{signed_as}', bukan client key milik request ini.",
        _STRING,
    ),
    Verdict.STRING_WITH_BODY: (
        "Body ikut masuk ke string to sign.",
        f"{_STRING} Body hanya dipakai di signature simetris pada request setelah token.",
    ),
    Verdict.STRING_UNKNOWN: (
        "Key-nya benar, tetapi teks yang ditandatangani berbeda.",
        f"{_STRING} Cetak string sebelum ditandatangani, lalu bandingkan byte demi byte.",
    ),
    Verdict.HASH_SHA1: (
        "Signature dibuat dengan SHA-1.",
        "Pakai SHA256withRSA untuk key pair, HMAC-SHA512 untuk client secret.",
    ),
    Verdict.HASH_SHA256: ("HMAC dibuat dengan SHA-256.", "Pakai HMAC-SHA512 untuk request setelah token."),
    Verdict.HASH_SHA512: ("Signature dibuat dengan SHA-512.", "Pakai SHA256withRSA."),
    Verdict.HASH_OTHER: ("Signature dibuat dengan {hash}.", "Pakai SHA256withRSA."),
    Verdict.HASH_TWICE: (
        "Yang ditandatangani adalah hash dari string to sign.",
        "Masukkan string aslinya ke fungsi sign: SHA256withRSA sudah melakukan hash sendiri.",
    ),
    Verdict.PADDING_PSS: (
        "Signature memakai padding RSA-PSS.",
        "Pakai PKCS #1 v1.5 (SHA256withRSA, RS256); PS256 adalah algoritma lain.",
    ),
    Verdict.PADDING_NO_DIGEST_INFO: (
        "Signature hanya mengenkripsi string atau hash-nya ({length} byte), tanpa DigestInfo.",
        "Pakai fungsi sign dengan SHA-256 dari library, bukan enkripsi dengan private key.",
    ),
    Verdict.SIGNATURE_HEX: ("X-SIGNATURE dikirim dalam heksadesimal.", _SEND),
    Verdict.SIGNATURE_BASE64URL: ("X-SIGNATURE dikirim dalam base64url.", _SEND),
    Verdict.SIGNATURE_QUOTED: ("X-SIGNATURE diapit tanda kutip.", _SEND),
    Verdict.SIGNATURE_LINE_WRAPPED: (
        "Ada ganti baris atau spasi di dalam X-SIGNATURE.",
        f"{_SEND} Dengan openssl, pakai base64 -A.",
    ),
    Verdict.SIGNATURE_PERCENT_ENCODED: ("X-SIGNATURE ter-encode dengan persen (URL encoding).", _SEND),
    Verdict.SIGNATURE_NOT_BASE64: (
        "X-SIGNATURE ({length} karakter) bukan base64. Mungkin terpotong atau padding-nya hilang.",
        _SEND,
    ),
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "Panjang signature {length} byte; seharusnya {wanted}.",
        "Cocokkan ukuran key dan pastikan teksnya tidak terpotong. 64 byte berarti HMAC, bukan signature RSA.",
    ),
    Verdict.KEY_OF_ANOTHER_CLIENT: (
        "Signature dibuat dengan key milik klien {client}.",
        "Pakai key milik klien itu sendiri, atau kirim client key yang sesuai dengan key tersebut.",
    ),
    Verdict.KEY_UNKNOWN: (
        "Tidak ada key di pengaturan yang cocok dengan signature ini. Key di sini: {keys}.",
        f"Cocokkan fingerprint key dengan milik klien: {_FINGERPRINT}",
    ),
    Verdict.CLIENT_UNKNOWN: (
        "Klien '{client}' tidak ada di pengaturan; yang ada: {known}.",
        "Periksa ejaan dan huruf besar-kecilnya, atau tambahkan klien: snap-token client add.",
    ),
    Verdict.CLIENT_SUSPENDED: (
        "Klien {client} sedang dinonaktifkan di pengaturan.",
        "Untuk mengaktifkannya lagi: snap-token client resume.",
    ),
    Verdict.HEADER_MISSING: ("Header {header} tidak ada atau kosong.", "Kirim header itu; mungkin dihapus oleh proxy."),
    Verdict.HEADER_DUPLICATED: ("Header {header} dikirim {copies} kali.", "Kirim satu kali saja."),
    Verdict.HEADER_MALFORMED: (
        "Format header {header} ({length} karakter) salah.",
        "Kirim paling banyak {most} karakter ASCII yang terlihat, tanpa spasi.",
    ),
    Verdict.MEDIA_TYPE_WRONG: ("{header} berisi '{value}'.", "Kirim Content-Type: application/json dalam UTF-8."),
    Verdict.BODY_COMPRESSED: ("Body dikompresi: {header} berisi '{value}'.", "Kirim body tanpa kompresi."),
    Verdict.BODY_NOT_JSON: (
        "Body ({length} byte) bukan JSON: {cause}.",
        'Kirim {{"grantType":"client_credentials","additionalInfo":{{}}}} dalam UTF-8 tanpa BOM.',
    ),
    Verdict.BODY_NOT_OBJECT: (
        "Body memang JSON, tetapi bukan objek.",
        'Kirim {{"grantType":"client_credentials","additionalInfo":{{}}}}; jangan di-encode dua kali.',
    ),
    Verdict.BODY_GRANT_TYPE_MISSING: (
        "grantType tidak ada di body; yang ada: {members}.",
        'Kirim "grantType":"client_credentials"; namanya memakai camel case.',
    ),
    Verdict.BODY_GRANT_TYPE_WRONG: ("grantType berisi '{value}'.", 'Kirim "grantType":"client_credentials".'),
    Verdict.METHOD_WRONG: ("Method yang dipakai {method}.", "Pakai {wanted}."),
    Verdict.PATH_UNKNOWN: (
        "Tidak ada layanan di {path}; yang ada: {wanted}.",
        "Periksa base path, garis miring terakhir, dan server.base_path; path lain didaftarkan di [[services]].",
    ),
    Verdict.PROTOCOL_UNSUPPORTED: (
        "HTTP ini tidak didukung: versi {version}, Transfer-Encoding '{coding}'.",
        "Kirim HTTP/1.1 (atau 1.0) dengan Content-Length, atau, di 1.1, dengan Transfer-Encoding: chunked satu kali.",
    ),
    Verdict.REQUEST_TOO_LARGE: ("Terlalu besar: {part}, {size}; paling banyak {most}.", "Perkecil request."),
    Verdict.ACCEL_REDIRECT_UNSET: (
        "Proxy mengirim {header}, tetapi setelan tidak menyebutkan ke mana call yang sah diteruskan.",
        'Isi accel_redirect di [internal], misalnya accel_redirect = "@merchant" untuk file nginx.',
    ),
    Verdict.SECRET_WRONG: (
        "{header} dari proxy, {length} karakter, bukan Bearer diikuti secret dari internal.secret_file.",
        "Atur proxy agar mengirim {header}: Bearer dan secret. Periksa apakah proxy dan server punya secret yang sama.",
    ),
    Verdict.TOKEN_MISSING: ("Header Authorization tidak ada.", "Kirim Authorization: Bearer diikuti token."),
    Verdict.TOKEN_MALFORMED: (
        "Authorization ({length} karakter) tidak berbentuk Bearer diikuti token.",
        "Tulis Bearer satu kali, satu spasi, lalu accessToken persis seperti yang diterima, tanpa tanda kutip.",
    ),
    Verdict.TOKEN_EXPIRED: (
        "Token terbit {issued_at} dan berlaku {lifetime_seconds} detik; umurnya sudah {age_seconds} detik.",
        "Minta token baru setelah expiresIn habis. Jika direkam sebelumnya, periksa dengan --at sesuai waktunya.",
    ),
    Verdict.TOKEN_TAMPERED: (
        "Token ({length} karakter) tidak bisa dibuka: berubah, terpotong, atau diterbitkan server lain.",
        "Kirim accessToken persis seperti yang diterima. Pastikan semua instance memakai token key yang sama.",
    ),
    Verdict.TOKEN_OF_ANOTHER_CLIENT: (
        "Token ini milik {token_of} dengan X-PARTNER-ID {wanted}, sedangkan {sent} milik klien lain.",
        "Pakai token milik masing-masing klien.",
    ),
    Verdict.CALL_PARTNER_UNKNOWN: (
        "X-PARTNER-ID berisi {sent}; untuk klien {token_of} seharusnya {wanted}.",
        "Kirim nilai itu, atau sesuaikan partner_id klien di pengaturan.",
    ),
    Verdict.CALL_SIGNED_ASYMMETRICALLY: (
        "Request ditandatangani dengan key pair, padahal pengaturan {client} meminta signature simetris.",
        'Samakan: call_signature = "asymmetric" di pengaturan, atau HMAC-SHA512 di klien.',
    ),
    Verdict.CALL_SIGNED_SYMMETRICALLY: (
        "Request ditandatangani dengan client secret, padahal pengaturan {client} meminta signature asimetris.",
        'Samakan: call_signature = "symmetric" di pengaturan, atau SHA256withRSA di klien.',
    ),
    Verdict.CALL_BODY_MINIFIED: (
        "Spasi di body yang ditandatangani berbeda: {signed_length} byte, yang dikirim {sent_length} byte.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_CHANGED: (
        "Body yang ditandatangani berbeda: {signed_length} byte, yang dikirim {sent_length} byte.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_NOT_FORWARDED: (
        "Body kosong padahal method-nya {method}, dan signature bukan atas body kosong.",
        "Periksa apakah body hilang di proxy atau di rekaman.",
    ),
    Verdict.CALL_PATH_WITH_HOST: ("Path ditandatangani beserta host: {signed}", _URI),
    Verdict.CALL_PATH_WITHOUT_BASE: ("Path ditandatangani tanpa bagian awalnya: {signed}", _URI),
    Verdict.CALL_PATH_WITHOUT_QUERY: ("Path ditandatangani tanpa query.", _URI),
    Verdict.CALL_HASH_UPPER_CASE: (
        "Hash body ditulis dengan huruf besar.",
        "Tulis hash heksadesimal dengan huruf kecil di string to sign.",
    ),
    Verdict.CALL_TOKEN_WITH_BEARER: (
        "Kata Bearer ikut masuk ke string to sign.",
        "Masukkan token saja ke string to sign.",
    ),
    Verdict.CALL_SECRET_DECODED: (
        "Client secret di-decode dulu dari {form} sebelum dipakai sebagai kunci HMAC.",
        "Pakai teks client secret apa adanya (UTF-8) sebagai kunci HMAC.",
    ),
    Verdict.CALL_EXTERNAL_ID_REPEATED: (
        "X-EXTERNAL-ID {external_id} sudah dipakai pada hari itu.",
        "Kirim X-EXTERNAL-ID baru di setiap request, termasuk saat mengulang.",
    ),
    Verdict.ANSWER_REFUSED: (
        "Menurut rekaman, jawabannya {status}, dan tidak ada yang menjelaskannya di dalam request.",
        "Baca reason di log server: pengulangan, token yang dicabut, state yang mati, atau setelan yang sudah berubah.",
    ),
}

SYMMETRIC_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "Panjang signature {length} byte; {symmetric} panjangnya {wanted}.",
        "Tanda tangani dengan client secret di klien, dan pastikan teksnya tidak terpotong.",
    ),
    Verdict.KEY_UNKNOWN: (
        "Signature ini bukan {symmetric} dengan secret klien ini atas method, URI, token, body, dan waktu request ini.",
        "Cocokkan client secret di kedua sisi, lalu kelima bagian itu: cetak string to sign sebelum ditandatangani.",
    ),
}
"""What reads otherwise of a symmetric signature."""
