"""The messages about how time, headers, token and signature are written and sent, in Indonesian."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_CAPTURED = "Jika request ini direkam sebelumnya, isi waktu rekamannya dengan --at."

TRANSPORT_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CLOCK_WRONG_ZONE_LABEL: (
        "X-TIMESTAMP meleset {hours} jam: yang tertulis waktu {zone}, tetapi offset-nya {label}.",
        f"Konversi waktu satu kali saja, ke zona dari offset yang ditulis, dengan jam 00 sampai 23. {_CAPTURED}",
    ),
}
