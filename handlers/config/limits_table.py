"""The table `[limits]` of the settings."""

from pydantic import Field

from handlers.config.table import Integer, Table
from handlers.request_limits import ADDRESS_REFUSALS, CLIENT_REQUESTS

MOST_REQUESTS_PER_MINUTE = 1_000_000


class Limits(Table):
    """How many requests a minute each process answers. 0 means no limit.

    `client_requests_per_minute` are genuine requests of one client from one address. `address_refusals_per_minute` are
    refused requests from one address.
    """

    client_requests_per_minute: Integer = Field(CLIENT_REQUESTS, ge=0, le=MOST_REQUESTS_PER_MINUTE)
    address_refusals_per_minute: Integer = Field(ADDRESS_REFUSALS, ge=0, le=MOST_REQUESTS_PER_MINUTE)
