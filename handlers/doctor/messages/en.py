"""The English messages: what each verdict means, and what to do. `{name}` stands for the evidence of that name."""

from collections.abc import Mapping

from handlers.doctor.messages.en_calls import CALL_TEXTS
from handlers.doctor.messages.en_particulars import PARTICULARS_TEXTS
from handlers.doctor.messages.en_parts import PART_TEXTS
from handlers.doctor.messages.en_transport import TRANSPORT_TEXTS
from handlers.doctor.verdicts import Verdict

_STRING = "Sign exactly X-CLIENT-KEY|X-TIMESTAMP, with the same values as in the headers."
_SEND = "Send standard base64 with padding (RFC 4648, section 4), on one line, without any other characters."
_FINGERPRINT = "openssl pkey -in private.pem -pubout -outform DER | sha256sum."
_NTP = "Synchronise the client's clock with a time server (NTP)."

TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: (
        "The request is genuine.",
        (
            "Nothing to do. Only the server knows of repeats, revoked tokens, suspensions in its state store, "
            "and callers' addresses."
        ),
    ),
    Verdict.CLOCK_BEHIND: (
        "X-TIMESTAMP is {seconds} seconds behind {judged_at}. At most {allowed} seconds are allowed.",
        f"{_NTP} If the request was captured earlier, give the time of the capture with --at.",
    ),
    Verdict.CLOCK_AHEAD: (
        "X-TIMESTAMP is {seconds} seconds ahead of {judged_at}. At most {allowed} seconds are allowed.",
        f"{_NTP} If all clients are ahead by the same time, correct the clock of this server.",
    ),
    Verdict.CLOCK_LOCAL_TIME_LABELLED_JAKARTA: (
        "X-TIMESTAMP is {seconds} seconds behind {judged_at}: it is a UTC time with +07:00 appended.",
        "Convert the time to Asia/Jakarta before you append +07:00, or send UTC with Z.",
    ),
    Verdict.TIMESTAMP_MALFORMED: (
        "X-TIMESTAMP ({length} characters) does not have the format YYYY-MM-DDTHH:MM:SS+07:00.",
        "Write the date, T, the time with seconds and an offset with a colon, for example 2024-01-22T15:00:01+07:00.",
    ),
    Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND: (
        "The signed time differs by {seconds} seconds from X-TIMESTAMP.",
        "Read the clock once, and use the same text in the header and in the string to sign.",
    ),
    Verdict.TIMESTAMP_SIGNED_REFORMATTED: (
        "The signed time has another format than X-TIMESTAMP: {form}.",
        "Format the time once, and use the same text in the header and in the string to sign.",
    ),
    Verdict.STRING_REVERSED: ("The string to sign is reversed: it has the time first, then the client key.", _STRING),
    Verdict.STRING_NO_SEPARATOR: ("The parts of the string to sign are joined by {separator}, not by |.", _STRING),
    Verdict.STRING_TRAILING_NEWLINE: (
        "The string to sign ends with {end}, which does not belong there.",
        f"{_STRING} In a shell, use printf %s instead of echo.",
    ),
    Verdict.STRING_OTHER_CLIENT: (
        "The string to sign begins with '{signed_as}' instead of the client key of this request.",
        _STRING,
    ),
    Verdict.STRING_WITH_BODY: (
        "The body is part of the string to sign.",
        f"{_STRING} Only symmetric and body-signed calls cover the body.",
    ),
    Verdict.STRING_UNKNOWN: (
        "The key is right, but the signed text is not.",
        f"{_STRING} Print the string before you sign it, and compare it byte by byte.",
    ),
    Verdict.HASH_SHA1: (
        "The signature was made with SHA-1.",
        "Use SHA256withRSA with a key pair, or HMAC-SHA512 with a client secret.",
    ),
    Verdict.HASH_SHA256: ("The HMAC was made with SHA-256.", "Sign calls with HMAC-SHA512."),
    Verdict.HASH_SHA512: ("The signature was made with SHA-512.", "Use SHA256withRSA."),
    Verdict.HASH_OTHER: ("The signature was made with {hash}.", "Use SHA256withRSA."),
    Verdict.HASH_TWICE: (
        "The client signed a hash of the string to sign, so it was hashed twice.",
        "Pass the string itself to the signing function, because SHA256withRSA hashes it.",
    ),
    Verdict.PADDING_PSS: (
        "The signature has RSA-PSS padding.",
        "Use PKCS #1 v1.5 padding (SHA256withRSA, RS256). PS256 is another algorithm.",
    ),
    Verdict.PADDING_NO_DIGEST_INFO: (
        "The signature contains only the string or its hash ({length} bytes), without DigestInfo.",
        "Use the sign function of your library with SHA-256. Do not encrypt with the private key.",
    ),
    Verdict.SIGNATURE_HEX: ("X-SIGNATURE is hexadecimal.", _SEND),
    Verdict.SIGNATURE_BASE64URL: ("X-SIGNATURE is base64url.", _SEND),
    Verdict.SIGNATURE_QUOTED: ("X-SIGNATURE has quotes around it.", _SEND),
    Verdict.SIGNATURE_LINE_WRAPPED: (
        "X-SIGNATURE contains line breaks or spaces.",
        f"{_SEND} With openssl, use base64 -A.",
    ),
    Verdict.SIGNATURE_PERCENT_ENCODED: ("X-SIGNATURE is percent-encoded.", _SEND),
    Verdict.SIGNATURE_NOT_BASE64: (
        "X-SIGNATURE ({length} characters) is not base64. Perhaps it was cut off or lost its padding.",
        _SEND,
    ),
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "The signature has {length} bytes, but it must have {wanted}.",
        "Check the size of the key, and that the text is not cut off. 64 bytes are an HMAC, not an RSA signature.",
    ),
    Verdict.KEY_OF_ANOTHER_CLIENT: (
        "The signature was made with a key of the client {client}.",
        "Sign with a key of this client, or send the client key of the client that owns the key.",
    ),
    Verdict.KEY_PUBLISHED: (
        "The signature was made with the published test key. Only a sandbox accepts it.",
        "Sign with the client's own private key. Anybody can sign with the test key.",
    ),
    Verdict.KEY_UNKNOWN: (
        "No key of the settings matches this signature. Keys of this client: {keys}.",
        f"Compare these fingerprints with the client's key: {_FINGERPRINT}",
    ),
    Verdict.CLIENT_UNKNOWN: (
        "The settings have no client '{client}'. They have: {known}.",
        "Check spelling and upper or lower case, or add the client: snap-token client add.",
    ),
    Verdict.CLIENT_SUSPENDED: (
        "The client {client} is suspended in the settings.",
        "To end the suspension: snap-token client resume.",
    ),
    Verdict.CLIENT_ADDRESS_NOT_ALLOWED: (
        "The request came from {address}. The client {client} may send from these networks only: {networks}.",
        "Find out who sent it. If the address is the client's, add it to allowed_networks of the client.",
    ),
    Verdict.CLIENT_WITHOUT_NOTIFICATION_KEYS: (
        "The call is a notification, but the settings have no notification_keys for the client {client}.",
        "Ask the acquirer for its notification public key, and put it into notification_keys of the client.",
    ),
    Verdict.HEADER_MISSING: (
        "Missing or empty: {header}.",
        "Send each of these headers, and check that no proxy removes it.",
    ),
    Verdict.HEADER_DUPLICATED: ("The header {header} was sent {copies} times.", "Send it once."),
    Verdict.HEADER_MALFORMED: (
        "The header {header} ({length} characters) is malformed.",
        "Send at most {most} visible ASCII characters, without spaces.",
    ),
    Verdict.MEDIA_TYPE_WRONG: ("{header} is '{value}'.", "Send Content-Type: application/json, in UTF-8."),
    Verdict.BODY_COMPRESSED: ("The body is compressed: {header} is '{value}'.", "Send the body without compression."),
    Verdict.BODY_NOT_JSON: (
        "The body ({length} bytes) is not JSON: {cause}.",
        'Send {{"grantType":"client_credentials","additionalInfo":{{}}}} in UTF-8, without a byte-order mark.',
    ),
    Verdict.BODY_NOT_OBJECT: (
        "The body is JSON, but not an object.",
        'Send {{"grantType":"client_credentials","additionalInfo":{{}}}}. Do not encode it twice.',
    ),
    Verdict.BODY_GRANT_TYPE_MISSING: (
        "The body has no grantType. Its members: {members}.",
        'Send "grantType":"client_credentials". The name is in camel case.',
    ),
    Verdict.BODY_GRANT_TYPE_MISSPELT: (
        "The body has {sent} in place of grantType.",
        'Send "grantType":"client_credentials", with a capital T. SNAP v1.0.1 wrote the name in lowercase.',
    ),
    Verdict.BODY_GRANT_TYPE_WRONG: ("grantType is '{value}'.", 'Send "grantType":"client_credentials".'),
    Verdict.METHOD_WRONG: ("The method is {method}.", "Use {wanted}."),
    Verdict.PATH_UNKNOWN: (
        "This server has no path {path}. Its paths: {wanted}.",
        "Check the base path, the last slash and server.base_path. The path of a call must be in [[services]].",
    ),
    Verdict.PROTOCOL_UNSUPPORTED: (
        "HTTP version {version} with Transfer-Encoding '{coding}' is not supported.",
        "Send HTTP/1.1 or HTTP/1.0 with Content-Length. HTTP/1.1 also allows Transfer-Encoding: chunked, once.",
    ),
    Verdict.REQUEST_TOO_LARGE: (
        "The request is too large: {part}: {size}, allowed: {most}.",
        "Send a smaller request.",
    ),
    Verdict.ACCEL_REDIRECT_UNSET: (
        "The proxy sends {header}, but the settings do not name where nginx sends a genuine call.",
        'Set accel_redirect in [internal], for example accel_redirect = "@merchant".',
    ),
    Verdict.SECRET_WRONG: (
        "{header} of the proxy ({length} characters) is not Bearer and the secret of internal.secret_file.",
        "Configure the proxy to send {header}: Bearer and the secret. Both must have the same secret.",
    ),
    Verdict.TOKEN_MISSING: ("The Authorization header is missing.", "Send Authorization: Bearer and the token."),
    Verdict.TOKEN_MALFORMED: (
        "Authorization ({length} characters) is not Bearer and a token.",
        "Send the word Bearer once, one space, and the accessToken exactly as you received it, without quotes.",
    ),
    Verdict.TOKEN_EXPIRED: (
        "The token was issued at {issued_at} for {lifetime_seconds} seconds. It is {age_seconds} seconds old.",
        "Request a new token when expiresIn is over. If the call was captured earlier, give that time with --at.",
    ),
    Verdict.TOKEN_TAMPERED: (
        "No token key verifies the token ({length} characters). It was changed, cut off, or issued by another server.",
        "Send the accessToken exactly as you received it. Check that all instances have the same token keys.",
    ),
    Verdict.TOKEN_OF_ANOTHER_CLIENT: (
        "The token was issued to {token_of}, whose X-PARTNER-ID is {wanted}. {sent} belongs to another client.",
        "Use a token only for calls of the client that it was issued to.",
    ),
    **CALL_TEXTS,
    **PARTICULARS_TEXTS,
    **PART_TEXTS,
    **TRANSPORT_TEXTS,
    Verdict.ANSWER_REFUSED: (
        "According to the capture, the answer was {status}. Nothing in the request explains it.",
        "Read reason in the server's log: a repeat, a revoked token, the state store down, or changed settings.",
    ),
}

SYMMETRIC_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "The signature has {length} bytes, but an {symmetric} has {wanted}.",
        "Sign with the client secret, and check that the text is not cut off.",
    ),
    Verdict.KEY_UNKNOWN: (
        "The signature is not an {symmetric} with this client's secret over this method, URI, token, body and time.",
        "Print the string to sign before you sign it, and compare its five parts. Compare the client secret last.",
    ),
    Verdict.HASH_OTHER: ("The HMAC was made with {hash}.", "Sign calls with HMAC-SHA512."),
}
"""The messages for a symmetric signature, in place of those above."""
