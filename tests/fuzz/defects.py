"""Defects to be planted in front of the product, and the checks that each must make fail."""

import asyncio

from tests.fuzz.planted import Answer, Defect

SLOW = 0.2
"""Seconds."""


async def fails(answer: Answer) -> Answer:
    """Another method makes the server fail."""
    if answer.method != "OPTIONS":
        return answer
    return answer.with_status(500).with_body({"responseCode": "5007300", "responseMessage": "General Error"})


async def answers_422(answer: Answer) -> Answer:
    """A wrong body gets a status that the document does not have."""
    return answer.with_status(422) if answer.body["responseMessage"].endswith("grantType") else answer


async def writes_problems(answer: Answer) -> Answer:
    """A refusal is of the media type of RFC 9457."""
    return answer.with_header(b"content-type", b"application/problem+json") if answer.status == 400 else answer


async def may_be_cached(answer: Answer) -> Answer:
    """An answer lacks Cache-Control."""
    return answer.without_header(b"cache-control")


async def tells_utc(answer: Answer) -> Answer:
    """The time of an answer is in UTC."""
    return answer.with_header(b"x-timestamp", b"2024-01-22T08:00:02Z")


async def counts_in_numbers(answer: Answer) -> Answer:
    """`expiresIn` is a number."""
    return answer.with_body({**answer.body, "expiresIn": 900}) if answer.status == 200 else answer


async def takes_any_grant(answer: Answer) -> Answer:
    """A wrong grantType gets a token."""
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


async def refuses_what_is_right(answer: Answer) -> Answer:
    """A right request is called malformed."""
    if answer.status != 200:
        return answer
    return answer.with_status(400).with_body({"responseCode": "4007300", "responseMessage": "Bad Request"})


async def refuses_what_is_genuine(answer: Answer) -> Answer:
    """A genuine signature is not taken."""
    if answer.status != 200:
        return answer
    refusal = answer.with_status(401).with_header(b"www-authenticate", b'SNAP realm="access-token"')
    return refusal.with_body({"responseCode": "4017300", "responseMessage": "Unauthorized. X-SIGNATURE"})


async def finds_no_path_without_signature(answer: Answer) -> Answer:
    """A request without signature is answered as if there were no such path."""
    missing = answer.body["responseMessage"] == "Invalid Mandatory Field X-SIGNATURE"
    return answer.with_status(404) if missing else answer


async def names_no_method(answer: Answer) -> Answer:
    """A 405 lacks Allow."""
    return answer.without_header(b"allow")


async def allows_too_much(answer: Answer) -> Answer:
    """A 405 allows what the document does not have."""
    return answer.with_header(b"allow", b"GET, POST") if answer.status == 405 else answer


async def takes_its_time(answer: Answer) -> Answer:
    """One answer is slow."""
    if answer.method == "TRACE":
        await asyncio.sleep(SLOW)
    return answer


DEFECTS: dict[Defect, set[str]] = {
    fails: {"not_a_server_error"},
    answers_422: {"status_code_conformance", "negative_data_rejection"},
    writes_problems: {"content_type_conformance"},
    may_be_cached: {"response_headers_conformance"},
    tells_utc: {"response_headers_conformance"},
    counts_in_numbers: {"response_schema_conformance"},
    takes_any_grant: {"negative_data_rejection", "signed_data_acceptance"},
    refuses_what_is_right: {"positive_data_acceptance", "signed_data_acceptance"},
    refuses_what_is_genuine: {"signed_data_acceptance"},
    finds_no_path_without_signature: {"missing_required_header", "negative_data_rejection"},
    names_no_method: {"unsupported_method"},
    allows_too_much: {"allow_header_conformance"},
    takes_its_time: {"max_response_time"},
}
"""What each defect makes fail: these checks and no other."""
