"""A call as it was received, and the strings to sign that cover its body.

With a token it is `METHOD:EndpointUrl:AccessToken:lowerhex(SHA256(body)):X-TIMESTAMP` (ASPI, symmetric signature), signed
with HMAC-SHA512. Without a token its part is left out (ASPI, asymmetric signature without token), and RSA signs it.
Both signatures are sent in standard base64.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})

# Space is insignificant beside a structural character and at either end of the text (RFC 8259, section 2). A string
# that is not closed goes on to the end: no byte is looked at more than a few times.
_KEPT = re.compile(
    rb"""
    (?: [^"\ \t\n\r]++ | "(?:[^"\\]++|\\.?)*+"? )++
    | (?<=[^{}\[\]:,\ \t\n\r]) [\ \t\n\r]++ (?! [{}\[\]:,] | \Z )
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was received: nothing is reformatted.

    `uri` is the path with its query. `access_token` is None for a call without a token. `body` is None if the body,
    should there be one, did not come along.
    """

    method: str
    uri: str
    access_token: str | None
    timestamp: str
    body: bytes | None

    @property
    def lacks_body(self) -> bool:
        """Whether the method promises a body, and there is none."""
        return not self.body and self.method not in _BODILESS

    @property
    def body_was_left_behind(self) -> bool:
        """Whether the method promises a body, and nobody knows what is in it."""
        return self.body is None and self.lacks_body

    def string_to_sign(self, body: bytes) -> bytes:
        """With that body in place of the call's own; an empty one is hashed as the empty string."""
        token = () if self.access_token is None else (self.access_token,)
        parts = (self.method, self.uri, *token, sha256(body).hexdigest(), self.timestamp)
        return ":".join(parts).encode()

    def strings_to_sign(self) -> Iterator[bytes]:
        """Over the body as received, and over the body minified: real clients sign either.

        A body that was left behind is signed by nobody, so there is no string.
        """
        if not self.body_was_left_behind:
            body = self.body or b""
            yield from (self.string_to_sign(form) for form in (body, minified(body)))

    def is_signed_with(self, client_secret: bytes, signature: str) -> bool:
        """Whether the secret signed one of the strings."""
        return any(_verifies(client_secret, message, signature) for message in self.strings_to_sign())


def minified(body: bytes) -> bytes:
    """JSON without its insignificant whitespace; every other byte stays, numbers and escapes as they are written.

    What is no JSON keeps the space between two values, so that no two of them become one. Takes linear time.
    """
    return b"".join(_KEPT.findall(body))


def sign(client_secret: bytes, message: bytes) -> str:
    """What the client does: HMAC (RFC 2104) with SHA-512, base64 (RFC 4648, 4)."""
    return b64encode(digest(client_secret, message, "sha512")).decode()


def _verifies(client_secret: bytes, message: bytes, signature: str) -> bool:
    return compare_digest(sign(client_secret, message).encode(), signature.encode())
