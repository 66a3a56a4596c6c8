"""Defects to be planted in front of the internal listener, and the checks that each must make fail."""

from tests.fuzz.planted import Answer, Defect


def _refusing(answer: Answer, status: int, code: str, message: str) -> Answer:
    return answer.with_status(status).with_body({"responseCode": code, "responseMessage": message})


async def lets_anyone_revoke(answer: Answer) -> Answer:
    """A revocation needs no secret."""
    if answer.path != "/revoke" or answer.status != 401:
        return answer
    return answer.without_header(b"www-authenticate").with_status(200).with_body({})


async def refuses_what_is_genuine(answer: Answer) -> Answer:
    """A genuine call is not taken."""
    if answer.path != "/authorize" or answer.status != 200:
        return answer
    plain = answer.without_header(b"x-client-key").without_header(b"x-external-id")
    challenging = plain.with_header(b"www-authenticate", b'Bearer error="invalid_request"')
    typed = challenging.with_header(b"content-type", b"application/json")
    return _refusing(typed, 401, "4012400", "Unauthorized. X-SIGNATURE")


async def names_no_client(answer: Answer) -> Answer:
    """A genuine answer does not say whose the call is."""
    return answer.without_header(b"x-client-key")


async def says_active_in_words(answer: Answer) -> Answer:
    """An introspection answers `"false"`."""
    return answer.with_body({"active": "false"}) if answer.body.get("active") is False else answer


async def takes_any_form(answer: Answer) -> Answer:
    """A form that is not right is taken."""
    return answer.with_status(200).with_body({}) if (answer.path, answer.status) == ("/revoke", 400) else answer


async def is_never_ready(answer: Answer) -> Answer:
    """The instance says that it cannot answer calls."""
    if (answer.path, answer.status) != ("/readyz", 200):
        return answer
    return _refusing(answer, 503, "5030000", "Service Unavailable")


INTERNAL_DEFECTS: dict[Defect, set[str]] = {
    lets_anyone_revoke: {
        "ignored_auth",
        "negative_data_rejection",
        "missing_required_header",
        "right_request_acceptance",
    },
    refuses_what_is_genuine: {"right_request_acceptance"},
    names_no_client: {"response_headers_conformance"},
    says_active_in_words: {"response_schema_conformance"},
    takes_any_form: {"negative_data_rejection", "right_request_acceptance"},
    is_never_ready: {"not_a_server_error", "positive_data_acceptance", "right_request_acceptance"},
}
"""What each defect makes fail: these checks and no other."""
