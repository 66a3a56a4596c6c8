"""A request together with its decoded signature."""

from dataclasses import dataclass

from handlers.doctor.request import Request


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request, its decoded signature, and the client key of the client that should have signed it."""

    signature: bytes
    request: Request
    client_key: str
