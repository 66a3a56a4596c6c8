"""The messages about what differs between acquirers, in Indonesian."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

PARTICULARS_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CALL_SIGNED_FOR_OTHER_SETTINGS: (
        "Call ini ditandatangani untuk pengaturan lain, bukan milik {client}. Yang beda di string to sign: {part}.",
        "Jika acquirer memang menandatangani begitu, ubah pengaturan: {setting}. Jika tidak, perbaiki klien.",
    ),
    Verdict.CHANNEL_MISMATCH: (
        "CHANNEL-ID adalah {sent}, padahal pengaturan {client} meminta {wanted}.",
        "Kirim CHANNEL-ID itu, atau ubah channel_id klien di pengaturan.",
    ),
    Verdict.ORIGIN_MISMATCH: (
        "ORIGIN adalah {sent}, padahal pengaturan {client} meminta {wanted}.",
        "Kirim ORIGIN itu, atau ubah origin klien di pengaturan.",
    ),
    Verdict.EXTERNAL_ID_MALFORMED: (
        "X-EXTERNAL-ID punya {length} karakter. Pengaturan {client} meminta paling banyak {most}, format {format}.",
        "Kirim X-EXTERNAL-ID yang sesuai, atau ubah external_id_format atau external_id_max_length di pengaturan.",
    ),
}
