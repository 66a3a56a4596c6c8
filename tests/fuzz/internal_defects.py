"""Defects to plant in front of the internal listener, and the schemathesis checks that each must make fail."""

from tests.fuzz.planted import Answer, Defect


def _refusal(answer: Answer, status: int, code: str, message: str) -> Answer:
    return answer.with_status(status).with_body({"responseCode": code, "responseMessage": message})


async def lets_anyone_revoke(answer: Answer) -> Answer:
    """A revocation succeeds without the secret."""
    if answer.path != "/revoke" or answer.status != 401:
        return answer
    return answer.without_header(b"www-authenticate").with_status(200).with_body({})


async def refuses_genuine_calls(answer: Answer) -> Answer:
    """A genuine call is refused."""
    if answer.path != "/authorize" or answer.status != 200:
        return answer
    plain = answer.without_header(b"x-client-key").without_header(b"x-external-id").without_header(b"x-accel-redirect")
    challenging = plain.with_header(b"www-authenticate", b'Bearer error="invalid_request"')
    typed = challenging.with_header(b"content-type", b"application/json")
    return _refusal(typed, 401, "4012400", "Unauthorized. X-SIGNATURE")


async def omits_client_key(answer: Answer) -> Answer:
    """The answer to a genuine call has no X-CLIENT-KEY."""
    return answer.without_header(b"x-client-key")


async def sends_active_as_string(answer: Answer) -> Answer:
    """An introspection answers `"false"` instead of `false`."""
    is_inactive = answer.path == "/introspect" and answer.body.get("active") is False
    return answer.with_body({"active": "false"}) if is_inactive else answer


async def accepts_any_form(answer: Answer) -> Answer:
    """An invalid form is accepted."""
    return answer.with_status(200).with_body({}) if (answer.path, answer.status) == ("/revoke", 400) else answer


async def is_never_ready(answer: Answer) -> Answer:
    """/readyz always answers that the instance is not ready."""
    if (answer.path, answer.status) != ("/readyz", 200):
        return answer
    parts = {"keys": "ok", "state": "down", "audit": "off", "tls": "off"}
    refusal = {"responseCode": "5030000", "responseMessage": "Service Unavailable"}
    return answer.with_status(503).with_body({**refusal, "status": "not_ready", "parts": parts})


INTERNAL_DEFECTS: dict[Defect, set[str]] = {
    lets_anyone_revoke: {
        "ignored_auth",
        "negative_data_rejection",
        "missing_required_header",
        "right_request_acceptance",
    },
    refuses_genuine_calls: {"right_request_acceptance"},
    omits_client_key: {"response_headers_conformance"},
    sends_active_as_string: {"response_schema_conformance"},
    accepts_any_form: {"negative_data_rejection", "right_request_acceptance"},
    is_never_ready: {"not_a_server_error", "positive_data_acceptance", "right_request_acceptance"},
}
"""The checks that each defect makes fail. No other check may fail."""

PATHS: dict[Defect, str] = {
    lets_anyone_revoke: "/revoke",
    refuses_genuine_calls: "/authorize",
    omits_client_key: "/authorize",
    sends_active_as_string: "/introspect",
    accepts_any_form: "/revoke",
    is_never_ready: "/readyz",
}
"""The path whose answers each defect changes. schemathesis sends requests to no other path."""
