"""The words of the generated tables and of the plot, in both languages. A number in braces comes from the model."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "id"]
LANGUAGES: tuple[Language, ...] = ("en", "id")

REQUESTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "microseconds of CPU time",
        "token": "a token request",
        "asymmetric": "a call with a token, asymmetric",
        "symmetric": "a call with a token, symmetric",
        "notification": "a notification",
        "body-signed": "a body-signed call",
        "audit": "more with `[audit]`",
        "durable": "more with `[audit]` and `durable`",
        "limits": "included: `[limits]`",
        "metrics": "included: metrics",
        "rsa": "included: the RSA signature, 2,048 bits",
        "alone": "in the engine's own processes, one at a time",
        "together": "in the engine's own processes, 64 at once",
    },
    "id": {
        "head": "mikrodetik waktu CPU",
        "token": "request token",
        "asymmetric": "call dengan token, asimetris",
        "symmetric": "call dengan token, simetris",
        "notification": "notifikasi",
        "body-signed": "call body-signed",
        "audit": "tambahan dengan `[audit]`",
        "durable": "tambahan dengan `[audit]` dan `durable`",
        "limits": "sudah termasuk: `[limits]`",
        "metrics": "sudah termasuk: metrik",
        "rsa": "sudah termasuk: signature RSA, 2.048 bit",
        "alone": "di proses mesin state sendiri, satu per satu",
        "together": "di proses mesin state sendiri, 64 sekaligus",
    },
}

BYTES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "bytes in the state store",
        "token": "the record of a token request",
        "call": "the `X-EXTERNAL-ID` of a call",
        "revocation": "a revocation",
    },
    "id": {
        "head": "byte di state store",
        "token": "catatan sebuah request token",
        "call": "`X-EXTERNAL-ID` sebuah call",
        "revocation": "sebuah pencabutan",
    },
}

LINES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "bytes of a line",
        "plain": "plain",
        "compressed": "compressed with gzip",
        "log token": "log, a token request",
        "log call": "log, a call",
        "audit token": "audit trail, a token request",
        "audit call": "audit trail, a call",
    },
    "id": {
        "head": "byte per baris",
        "plain": "apa adanya",
        "compressed": "dikompresi dengan gzip",
        "log token": "log, request token",
        "log call": "log, call",
        "audit token": "jejak audit, request token",
        "audit call": "jejak audit, call",
    },
}

LOADS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "load",
        "calls": "calls a day",
        "fewest": "token requests a day, if a token is used until it expires",
        "tokens": "token requests a day, if each payment has its own token",
        "rate": "requests a second in the busiest hour",
        "peak": "requests in the busiest second",
        "cpu": "share of a core in the busiest hour",
        "cpu peak": "share of a core in the busiest second",
        "sqlite": "`state.db`",
        "sqlite restarted": "`state.db`, if the server is restarted each day",
        "redis": "memory of Redis",
        "postgresql": "tables of PostgreSQL",
        "postgresql restarted": "tables of PostgreSQL, if the server is restarted each day",
        "start": "the check of this larger `state.db` at a start",
        "log": "log of a day",
        "audit": "audit trail of a day",
        "years": "audit trail of ten years, compressed",
        "verify": "CPU time to verify the audit trail of a day",
        "seconds": "{} s",
    },
    "id": {
        "head": "beban",
        "calls": "call per hari",
        "fewest": "request token per hari, jika token dipakai sampai kedaluwarsa",
        "tokens": "request token per hari, jika setiap payment punya token sendiri",
        "rate": "request per detik pada jam tersibuk",
        "peak": "request pada detik tersibuk",
        "cpu": "bagian dari satu core pada jam tersibuk",
        "cpu peak": "bagian dari satu core pada detik tersibuk",
        "sqlite": "`state.db`",
        "sqlite restarted": "`state.db`, jika server dijalankan ulang setiap hari",
        "redis": "memori Redis",
        "postgresql": "tabel PostgreSQL",
        "postgresql restarted": "tabel PostgreSQL, jika server dijalankan ulang setiap hari",
        "start": "pemeriksaan `state.db` yang lebih besar itu saat start",
        "log": "log satu hari",
        "audit": "jejak audit satu hari",
        "years": "jejak audit sepuluh tahun, dikompresi",
        "verify": "waktu CPU untuk memverifikasi jejak audit satu hari",
        "seconds": "{} dtk",
    },
}

PARTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "part",
        "holds": "it holds",
        "needs": "10,000 calls a day need",
        "full": "full at",
        "rate": "{} a second",
        "limits": "`client_requests_per_minute` of one client at one process: {} / 60 s",
        "core": "one worker on one core, with SQLite and `[audit]`: 1 s / {} us",
        "sqlite": "one `state.db`, two processes: measured",
        "redis": "the one thread of Redis, one record at a time: 1 s / {} us",
        "redis memory": "the memory of a Redis with {} GB",
        "postgresql": "one core of PostgreSQL, one record at a time: 1 s / {} us",
        "audit": "the audit trail of one folder, one line at a time: 1 s / {} us",
        "durable audit": "the audit trail of one folder with `durable`, 20 lines in one flush: 1 s / {} us",
    },
    "id": {
        "head": "bagian",
        "holds": "dayanya",
        "needs": "10.000 call per hari memerlukan",
        "full": "penuh pada",
        "rate": "{} per detik",
        "limits": "`client_requests_per_minute` satu klien di satu proses: {} / 60 dtk",
        "core": "satu worker di satu core, dengan SQLite dan `[audit]`: 1 dtk / {} us",
        "sqlite": "satu `state.db`, dua proses: diukur",
        "redis": "satu-satunya thread Redis, satu catatan setiap kali: 1 dtk / {} us",
        "redis memory": "memori Redis dengan {} GB",
        "postgresql": "satu core PostgreSQL, satu catatan setiap kali: 1 dtk / {} us",
        "audit": "jejak audit satu folder, satu baris setiap kali: 1 dtk / {} us",
        "durable audit": "jejak audit satu folder dengan `durable`, 20 baris dalam satu flush: 1 dtk / {} us",
    },
}

RETRIES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "the client, when no answer comes",
        "success": "success",
        "repeat": "409, a repeat",
        "unanswered": "no answer",
        "twice": "your service got it twice",
        "narrow": "401 with a tolerance of 60 seconds",
        "once": "gives up",
        "same": "sends the same request again",
        "anew": "signs anew, with the same `X-EXTERNAL-ID`",
        "new id": "signs anew, with a new `X-EXTERNAL-ID`",
        "regions": "sends the same request again, in turn to two regions that decide alone",
    },
    "id": {
        "head": "klien, jika tidak ada respons",
        "success": "sukses",
        "repeat": "409, berulang",
        "unanswered": "tanpa respons",
        "twice": "layanan Anda menerimanya dua kali",
        "narrow": "401 dengan toleransi 60 detik",
        "once": "menyerah",
        "same": "mengirim request yang sama lagi",
        "anew": "menandatangani ulang, dengan `X-EXTERNAL-ID` yang sama",
        "new id": "menandatangani ulang, dengan `X-EXTERNAL-ID` baru",
        "regions": "mengirim request yang sama lagi, bergantian ke dua region yang memutuskan sendiri",
    },
}

PLOT: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Genuine requests that are refused because of the client's clock",
        "x": "seconds that the client's clock gains or loses a day",
        "curve": "tolerance {} s, clock corrected every {} days",
        "crystal": "a crystal of 50 ppm",
    },
    "id": {
        "title": "Request sah yang ditolak karena jam klien",
        "x": "detik yang bertambah atau hilang pada jam klien per hari",
        "curve": "toleransi {} dtk, jam dikoreksi setiap {} hari",
        "crystal": "kristal 50 ppm",
    },
}
