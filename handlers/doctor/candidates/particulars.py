"""Strings to sign that would be right with other settings of the client or of its service."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from handlers.doctor.candidates.strings_to_sign import Candidate
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.call import BodyHash, Call
from handlers.snap.client import Client
from handlers.snap.particulars import Particulars
from handlers.snap.service import Service


@dataclass(frozen=True, slots=True)
class _Change:
    """Another setting: the part of the string to sign that it changes, and what to write in the settings."""

    part: str
    setting: str


def strings_to_sign(
    request: Request, access_token: str | None, client: Client, service: Service, *, signed_by_secret: bool
) -> Iterator[Candidate]:
    """Yield the strings to sign that the settings give, then those of other settings, with the fewest changes first.

    `access_token` is None for a call without a token. A secret then signs an empty token, and a key pair none.
    """
    slots = _slots(client, access_token) if signed_by_secret else [(False, None)]
    choices = (_hashes(client), slots, _paths(client, service))
    variants = ([each for _, each in choice if each] for choice in product(*choices))
    chosen = zip(product(*choices), variants, strict=True)
    for ((body_hash, _), (slot, _), ((signed_path, prefix), _)), changes in sorted(
        chosen, key=lambda each: len(each[1])
    ):
        particulars = replace(
            client.particulars, body_hash=body_hash, empty_token_slot=slot, path_prefix_not_signed=prefix
        )
        signed = as_signed(request, access_token, particulars, replace(service, signed_path=signed_path))
        mistakes = (_finding(client, changes),) if changes else ()
        yield from (Candidate(message, mistakes) for message in signed.strings_to_sign())


def as_signed(request: Request, access_token: str | None, particulars: Particulars, service: Service) -> Call:
    """Return the call as these settings say that it is signed."""
    call = service.signed_call(request.method, request.uri, request.get("X-TIMESTAMP"), request.body, access_token)
    return particulars.as_signed(call)


def _finding(client: Client, changes: list[_Change]) -> Finding:
    parts, settings = (", ".join(texts) for texts in zip(*((each.part, each.setting) for each in changes), strict=True))
    evidence = {"client": client.key, "part": parts, "setting": settings}
    return Finding(Verdict.CALL_SIGNED_FOR_OTHER_SETTINGS, evidence)


def _hashes(client: Client) -> list[tuple[BodyHash, _Change | None]]:
    own = client.particulars.body_hash
    other: BodyHash = "hex" if own == "base64" else "base64"
    return [(own, None), (other, _Change("body hash", f'body_hash = "{other}"'))]


def _slots(client: Client, access_token: str | None) -> list[tuple[bool, _Change | None]]:
    own = client.particulars.empty_token_slot
    other = (not own, _Change("access token", f"empty_token_slot = {str(not own).lower()}"))
    if access_token is None:
        return [(True, None)] if own else [other]
    return [(own, None), other]


_Path = tuple[str | None, str | None]
"""The fixed path of the service, and the prefix that the client leaves out."""


def _paths(client: Client, service: Service) -> list[tuple[_Path, _Change | None]]:
    """The path that the settings give, and the path as received. `call.path_without_base` finds a shorter path."""
    own = service.signed_path, client.particulars.path_prefix_not_signed
    keys = [key for key, value in zip(("signed_path", "path_prefix_not_signed"), own, strict=True) if value]
    return [(own, None), ((None, None), _Change("path", f"no {' and no '.join(keys)}"))] if keys else [(own, None)]
