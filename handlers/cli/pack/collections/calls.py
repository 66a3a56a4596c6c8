"""Inquiry and payment in each form of call, and the mistakes that are typical of a form.

Paths and service codes are those of the sandbox that `snap-token init --calls` makes.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from handlers.cli.pack.collections.answers import FROM_THE_MERCHANT, Answer, Answers
from handlers.cli.pack.collections.request import Folder, Request
from handlers.cli.pack.collections.token_requests import HEADERS, KEEP_TOKEN, NOW, SIGNATURE, STRING_TO_SIGN, signing
from handlers.cli.simulator.signed_request import BODY

INQUIRY, PAYMENT = "/api/v1.0/transfer-va/inquiry", "/api/v1.0/transfer-va/payment"
BODY_SIGNED = "/v1.0/transfer-va/payment"
_INQUIRY_SERVICE, _PAYMENT_SERVICE, _BODY_SIGNED_SERVICE = "24", "25", "33"  # The service codes in the document.

_CALL_BODY = json.dumps({"virtualAccountNo": "1234500000000001", "note": "this body is made up"})
_OTHER_BODY = json.dumps({"virtualAccountNo": "1234500000000001", "note": "this body was not signed"})
_ID = 'set("externalId", snap.externalId());'
_SIGNED_BODY = f"const signedBody = {json.dumps(_CALL_BODY)};"
_BY_SECRET = 'snap.hmac(get("clientSecret"), stringToSign)'  # noqa: S105  JavaScript, no secret
_TOKENLESS_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "X-TIMESTAMP": "{{timestamp}}",
    "X-PARTNER-ID": "{{clientKey}}",
    "X-SIGNATURE": "{{signature}}",
    "X-EXTERNAL-ID": "{{externalId}}",
}
_WITH_TOKEN = {**_TOKENLESS_HEADERS, "Authorization": "Bearer {{accessToken}}"}
_WITH_SECRET = {
    **_TOKENLESS_HEADERS,
    "X-PARTNER-ID": "{{symmetricClientKey}}",
    "Authorization": "Bearer {{symmetricAccessToken}}",
}


def call_folders(answers: Answers) -> tuple[Folder, ...]:
    """The folders of the calls. `answers` are those of `/authorize` in the internal document."""
    return (
        Folder("Calls with a token, asymmetric", _ABOUT_ASYMMETRIC, _asymmetric(answers)),
        Folder("Calls with a token, symmetric", _ABOUT_SYMMETRIC, _symmetric(answers)),
        Folder("Notifications", "A notification has no token. Another key signs it.", _notifications(answers)),
        Folder("Body-signed calls", "The signature covers the body. There is no token.", _body_signed(answers)),
    )


_ABOUT_ASYMMETRIC = "The private key signs `client key|X-TIMESTAMP`, as for a token. Send the request Token first."
_ABOUT_SYMMETRIC = "The client secret signs method, path, token, body and time with HMAC-SHA512."


def _asymmetric(answers: Answers) -> tuple[Request, ...]:
    script = f"{signing()}\n{_ID}"
    refusals = answers.of_service(_INQUIRY_SERVICE)
    inquiry = _call("Inquiry", "The answer comes from the merchant's service.", INQUIRY, script, _WITH_TOKEN)
    return (
        replace(inquiry, answers=refusals),
        _call("Payment", "Each call has a new `X-EXTERNAL-ID`.", PAYMENT, script, _WITH_TOKEN),
        *_asymmetric_mistakes(inquiry, answers),
    )


def _asymmetric_mistakes(inquiry: Request, answers: Answers) -> tuple[Request, ...]:
    return (
        replace(
            _refused(inquiry, "Repeated X-EXTERNAL-ID", "An ID may come once a day.", answers["4092400"]),
            script=signing(),
        ),
        *(
            replace(_refused(inquiry, name, about, answers[code]), headers=headers)
            for name, about, code, headers in _WRONG_HEADERS
        ),
        replace(
            _refused(inquiry, "Old timestamp", "The clock is ten minutes slow.", answers["4012400-clock"]),
            script=f"{signing('snap.jakartaTime(600)')}\n{_ID}",
        ),
        replace(
            _refused(inquiry, "GET", "The service accepts POST only.", answers["4052400"]),
            method="GET",
            body="",
        ),
    )


_WITHOUT_ID = {name: value for name, value in _WITH_TOKEN.items() if name != "X-EXTERNAL-ID"}
_WRONG_HEADERS: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
    (
        "Wrong token",
        "The server did not issue this token.",
        "4012401",
        {**_WITH_TOKEN, "Authorization": "Bearer wrong"},
    ),
    ("No token", "The header Authorization is missing.", "4012403", _TOKENLESS_HEADERS),
    ("No X-EXTERNAL-ID", "A mandatory header is missing.", "4002402", _WITHOUT_ID),
)


def _symmetric(answers: Answers) -> tuple[Request, ...]:
    script = _symmetric_script(INQUIRY)
    inquiry = _call("Inquiry", "Sign the body exactly as it is sent, or minified.", INQUIRY, script, _WITH_SECRET)
    return (
        Request(
            "Token of the symmetric client",
            "The private key signs the token request of every client.",
            signing(text=STRING_TO_SIGN.replace("clientKey", "symmetricClientKey")),
            replace(FROM_THE_MERCHANT, summary="The token"),
            headers={**HEADERS, "X-CLIENT-KEY": "{{symmetricClientKey}}"},
            body=BODY,
            after=KEEP_TOKEN.replace("accessToken", "symmetricAccessToken", 1),
        ),
        inquiry,
        _call("Payment", "The path is part of the string to sign.", PAYMENT, _symmetric_script(PAYMENT), _WITH_SECRET),
        replace(
            _refused(inquiry, "Another body is signed", "The signature covers the body.", answers["4012400-signature"]),
            body=_OTHER_BODY,
        ),
        replace(
            _refused(inquiry, "Another path is signed", "The signature covers the path.", answers["4012400-signature"]),
            script=_symmetric_script(PAYMENT),
        ),
    )


def _notifications(answers: Answers) -> tuple[Request, ...]:
    keep = 'set("notificationTimestamp", timestamp);\nset("notificationSignature", signature);'
    script = signing(signature=SIGNATURE.replace("privateKey", "notificationPrivateKey"))
    kept = {"X-TIMESTAMP": "{{notificationTimestamp}}", "X-SIGNATURE": "{{notificationSignature}}"}
    about = "It has `X-CLIENT-KEY`, and neither `X-PARTNER-ID` nor `X-EXTERNAL-ID`."
    payment = _call("Notification of a payment", about, PAYMENT, f"{script}\n{keep}", {**HEADERS, **kept})
    return (
        replace(payment, answers=answers.of_service(_PAYMENT_SERVICE)),
        replace(
            _refused(payment, "Copy of the notification", "A copy is refused.", _payment(answers["4092400"])),
            script="",
        ),
        replace(
            _refused(payment, "Signed with the key for tokens", "Another key signs notifications.", answers["4012500"]),
            script=signing(),
            headers=HEADERS,
        ),
    )


def _body_signed(answers: Answers) -> tuple[Request, ...]:
    refusals = tuple(map(_payment, answers.of_service(_BODY_SIGNED_SERVICE)))
    about = "The string to sign has method, path, SHA-256 of the body and time."
    payment = _call("Payment", about, BODY_SIGNED, _body_signed_script(), _TOKENLESS_HEADERS)
    wrong = _payment(answers["4013300"])
    return (
        replace(payment, answers=refusals),
        replace(
            _refused(payment, "Another body is signed", "The signature covers the body.", wrong),
            body=_OTHER_BODY,
        ),
        replace(
            _refused(payment, "Signed as for a token", "`client key|X-TIMESTAMP` is another form.", wrong),
            script=f"{signing()}\n{_ID}",
        ),
    )


def _call(name: str, about: str, path: str, script: str, headers: Mapping[str, str]) -> Request:
    return Request(
        name, about, script, FROM_THE_MERCHANT, url=f"{{{{callsUrl}}}}{path}", headers=headers, body=_CALL_BODY
    )


def _refused(call: Request, name: str, about: str, answer: Answer) -> Request:
    return replace(call, name=name, about=about, answer=answer, answers=())


def _payment(answer: Answer) -> Answer:
    return answer.for_service(_PAYMENT_SERVICE)


def _symmetric_script(path: str) -> str:
    text = f'`POST:{path}:${{get("symmetricAccessToken")}}:${{snap.sha256(signedBody)}}:${{timestamp}}`'
    return f"{_SIGNED_BODY}\n{signing(NOW, text, _BY_SECRET)}\n{_ID}"


def _body_signed_script() -> str:
    text = f"`POST:{BODY_SIGNED}:${{snap.sha256(signedBody)}}:${{timestamp}}`"
    return f"{_SIGNED_BODY}\n{signing(text=text)}\n{_ID}"
