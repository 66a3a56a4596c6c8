"""Defects to plant in front of the public listener, and the schemathesis checks that each must make fail."""

import asyncio

from tests.fuzz.planted import Answer, Defect

SLOW = 0.2
"""Seconds."""


async def fails(answer: Answer) -> Answer:
    """OPTIONS makes the server fail."""
    if answer.method != "OPTIONS":
        return answer
    return answer.with_status(500).with_body({"responseCode": "5007300", "responseMessage": "General Error"})


async def answers_422(answer: Answer) -> Answer:
    """An invalid body gets a status that the document does not describe."""
    return answer.with_status(422) if answer.body["responseMessage"].endswith("grantType") else answer


async def sends_problem_json(answer: Answer) -> Answer:
    """A refusal has the media type of RFC 9457."""
    return answer.with_header(b"content-type", b"application/problem+json") if answer.status == 400 else answer


async def omits_cache_control(answer: Answer) -> Answer:
    """An answer has no Cache-Control."""
    return answer.without_header(b"cache-control")


async def sends_utc(answer: Answer) -> Answer:
    """The X-TIMESTAMP of an answer is in UTC."""
    return answer.with_header(b"x-timestamp", b"2024-01-22T08:00:02Z")


async def sends_expires_in_as_number(answer: Answer) -> Answer:
    """`expiresIn` is a number instead of a string."""
    return answer.with_body({**answer.body, "expiresIn": 900}) if answer.status == 200 else answer


async def accepts_any_grant_type(answer: Answer) -> Answer:
    """An invalid grantType gets a token."""
    if answer.body["responseMessage"] != "Invalid Field Format grantType":
        return answer
    return answer.with_status(200).with_body(
        {
            "responseCode": "2007300",
            "responseMessage": "Successful",
            "accessToken": "a",
            "tokenType": "Bearer",
            "expiresIn": "900",
            "additionalInfo": {},
        }
    )


async def refuses_valid_requests(answer: Answer) -> Answer:
    """A valid request is refused as malformed."""
    if answer.status != 200:
        return answer
    return answer.with_status(400).with_body({"responseCode": "4007300", "responseMessage": "Bad Request"})


async def refuses_genuine_signatures(answer: Answer) -> Answer:
    """A genuine signature is refused."""
    if answer.status != 200:
        return answer
    refusal = answer.with_status(401).with_header(b"www-authenticate", b'SNAP realm="access-token"')
    return refusal.with_body({"responseCode": "4017300", "responseMessage": "Unauthorized. X-SIGNATURE"})


async def answers_404_without_signature(answer: Answer) -> Answer:
    """A request without a signature gets 404."""
    missing = answer.body["responseMessage"] == "Invalid Mandatory Field X-SIGNATURE"
    return answer.with_status(404) if missing else answer


async def omits_allow(answer: Answer) -> Answer:
    """An answer with status 405 has no Allow."""
    return answer.without_header(b"allow")


async def allows_get(answer: Answer) -> Answer:
    """The Allow of a 405 names a method that the document does not have."""
    return answer.with_header(b"allow", b"GET, POST") if answer.status == 405 else answer


async def is_slow(answer: Answer) -> Answer:
    """The answer to TRACE is slow."""
    if answer.method == "TRACE":
        await asyncio.sleep(SLOW)
    return answer


DEFECTS: dict[Defect, set[str]] = {
    fails: {"not_a_server_error"},
    answers_422: {"status_code_conformance", "negative_data_rejection"},
    sends_problem_json: {"content_type_conformance"},
    omits_cache_control: {"response_headers_conformance"},
    sends_utc: {"response_headers_conformance"},
    sends_expires_in_as_number: {"response_schema_conformance"},
    accepts_any_grant_type: {"negative_data_rejection", "signed_data_acceptance"},
    refuses_valid_requests: {"positive_data_acceptance", "signed_data_acceptance"},
    refuses_genuine_signatures: {"signed_data_acceptance"},
    answers_404_without_signature: {"missing_required_header", "negative_data_rejection"},
    omits_allow: {"unsupported_method"},
    allows_get: {"allow_header_conformance"},
    is_slow: {"max_response_time"},
}
"""The checks that each defect makes fail. No other check may fail."""
