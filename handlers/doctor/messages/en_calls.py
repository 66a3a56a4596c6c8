"""The messages about calls in English."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_VERBATIM = "Hash and sign exactly the bytes that you send. Nothing may serialise the body again after that."
_URI = "Sign the path exactly as it is sent, from the first slash, with the query, without scheme and host."

CALL_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CALL_PARTNER_UNKNOWN: (
        "X-PARTNER-ID is {sent}, but the token was issued to {token_of}, whose X-PARTNER-ID is {wanted}.",
        "Send X-PARTNER-ID of that client, or change its partner_id in the settings.",
    ),
    Verdict.CALL_SIGNED_ASYMMETRICALLY: (
        "The call is signed with a key pair, but the settings require the symmetric form for {client}.",
        'Agree on one form: call_signature = "asymmetric" in the settings, or HMAC-SHA512 at the client.',
    ),
    Verdict.CALL_SIGNED_SYMMETRICALLY: (
        "The call is signed with a client secret, but the settings require the asymmetric form for {client}.",
        'Agree on one form: call_signature = "symmetric" in the settings, or SHA256withRSA at the client.',
    ),
    Verdict.CALL_BODY_MINIFIED: (
        "The signed body has other whitespace: {rewriting}. {signed_length} bytes were signed, {sent_length} sent.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_CHANGED: (
        "Another body was signed: {rewriting}. {signed_length} bytes were signed, {sent_length} sent.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_NOT_FORWARDED: (
        "The {method} call has no body here, but the server needs the body to verify the call.",
        "Check whether a proxy or the capture drops the body.",
    ),
    Verdict.CALL_PATH_WITH_HOST: ("The signed path contains the host: {signed}", _URI),
    Verdict.CALL_PATH_WITHOUT_BASE: (
        "The signed path lacks its beginning: {signed}",
        f"{_URI} If the acquirer never signs that beginning, set path_prefix_not_signed of the client.",
    ),
    Verdict.CALL_PATH_WITHOUT_QUERY: ("The signed path lacks the query.", _URI),
    Verdict.CALL_HASH_UPPER_CASE: (
        "The hash of the body has uppercase hexadecimal digits.",
        "Write the hash in lowercase in the string to sign.",
    ),
    Verdict.CALL_TOKEN_WITH_BEARER: (
        "The string to sign has the word Bearer before the token.",
        "Put only the token into the string to sign.",
    ),
    Verdict.CALL_SECRET_DECODED: (
        "The client decodes its secret from {form} before it uses it as the key.",
        "Use the text of the client secret (UTF-8) as the key of the HMAC.",
    ),
    Verdict.CALL_EXTERNAL_ID_REPEATED: (
        "X-EXTERNAL-ID {external_id} was already used on that day.",
        "Send a new X-EXTERNAL-ID with every call, also with a retry.",
    ),
    Verdict.CALL_FORM_NOT_ACCEPTED: (
        "{header} belongs to a form of call that this path does not accept. It accepts: {forms}.",
        "Add the form to forms of this path in [[services]], if the acquirer really sends it.",
    ),
    Verdict.CALL_HEADERS_OF_TWO_FORMS: (
        "The call has headers of two forms of call: {header} does not belong to the others. The path accepts: {forms}.",
        "Send the headers of one form only. Authorization, X-CLIENT-KEY and X-PARTNER-ID tell the form.",
    ),
    Verdict.CALL_NOTIFICATION_REPEATED: (
        "The same notification came before: client key, X-TIMESTAMP and body are equal.",
        "Sign each notification anew, also a retry.",
    ),
    Verdict.CALL_SIGNED_WITH_NOTIFICATION_KEY: (
        "The call is signed with the notification key instead of the transaction key.",
        "Sign with the key of public_keys. The notification key signs only notifications.",
    ),
    Verdict.CALL_SIGNED_WITH_TRANSACTION_KEY: (
        "The notification is signed with the transaction key instead of the notification key.",
        "Sign with the key of notification_keys. Compare the keys in the settings with those of the acquirer.",
    ),
    Verdict.CALL_STRING_UNKNOWN: (
        "The key is right, but it signed another text than METHOD:path:hash of the body:X-TIMESTAMP of this call.",
        "Print the string to sign before you sign it, and compare it byte by byte. Perhaps a proxy changed the body.",
    ),
}
