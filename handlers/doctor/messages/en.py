"""What each finding means and what to do about it, in English; `{name}` is one of the finding's facts."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_STRING = "Sign exactly X-CLIENT-KEY|X-TIMESTAMP, both as they stand in the headers."
_SEND = "Send standard base64 with padding (RFC 4648, section 4), on one line, and nothing around it."
_FINGERPRINT = "openssl pkey -in private.pem -pubout -outform DER | sha256sum."
_NTP = "Set the client's clock by a time server (NTP)."
_VERBATIM = "Hash and sign the very bytes that are sent; let nothing write the body anew in between."
_URI = "Sign the path as it is sent, from its first slash on, with its query and without scheme and host."

TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: (
        "The request is genuine.",
        "Nothing is to be done. Only the server knows about repeats, revoked tokens and suspensions in the state.",
    ),
    Verdict.CLOCK_BEHIND: (
        "X-TIMESTAMP is {seconds} seconds behind {judged_at}; {allowed} are allowed.",
        f"{_NTP} If the request was captured earlier, judge it as of then with --at.",
    ),
    Verdict.CLOCK_AHEAD: (
        "X-TIMESTAMP is {seconds} seconds ahead of {judged_at}; {allowed} are allowed.",
        f"{_NTP} If all clients are ahead alike, set this server's.",
    ),
    Verdict.CLOCK_LOCAL_TIME_LABELLED_JAKARTA: (
        "X-TIMESTAMP is {seconds} seconds behind {judged_at}: it is the time of a host in UTC with +07:00 behind it.",
        "Convert the time to Asia/Jakarta before printing +07:00, or print UTC with Z.",
    ),
    Verdict.TIMESTAMP_MALFORMED: (
        "X-TIMESTAMP is no time of the form YYYY-MM-DDTHH:MM:SS+07:00; it has {length} characters.",
        "Print the date, T, the time to the second and an offset with a colon, such as 2024-01-22T15:00:01+07:00.",
    ),
    Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND: (
        "The time that is signed is not the time that is sent: it differs by {seconds} seconds.",
        "Ask for the time once, and use that one text in the header and in the string to sign.",
    ),
    Verdict.TIMESTAMP_SIGNED_REFORMATTED: (
        "The time that is signed is written in another way than X-TIMESTAMP: {form}.",
        "Make the text of the time once, and use it in the header and in the string to sign.",
    ),
    Verdict.STRING_REVERSED: ("The string to sign is reversed: time first, then client key.", _STRING),
    Verdict.STRING_NO_SEPARATOR: ("The parts of the string to sign are joined by {separator}, not by |.", _STRING),
    Verdict.STRING_TRAILING_NEWLINE: (
        "The string to sign has {end} at its end.",
        f"{_STRING} In a shell, use printf %s in place of echo.",
    ),
    Verdict.STRING_OTHER_CLIENT: (
        "The string to sign begins with '{signed_as}', not with the client key of this request.",
        _STRING,
    ),
    Verdict.STRING_WITH_BODY: (
        "The body is part of the string to sign.",
        f"{_STRING} The body belongs into the symmetric signature of the calls that follow.",
    ),
    Verdict.STRING_UNKNOWN: (
        "The key is right, but it signed some other text.",
        f"{_STRING} Print the string before signing it and compare it byte for byte.",
    ),
    Verdict.HASH_SHA1: (
        "The signature is made with SHA-1.",
        "Use SHA256withRSA with the key pair, HMAC-SHA512 with the secret.",
    ),
    Verdict.HASH_SHA256: ("The HMAC is made with SHA-256.", "Sign calls with HMAC-SHA512."),
    Verdict.HASH_SHA512: ("The signature is made with SHA-512.", "Use SHA256withRSA."),
    Verdict.HASH_OTHER: ("The signature is made with {hash}.", "Use SHA256withRSA."),
    Verdict.HASH_TWICE: (
        "What is signed is a hash of the string to sign.",
        "Give the string itself to the signing function: SHA256withRSA hashes it.",
    ),
    Verdict.PADDING_PSS: (
        "The signature is padded as RSA-PSS.",
        "Use PKCS #1 v1.5 (SHA256withRSA, RS256); PS256 is another algorithm.",
    ),
    Verdict.PADDING_NO_DIGEST_INFO: (
        "The signature encrypts the string or its hash bare, {length} bytes, without DigestInfo.",
        "Use the library's sign function with SHA-256, not its private-key encryption.",
    ),
    Verdict.SIGNATURE_HEX: ("X-SIGNATURE is in hexadecimal.", _SEND),
    Verdict.SIGNATURE_BASE64URL: ("X-SIGNATURE is in base64url.", _SEND),
    Verdict.SIGNATURE_QUOTED: ("X-SIGNATURE stands in quotes.", _SEND),
    Verdict.SIGNATURE_LINE_WRAPPED: (
        "X-SIGNATURE has line breaks or spaces in it.",
        f"{_SEND} With openssl, use base64 -A.",
    ),
    Verdict.SIGNATURE_PERCENT_ENCODED: ("X-SIGNATURE is percent-encoded.", _SEND),
    Verdict.SIGNATURE_NOT_BASE64: (
        "X-SIGNATURE, of {length} characters, is not base64. Has it been cut off, or lost its padding?",
        _SEND,
    ),
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "The signature has {length} bytes; {wanted} are right.",
        "Compare the size of the key, and see whether the text is cut off. 64 bytes are an HMAC, no RSA signature.",
    ),
    Verdict.KEY_OF_ANOTHER_CLIENT: (
        "The signature is made with the key of the client {client}.",
        "Let the client sign with its own key, or send the client key that the key belongs to.",
    ),
    Verdict.KEY_UNKNOWN: (
        "No key of the settings made this signature, over no text that is known. Keys here: {keys}.",
        f"Compare fingerprints with the client: {_FINGERPRINT}",
    ),
    Verdict.CLIENT_UNKNOWN: (
        "No client '{client}' is in the settings; they have: {known}.",
        "Compare spelling and case, or add the client: snap-token client add.",
    ),
    Verdict.CLIENT_SUSPENDED: (
        "The client {client} is suspended in the settings.",
        "To let it in again: snap-token client resume.",
    ),
    Verdict.HEADER_MISSING: ("The header {header} is missing or empty.", "Send it; see whether a proxy removes it."),
    Verdict.HEADER_DUPLICATED: ("The header {header} comes {copies} times.", "Send it once."),
    Verdict.HEADER_MALFORMED: (
        "The header {header}, of {length} characters, is malformed.",
        "Send at most {most} visible ASCII characters, without spaces.",
    ),
    Verdict.MEDIA_TYPE_WRONG: ("{header} is '{value}'.", "Send Content-Type: application/json, in UTF-8."),
    Verdict.BODY_COMPRESSED: ("The body is compressed: {header} is '{value}'.", "Send the body as it is."),
    Verdict.BODY_NOT_JSON: (
        "The body, of {length} bytes, is not JSON: {cause}.",
        'Send {{"grantType":"client_credentials","additionalInfo":{{}}}} in UTF-8, without a byte-order mark.',
    ),
    Verdict.BODY_NOT_OBJECT: (
        "The body is JSON but no object.",
        'Send {{"grantType":"client_credentials","additionalInfo":{{}}}}; do not encode it twice.',
    ),
    Verdict.BODY_GRANT_TYPE_MISSING: (
        "The body has no grantType; it has: {members}.",
        'Send "grantType":"client_credentials"; the name is in camel case.',
    ),
    Verdict.BODY_GRANT_TYPE_WRONG: ("grantType is '{value}'.", 'Send "grantType":"client_credentials".'),
    Verdict.METHOD_WRONG: ("The method is {method}.", "Send {wanted}."),
    Verdict.PATH_UNKNOWN: (
        "Nothing is served at {path}; known: {wanted}.",
        "Compare the base path, the last slash and server.base_path; a call's path belongs into [[services]].",
    ),
    Verdict.PROTOCOL_UNSUPPORTED: (
        "This HTTP is not supported: version {version}, Transfer-Encoding '{coding}'.",
        "Send HTTP/1.1 (or 1.0) with Content-Length, or, in 1.1, with Transfer-Encoding: chunked, once.",
    ),
    Verdict.REQUEST_TOO_LARGE: ("Too large: {part}, {size}; at most {most}.", "Send less."),
    Verdict.ACCEL_REDIRECT_UNSET: (
        "The proxy sends {header}, but the settings do not say where a genuine call goes.",
        'Set accel_redirect in [internal], such as accel_redirect = "@merchant" for the nginx file.',
    ),
    Verdict.SECRET_WRONG: (
        "{header} of the proxy, of {length} characters, is not Bearer and the secret of internal.secret_file.",
        "Let the proxy send {header}: Bearer and the secret. Check that proxy and server have the same secret.",
    ),
    Verdict.TOKEN_MISSING: ("There is no Authorization header.", "Send Authorization: Bearer and the token."),
    Verdict.TOKEN_MALFORMED: (
        "Authorization, of {length} characters, is not of the form Bearer and a token.",
        "Send the word Bearer once, one space and the accessToken as it was received, without quotes.",
    ),
    Verdict.TOKEN_EXPIRED: (
        "The token was issued at {issued_at} for {lifetime_seconds} seconds; it is {age_seconds} seconds old.",
        "Ask for a new token when expiresIn is over. If the call was captured earlier, judge it as of then with --at.",
    ),
    Verdict.TOKEN_TAMPERED: (
        "No token key opens the token, of {length} characters: altered, cut off, or issued elsewhere.",
        "Send the accessToken as it was received. See whether all instances hold the same token keys.",
    ),
    Verdict.TOKEN_OF_ANOTHER_CLIENT: (
        "The token was issued to {token_of}, whose X-PARTNER-ID is {wanted}; {sent} belongs to another client.",
        "Use each client's own token for its calls.",
    ),
    Verdict.CALL_PARTNER_UNKNOWN: (
        "X-PARTNER-ID is {sent}; the token's client {token_of} has {wanted}.",
        "Send that, or set partner_id of the client in the settings.",
    ),
    Verdict.CALL_SIGNED_ASYMMETRICALLY: (
        "The call is signed with the key pair; the settings want the symmetric form for {client}.",
        'Agree on one form: call_signature = "asymmetric" in the settings, or HMAC-SHA512 at the client.',
    ),
    Verdict.CALL_SIGNED_SYMMETRICALLY: (
        "The call is signed with the secret; the settings want the asymmetric form for {client}.",
        'Agree on one form: call_signature = "symmetric" in the settings, or SHA256withRSA at the client.',
    ),
    Verdict.CALL_BODY_MINIFIED: (
        "The body that is signed has other whitespace: {signed_length} bytes, where {sent_length} were sent.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_CHANGED: (
        "Another body is signed: {signed_length} bytes, where {sent_length} were sent.",
        _VERBATIM,
    ),
    Verdict.CALL_BODY_NOT_FORWARDED: (
        "There is no body, though {method} has one, and the signature is over something else than an empty one.",
        "See whether a proxy or the capture drops the body.",
    ),
    Verdict.CALL_PATH_WITH_HOST: ("The path is signed with the host: {signed}", _URI),
    Verdict.CALL_PATH_WITHOUT_BASE: ("The path is signed without its beginning: {signed}", _URI),
    Verdict.CALL_PATH_WITHOUT_QUERY: ("The path is signed without its query.", _URI),
    Verdict.CALL_HASH_UPPER_CASE: (
        "The hash of the body is in capital hexadecimal digits.",
        "Write it in lower case in the string to sign.",
    ),
    Verdict.CALL_TOKEN_WITH_BEARER: (
        "The string to sign has the word Bearer before the token.",
        "Put the token alone into the string to sign.",
    ),
    Verdict.CALL_SECRET_DECODED: (
        "The client secret is decoded from {form} before it is used as the key.",
        "Use the text of the secret, as UTF-8, as the key of the HMAC.",
    ),
    Verdict.CALL_EXTERNAL_ID_REPEATED: (
        "X-EXTERNAL-ID {external_id} has been used on that day.",
        "Send a new X-EXTERNAL-ID with every call, a retry included.",
    ),
    Verdict.ANSWER_REFUSED: (
        "The capture says that the answer was {status}, and nothing in the request explains it.",
        "Read the reason in the server's log: a repeat, a revoked token, the state down, or settings that changed.",
    ),
}

SYMMETRIC_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.SIGNATURE_WRONG_LENGTH: (
        "The signature has {length} bytes; an {symmetric} has {wanted}.",
        "Let the client sign with its client secret, and see whether the text is cut off.",
    ),
    Verdict.KEY_UNKNOWN: (
        "The signature is no {symmetric} of this client's secret over this method, URI, token, body and time.",
        "Compare the client secret on both sides, then the five parts: print the string before it is signed.",
    ),
}
"""What reads otherwise of a symmetric signature."""
