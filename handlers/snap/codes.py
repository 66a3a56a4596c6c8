"""The response codes of SNAP (ASPI, Access Token B2B), and the error that refuses a request with one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """One row of ASPI's table: the HTTP status, the case code (two digits), and ASPI's message.

    `{}` in the message stands for the name of the field.
    """

    status: int
    case: str
    message: str

    def response_code(self, service: str) -> str:
        """Return `responseCode`: HTTP status (3 digits), service code (2), case code (2) (ASPI, responseCode)."""
        return f"{self.status}{service}{self.case}"


ACCESS_TOKEN_SERVICE = "73"  # noqa: S105  a service code, no password

SUCCESSFUL = ResponseCode(200, "00", "Successful")
BAD_REQUEST = ResponseCode(400, "00", "Bad Request")
INVALID_FIELD_FORMAT = ResponseCode(400, "01", "Invalid Field Format {}")
INVALID_MANDATORY_FIELD = ResponseCode(400, "02", "Invalid Mandatory Field {}")
UNAUTHORIZED = ResponseCode(401, "00", "Unauthorized. {}")
INVALID_TOKEN = ResponseCode(401, "01", "Invalid Token (B2B)")
TOKEN_NOT_FOUND = ResponseCode(401, "03", "Token Not Found (B2B)")
NOT_SUPPORTED = ResponseCode(405, "00", "Requested Function Is Not Supported")
CONFLICT = ResponseCode(409, "00", "Conflict")
TOO_MANY_REQUESTS = ResponseCode(429, "00", "Too Many Requests")
GENERAL_ERROR = ResponseCode(500, "00", "General Error")
EXTERNAL_SERVER_ERROR = ResponseCode(500, "02", "External Server Error")

# ASPI's table has no row for these statuses. They have case 00 and the reason phrase of HTTP.
NOT_FOUND = ResponseCode(404, "00", "Not Found")
REQUEST_TIMEOUT = ResponseCode(408, "00", "Request Timeout")
CONTENT_TOO_LARGE = ResponseCode(413, "00", "Content Too Large")
URI_TOO_LONG = ResponseCode(414, "00", "URI Too Long")
UNSUPPORTED_MEDIA_TYPE = ResponseCode(415, "00", "Unsupported Media Type")
HEADERS_TOO_LARGE = ResponseCode(431, "00", "Request Header Fields Too Large")
SERVICE_UNAVAILABLE = ResponseCode(503, "00", "Service Unavailable")

_REFUSALS = (
    BAD_REQUEST,
    INVALID_FIELD_FORMAT,
    INVALID_MANDATORY_FIELD,
    UNAUTHORIZED,
    NOT_FOUND,
    NOT_SUPPORTED,
    REQUEST_TIMEOUT,
    CONFLICT,
    CONTENT_TOO_LARGE,
    URI_TOO_LONG,
    UNSUPPORTED_MEDIA_TYPE,
    TOO_MANY_REQUESTS,
    HEADERS_TOO_LARGE,
    GENERAL_ERROR,
    EXTERNAL_SERVER_ERROR,
)

CATALOGUE = (SUCCESSFUL, *_REFUSALS)
"""The codes that the public document lists."""

INTERNAL_CATALOGUE = (*_REFUSALS, INVALID_TOKEN, TOKEN_NOT_FOUND, SERVICE_UNAVAILABLE)
"""The codes that the internal document lists. Its successful responses have no responseCode."""


_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class SnapError(Exception):
    """Refuses a request.

    Attributes:
        code: The response code.
        field: The name of the header or member that the caller must correct. Empty if there is none.
        headers: Additional headers of the response.
        reason: A constant for the log. The caller does not see it.
        log_fields: More fields for the log. The caller does not see them.
    """

    def __init__(
        self,
        code: ResponseCode,
        *,
        reason: str,
        field: str = "",
        headers: Mapping[str, str] = _NO_HEADERS,
        **log_fields: str,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.field = field
        self.headers = headers
        self.log_fields = log_fields

    @property
    def message(self) -> str:
        """`responseMessage`. It names the field, and never shows the field's value."""
        return self.code.message.format(self.field)


def unauthorized(*, field: str, reason: str, **log_fields: str) -> SnapError:
    """Return a refusal with 401 00: the credentials of the request are not valid."""
    return SnapError(UNAUTHORIZED, reason=reason, field=field, headers=_NO_HEADERS, **log_fields)
