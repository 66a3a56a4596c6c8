"""A signature, with what it is compared with."""

from dataclasses import dataclass

from handlers.doctor.request import Request


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature's bytes, the request that it came with, and the client that must have signed."""

    raw: bytes
    request: Request
    client_key: str
