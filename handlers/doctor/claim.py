"""A signature, with what it is to be held against."""

from dataclasses import dataclass

from handlers.doctor.request import Request


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature's bytes, the request that it came with, and the client that it is to be of."""

    raw: bytes
    request: Request
    client_key: str
