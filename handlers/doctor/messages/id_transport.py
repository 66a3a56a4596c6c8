"""The messages about how time, headers, token and signature are written and sent, in Indonesian."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_SEND = "Kirim base64 standar dengan padding (RFC 4648 bagian 4) dalam satu baris, tanpa karakter lain."
_BEARER = "Kirim Authorization: Bearer, satu spasi, lalu accessToken persis seperti yang diterima."
_CAPTURED = "Jika request ini direkam sebelumnya, isi waktu rekamannya dengan --at."

TRANSPORT_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CLOCK_WRONG_ZONE_LABEL: (
        "X-TIMESTAMP meleset {hours} jam: cocok dengan waktu {zone}, tetapi offset-nya {label}.",
        (
            "Konversi waktu satu kali saja, ke zona dari offset yang ditulis, dengan jam 00 sampai 23. "
            f"Request yang terlambat dikirim selama itu terlihat sama. {_CAPTURED}"
        ),
    ),
    Verdict.CLOCK_WRONG_DATE: (
        "Jam di X-TIMESTAMP benar, tetapi tanggalnya salah: meleset {days} hari.",
        f"Perbaiki tahun, bulan, atau harinya. Mungkin dipakai YYYY, bukan yyyy (Java), atau teks tetap. {_CAPTURED}",
    ),
    Verdict.CLOCK_MONTH_AS_MINUTES: (
        "X-TIMESTAMP berisi angka bulan ({month}) di tempat menit.",
        f"Tulis mm untuk menit. Di Java, .NET, dan lainnya, MM berarti bulan. {_CAPTURED}",
    ),
    Verdict.HEADER_UNDERSCORES: (
        "Request berisi {sent}, padahal seharusnya {header}.",
        "Tulis nama header dengan tanda hubung, bukan garis bawah. nginx dan server lain membuang nama bergaris bawah.",
    ),
    Verdict.HEADER_MISSPELT: ("Request berisi {sent}, seharusnya {header}.", "Perbaiki nama header itu."),
    Verdict.SIGNATURE_CUT_OFF: (
        "Signature terpotong: hanya {characters} karakter ({length} byte) dari {wanted_characters} ({wanted}).",
        "Cari batas di tengah jalan, misalnya kolom database, log, atau batas header di proxy.",
    ),
    Verdict.SIGNATURE_ENCODED_TWICE: (
        "Signature di-encode lebih dari sekali: {form}.",
        "Encode byte signature satu kali saja ke base64. Mungkin fungsi sign sudah mengembalikan base64.",
    ),
    Verdict.SIGNATURE_PLUS_LOST: (
        "X-SIGNATURE berisi spasi di tempat tanda plus dari base64.",
        "Jangan men-decode signature sebagai bagian URL atau form. Di sana + berarti spasi.",
    ),
    Verdict.SIGNATURE_PADDING_MISSING: ("Padding base64, yaitu = di akhir X-SIGNATURE, hilang.", _SEND),
    Verdict.SIGNATURE_ESCAPED: (
        "X-SIGNATURE berisi karakter yang di-escape seperti di {form}.",
        "Isi header dengan teks base64 itu sendiri, bukan bentuk {form}-nya.",
    ),
    Verdict.SIGNATURE_DECORATED: ("X-SIGNATURE berisi teks lain selain signature: '{form}'.", _SEND),
    Verdict.SIGNATURE_IN_CONTAINER: (
        "Signature dibungkus format lain: {form}.",
        "Kirim hanya byte signature dalam base64.",
    ),
    Verdict.SIGNATURE_PLACEHOLDER: (
        "X-SIGNATURE berisi '{value}'. Ini nama sebuah nilai, bukan signature.",
        "Pastikan program sudah menghitung signature sebelum mengirim request.",
    ),
    Verdict.SIGNATURE_CASE_CHANGED: (
        "X-SIGNATURE ({length} karakter) hanya berisi huruf besar atau hanya huruf kecil. Base64 berisi keduanya.",
        "Jangan ubah signature menjadi huruf kecil atau huruf besar.",
    ),
    Verdict.SIGNATURE_BYTES_REVERSED: (
        "Urutan byte signature terbalik.",
        "Balik urutan byte sebelum base64: CryptoAPI Windows menaruh byte terakhir di depan. Atau pakai CNG.",
    ),
    Verdict.TOKEN_SCHEME_MISSING: ("Authorization berisi token, tetapi tanpa kata Bearer di depannya.", _BEARER),
    Verdict.TOKEN_SCHEME_WRONG: ("Authorization diawali '{scheme}', bukan Bearer dan satu spasi.", _BEARER),
    Verdict.TOKEN_SCHEME_TWICE: (
        "Kata Bearer muncul dua kali di Authorization.",
        f"{_BEARER} Mungkin library sudah menambahkan kata itu.",
    ),
    Verdict.TOKEN_BASIC: (
        "Authorization memakai skema Basic, bukan Bearer.",
        f"{_BEARER} Client key dan client secret tidak dikirim di sana.",
    ),
    Verdict.TOKEN_DECORATED: (
        "Di sekitar atau di dalam token di Authorization ada '{form}', yang tidak seharusnya ada.",
        _BEARER,
    ),
    Verdict.TOKEN_ENCODED: ("Encoding token berbeda dari saat diterbitkan: {form}.", _BEARER),
    Verdict.TOKEN_WHOLE_ANSWER: (
        "Authorization berisi seluruh response JSON dari request token.",
        f"{_BEARER} accessToken adalah salah satu isi JSON itu.",
    ),
    Verdict.TOKEN_JWT: (
        "Authorization berisi JWT. Server ini tidak menerbitkan JWT, jadi token itu milik sistem lain.",
        "Minta token dari server ini, lalu kirim persis seperti yang diterima.",
    ),
    Verdict.TOKEN_PLACEHOLDER: (
        "Authorization berisi '{value}', bukan token. Ini nama sebuah nilai.",
        "Pastikan program sudah punya accessToken sebelum mengirim call.",
    ),
    Verdict.TOKEN_EMPTY: (
        "Authorization tidak berisi token.",
        "Pastikan request token berhasil. Token ada di accessToken pada response-nya.",
    ),
}
