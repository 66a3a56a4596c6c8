"""The messages about what differs between acquirers, in English."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

PARTICULARS_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CALL_SIGNED_FOR_OTHER_SETTINGS: (
        "The call is signed for other settings than those of {client}. What differs in the string to sign: {part}.",
        "If the acquirer really signs like this, change the settings: {setting}. Otherwise correct the client.",
    ),
    Verdict.CHANNEL_MISMATCH: (
        "CHANNEL-ID is {sent}, but the settings of {client} require {wanted}.",
        "Send that CHANNEL-ID, or change channel_id of the client in the settings.",
    ),
    Verdict.ORIGIN_MISMATCH: (
        "ORIGIN is {sent}, but the settings of {client} require {wanted}.",
        "Send that ORIGIN, or change origin of the client in the settings.",
    ),
    Verdict.EXTERNAL_ID_MALFORMED: (
        "X-EXTERNAL-ID has {length} characters. The settings of {client} allow at most {most}, format {format}.",
        "Send an X-EXTERNAL-ID that fits, or change external_id_format or external_id_max_length in the settings.",
    ),
}
