"""The Indonesian messages: what each verdict means, and what to do. `{name}` stands for the evidence of that name."""

from collections.abc import Mapping

from handlers.doctor.messages.id_calls import CALL_TEXTS
from handlers.doctor.messages.id_particulars import PARTICULARS_TEXTS
from handlers.doctor.messages.id_parts import PART_TEXTS
from handlers.doctor.messages.id_transport import TRANSPORT_TEXTS
from handlers.doctor.verdicts import Verdict

_STRING = "Tanda tangani persis X-CLIENT-KEY|X-TIMESTAMP dengan nilai yang sama seperti di header."
_SEND = "Kirim base64 standar dengan padding (RFC 4648 bagian 4) dalam satu baris, tanpa karakter lain."
_FINGERPRINT = "openssl pkey -in private.pem -pubout -outform DER | sha256sum."
_NTP = "Sinkronkan jam server klien dengan NTP."

TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: (
        "Request sah.",
        (
            "Tidak ada yang perlu diperbaiki. Pengulangan, token yang dicabut, klien nonaktif, dan alamat pengirim "
            "hanya diketahui server."
        ),
    ),
    Verdict.CLOCK_BEHIND: (
        "X-TIMESTAMP tertinggal {seconds} detik dari {judged_at}. Batasnya {allowed} detik.",
        f"{_NTP} Jika request ini direkam sebelumnya, isi waktu rekamannya dengan --at.",
    ),
    Verdict.CLOCK_AHEAD: (
        "X-TIMESTAMP lebih cepat {seconds} detik dari {judged_at}. Batasnya {allowed} detik.",
        f"{_NTP} Jika semua klien lebih cepat dengan selisih yang sama, perbaiki jam server ini.",
    ),
    Verdict.CLOCK_LOCAL_TIME_LABELLED_JAKARTA: (
        "X-TIMESTAMP tertinggal {seconds} detik dari {judged_at}: ini waktu UTC yang diberi akhiran +07:00.",
        "Konversi waktu ke Asia/Jakarta sebelum menambahkan +07:00, atau kirim UTC dengan akhiran Z.",
    ),
    Verdict.TIMESTAMP_MALFORMED: (
        "Format X-TIMESTAMP ({length} karakter) bukan YYYY-MM-DDTHH:MM:SS+07:00.",
        "Tulis tanggal, T, jam sampai detik, lalu offset dengan titik dua, misalnya 2024-01-22T15:00:01+07:00.",
    ),
    Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND: (
        "Waktu yang ditandatangani berbeda {seconds} detik dari X-TIMESTAMP.",
        "Ambil waktu satu kali saja, lalu pakai teks yang sama di header dan di string to sign.",
    ),
    Verdict.TIMESTAMP_SIGNED_REFORMATTED: (
        "Format waktu yang ditandatangani berbeda dari X-TIMESTAMP: {form}.",
        "Format waktu satu kali saja, lalu pakai teks yang sama di header dan di string to sign.",
    ),
    Verdict.STRING_REVERSED: ("Urutan string to sign terbalik: waktu lebih dulu, lalu client key.", _STRING),
    Verdict.STRING_NO_SEPARATOR: ("Bagian string to sign digabung dengan {separator}, bukan dengan |.", _STRING),
    Verdict.STRING_TRAILING_NEWLINE: (
        "Di akhir string to sign ada {end}, seharusnya tidak ada.",
        f"{_STRING} Di shell, pakai printf %s, bukan echo.",
    ),
    Verdict.STRING_OTHER_CLIENT: (
        "String to sign diawali '{signed_as}', bukan client key milik request ini.",
        _STRING,
    ),
    Verdict.STRING_WITH_BODY: (
        "Body ikut masuk ke string to sign.",
        f"{_STRING} Hanya call simetris dan call body-signed yang mencakup body.",
    ),
    Verdict.STRING_UNKNOWN: (
        "Key-nya benar, tetapi teks yang ditandatangani salah.",
        f"{_STRING} Cetak string sebelum ditandatangani, lalu bandingkan byte demi byte.",
    ),
    Verdict.HASH_SHA1: (
        "Signature dibuat dengan SHA-1.",
        "Pakai SHA256withRSA untuk key pair, HMAC-SHA512 untuk client secret.",
    ),
    Verdict.HASH_SHA256: ("HMAC dibuat dengan SHA-256.", "Tanda tangani call dengan HMAC-SHA512."),
    Verdict.HASH_SHA512: ("Signature dibuat dengan SHA-512.", "Pakai SHA256withRSA."),
    Verdict.HASH_OTHER: ("Signature dibuat dengan {hash}.", "Pakai SHA256withRSA."),
    Verdict.HASH_TWICE: (
        "Yang ditandatangani adalah hash dari string to sign, sehingga di-hash dua kali.",
        "Berikan string aslinya ke fungsi sign, karena SHA256withRSA sudah melakukan hash.",
    ),
    Verdict.PADDING_PSS: (
        "Signature memakai padding RSA-PSS.",
        "Pakai padding PKCS #1 v1.5 (SHA256withRSA, RS256). PS256 adalah algoritma lain.",
    ),
    Verdict.PADDING_NO_DIGEST_INFO: (
        "Signature hanya berisi string atau hash-nya ({length} byte), tanpa DigestInfo.",
        "Pakai fungsi sign dari library dengan SHA-256. Jangan mengenkripsi dengan private key.",
    ),
    Verdict.SIGNATURE_HEX: ("X-SIGNATURE berformat heksadesimal.", _SEND),
    Verdict.SIGNATURE_BASE64URL: ("X-SIGNATURE berformat base64url.", _SEND),
    Verdict.SIGNATURE_QUOTED: ("X-SIGNATURE diapit tanda kutip.", _SEND),
    Verdict.SIGNATURE_LINE_WRAPPED: (
        "X-SIGNATURE berisi baris baru atau spasi.",
        f"{_SEND} Dengan openssl, pakai base64 -A.",
    ),
    Verdict.SIGNATURE_PERCENT_ENCODED: ("X-SIGNATURE di-encode sebagai URL (percent-encoding).", _SEND),
    Verdict.SIGNATURE_NOT_BASE64: (
        "X-SIGNATURE ({length} karakter) bukan base64. Mungkin terpotong atau padding-nya hilang.",
        _SEND,
    ),
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "Panjang signature {length} byte, seharusnya {wanted}.",
        "Periksa ukuran key dan pastikan teksnya tidak terpotong. 64 byte berarti HMAC, bukan signature RSA.",
    ),
    Verdict.KEY_OF_ANOTHER_CLIENT: (
        "Signature dibuat dengan key milik klien {client}.",
        "Tanda tangani dengan key klien ini, atau kirim client key dari klien pemilik key tersebut.",
    ),
    Verdict.KEY_PUBLISHED: (
        "Signature dibuat dengan key uji yang dipublikasikan. Hanya sandbox yang menerimanya.",
        "Tanda tangani dengan private key milik klien sendiri. Siapa pun bisa menandatangani dengan key uji itu.",
    ),
    Verdict.KEY_UNKNOWN: (
        "Tidak ada key di pengaturan yang cocok dengan signature ini. Key klien ini: {keys}.",
        f"Cocokkan fingerprint ini dengan key di sisi klien: {_FINGERPRINT}",
    ),
    Verdict.CLIENT_UNKNOWN: (
        "Klien '{client}' tidak ada di pengaturan. Yang ada: {known}.",
        "Periksa ejaan dan huruf besar/kecilnya, atau tambahkan klien: snap-token client add.",
    ),
    Verdict.CLIENT_SUSPENDED: (
        "Klien {client} sedang dinonaktifkan di pengaturan.",
        "Untuk mengaktifkannya kembali: snap-token client resume.",
    ),
    Verdict.CLIENT_ADDRESS_NOT_ALLOWED: (
        "Request datang dari {address}. Klien {client} hanya boleh mengirim dari jaringan ini: {networks}.",
        "Cari tahu siapa pengirimnya. Jika alamat itu milik klien, tambahkan ke allowed_networks klien itu.",
    ),
    Verdict.CLIENT_WITHOUT_NOTIFICATION_KEYS: (
        "Call ini notifikasi, tetapi pengaturan tidak punya notification_keys untuk klien {client}.",
        "Minta public key notifikasi dari acquirer, lalu masukkan ke notification_keys klien itu.",
    ),
    Verdict.HEADER_MISSING: (
        "Tidak ada atau kosong: {header}.",
        "Kirim semua header itu, dan pastikan proxy tidak menghapusnya.",
    ),
    Verdict.HEADER_DUPLICATED: ("Header {header} dikirim {copies} kali.", "Kirim satu kali saja."),
    Verdict.HEADER_MALFORMED: (
        "Format header {header} ({length} karakter) salah.",
        "Kirim maksimal {most} karakter ASCII yang terlihat, tanpa spasi.",
    ),
    Verdict.MEDIA_TYPE_WRONG: ("{header} berisi '{value}'.", "Kirim Content-Type: application/json dalam UTF-8."),
    Verdict.BODY_COMPRESSED: ("Body dikompresi: {header} berisi '{value}'.", "Kirim body tanpa kompresi."),
    Verdict.BODY_NOT_JSON: (
        "Body ({length} byte) bukan JSON: {cause}.",
        'Kirim {{"grantType":"client_credentials","additionalInfo":{{}}}} dalam UTF-8 tanpa BOM.',
    ),
    Verdict.BODY_NOT_OBJECT: (
        "Body memang JSON, tetapi bukan objek.",
        'Kirim {{"grantType":"client_credentials","additionalInfo":{{}}}}. Jangan di-encode dua kali.',
    ),
    Verdict.BODY_GRANT_TYPE_MISSING: (
        "grantType tidak ada di body. Yang ada: {members}.",
        'Kirim "grantType":"client_credentials". Namanya memakai camel case.',
    ),
    Verdict.BODY_GRANT_TYPE_MISSPELT: (
        "Body berisi {sent}, bukan grantType.",
        'Kirim "grantType":"client_credentials" dengan T besar. SNAP v1.0.1 menulis nama ini dengan huruf kecil.',
    ),
    Verdict.BODY_GRANT_TYPE_WRONG: ("grantType berisi '{value}'.", 'Kirim "grantType":"client_credentials".'),
    Verdict.METHOD_WRONG: ("Method yang dipakai adalah {method}.", "Pakai {wanted}."),
    Verdict.PATH_UNKNOWN: (
        "Server ini tidak punya path {path}. Yang ada: {wanted}.",
        "Periksa base path, garis miring terakhir, dan server.base_path. Path sebuah call harus ada di [[services]].",
    ),
    Verdict.PROTOCOL_UNSUPPORTED: (
        "HTTP versi {version} dengan Transfer-Encoding '{coding}' tidak didukung.",
        "Kirim HTTP/1.1 atau 1.0 dengan Content-Length. HTTP/1.1 juga boleh Transfer-Encoding: chunked, satu kali.",
    ),
    Verdict.REQUEST_TOO_LARGE: (
        "Request terlalu besar: {part}: {size}, maksimal {most}.",
        "Kirim request yang lebih kecil.",
    ),
    Verdict.ACCEL_REDIRECT_UNSET: (
        "Proxy mengirim {header}, tetapi pengaturan tidak menyebutkan ke mana nginx meneruskan call yang sah.",
        'Isi accel_redirect di [internal], misalnya accel_redirect = "@merchant".',
    ),
    Verdict.SECRET_WRONG: (
        "{header} dari proxy ({length} karakter) bukan Bearer diikuti secret dari internal.secret_file.",
        "Atur proxy agar mengirim {header}: Bearer diikuti secret. Pastikan secret di proxy dan server sama.",
    ),
    Verdict.TOKEN_MISSING: ("Header Authorization tidak ada.", "Kirim Authorization: Bearer diikuti token."),
    Verdict.TOKEN_MALFORMED: (
        "Authorization ({length} karakter) tidak berbentuk Bearer diikuti token.",
        "Tulis Bearer satu kali, satu spasi, lalu accessToken persis seperti yang diterima, tanpa tanda kutip.",
    ),
    Verdict.TOKEN_EXPIRED: (
        "Token diterbitkan pada {issued_at} dan berlaku {lifetime_seconds} detik. Umurnya sudah {age_seconds} detik.",
        "Minta token baru setelah expiresIn habis. Jika call ini direkam sebelumnya, isi waktu rekamannya dengan --at.",
    ),
    Verdict.TOKEN_TAMPERED: (
        "Token ({length} karakter) gagal diverifikasi: isinya berubah, terpotong, atau diterbitkan server lain.",
        "Kirim accessToken persis seperti yang diterima. Pastikan semua instance memakai token key yang sama.",
    ),
    Verdict.TOKEN_OF_ANOTHER_CLIENT: (
        "Token ini milik {token_of} dengan X-PARTNER-ID {wanted}, sedangkan {sent} milik klien lain.",
        "Pakai token hanya untuk call dari klien pemilik token itu.",
    ),
    **CALL_TEXTS,
    **PARTICULARS_TEXTS,
    **PART_TEXTS,
    **TRANSPORT_TEXTS,
    Verdict.ANSWER_REFUSED: (
        "Menurut rekaman, response-nya {status}. Penyebabnya tidak terlihat di dalam request.",
        "Baca reason di log server: pengulangan, token yang dicabut, state store mati, atau pengaturan sudah berubah.",
    ),
}

SYMMETRIC_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "Panjang signature {length} byte, sedangkan {symmetric} panjangnya {wanted}.",
        "Tanda tangani dengan client secret, dan pastikan teksnya tidak terpotong.",
    ),
    Verdict.KEY_UNKNOWN: (
        "Signature ini bukan {symmetric} dengan secret klien ini atas method, URI, token, body, dan waktu call ini.",
        "Cetak string to sign sebelum ditandatangani, lalu cocokkan kelima bagiannya. Cocokkan client secret terakhir.",
    ),
    Verdict.HASH_OTHER: ("HMAC ini dibuat dengan {hash}.", "Tanda tangani call dengan HMAC-SHA512."),
}
"""The messages for a symmetric signature, in place of those above."""
