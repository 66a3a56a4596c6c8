"""RSA keys that are written as numbers: JSON Web Keys (RFC 7517, RFC 7518) and RSAKeyValue in XML (XML Signature)."""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicKey,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
    rsa_recover_prime_factors,
)
from cryptography.x509 import load_der_x509_certificate
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from handlers.snap import key_kinds as kinds
from handlers.snap.json_body import parse
from handlers.snap.key_content import is_json
from handlers.snap.key_format_error import KeyFormatError, KeyKind

LONGEST_KEY_VALUE = 16_384
"""Maximum length of RSAKeyValue, in characters. A private key of 8192 bits has 6,500."""

LONGEST_NUMBER = 1_032
"""Maximum length of a number, in bytes. A modulus of 8192 bits has 1,024, and Java writes a zero byte before it."""

_BASE64_URL = str.maketrans("-_", "+/")
_XML_NAMES = {"Modulus": "n", "Exponent": "e", "D": "d", "P": "p", "Q": "q", "DP": "dp", "DQ": "dq", "InverseQ": "qi"}
_KEY_TEXT = re.compile(r"BEGIN |^MI")


def _number(text: object) -> int:
    """An unsigned integer, most significant byte first, in base64 or base64url."""
    joined = "".join(text.split()).rstrip("=").translate(_BASE64_URL) if isinstance(text, str) else ""
    raw = b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    if not 0 < len(raw) <= LONGEST_NUMBER:
        message = "the number is missing or too long"
        raise ValueError(message)
    return int.from_bytes(raw, "big")


Number = Annotated[int, BeforeValidator(_number)]


class RsaNumbers(BaseModel):
    """The numbers of an RSA key. A private key has `d`, and may have its primes `p` and `q`.

    `dp`, `dq`, `qi` and `oth` are also secret (RFC 7518, section 6.3.2), but they are not needed.
    `use`, `alg` and `key_ops` are members of a JWK. They must allow RSA signatures.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    n: Number
    e: Number
    d: Number | None = None
    p: Number | None = None
    q: Number | None = None
    dp: object = None
    dq: object = None
    qi: object = None
    oth: object = None
    use: Literal["sig"] = "sig"
    alg: Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] = "RS256"
    key_ops: tuple[Literal["sign", "verify"], ...] = ()
    x5c: tuple[str, ...] = ()

    @property
    def is_private(self) -> bool:
        """Whether the numbers are, or may give, a private key."""
        secret = (self.d, self.p, self.q, self.dp, self.dq, self.qi, self.oth)
        return any(each is not None for each in secret)

    def public_key(self) -> RSAPublicKey:
        """Return the public key.

        Raises:
            KeyFormatError: The numbers are not those of an RSA key, or differ from those of its certificate.
        """
        numbers = RSAPublicNumbers(self.e, self.n)
        try:
            key = numbers.public_key()
            certified = [load_der_x509_certificate(b64decode(text)).public_key() for text in self.x5c[:1]]
        except ValueError as error:
            raise KeyFormatError(kinds.BAD_NUMBERS) from error
        if certified and certified != [key]:
            raise KeyFormatError(kinds.JWK_DIFFERS)
        return key

    def private_key(self) -> RSAPrivateKey:
        """Return the private key. `d` must be there.

        Raises:
            KeyFormatError: The numbers are not those of an RSA key.
        """
        n, e, d = self.n, self.e, self.d or 0
        try:
            p, q = (self.p, self.q) if self.p and self.q else rsa_recover_prime_factors(n, e, d)
            derived = rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q)
            return RSAPrivateNumbers(p, q, d, *derived, RSAPublicNumbers(e, n)).private_key()
        except ValueError as error:
            raise KeyFormatError(kinds.BAD_NUMBERS) from error


def rsa_numbers(text: str) -> RsaNumbers | None:
    """Return the numbers in a JWK, in a set with one JWK, or in RSAKeyValue. None if the text is none of these.

    Raises:
        KeyFormatError: The text is JSON without a JWK, a set of several keys, another kind of JWK, or damaged.
    """
    if is_json(text):
        return _of_json(parse(text.encode()))
    return _of_xml(text) if "RSAKeyValue" in text and text.startswith("<") else None


def _of_json(value: object) -> RsaNumbers:
    match value:
        case {"kty": _, "keys": _}:
            raise KeyFormatError(kinds.JWK_AND_SET)
        case {"keys": [dict(jwk)]} | dict(jwk) if "kty" in jwk or {"n", "e"} <= jwk.keys():
            return _of_jwk(jwk)
        case {"keys": [dict(), dict(), *_]}:
            raise KeyFormatError(kinds.SEVERAL_JWKS)
    raise KeyFormatError(_kind_of_json(value))


def _of_jwk(jwk: dict[str, object]) -> RsaNumbers:
    if "kty" not in jwk:
        raise KeyFormatError(kinds.JWK_WITHOUT_KTY)
    if jwk["kty"] == "oct":
        raise KeyFormatError(kinds.SYMMETRIC_KEY)
    if jwk["kty"] != "RSA":
        raise KeyFormatError(kinds.JWK_NOT_RSA)
    return _validated(jwk, "JWK")


def _validated(members: Mapping[str, object], name: str) -> RsaNumbers:
    try:
        return RsaNumbers.model_validate(members)
    except ValidationError as error:
        member = error.errors()[0]["loc"][0]
        message = f"it is a {name} whose {member} is missing or not that of an RSA key for signatures"
        raise KeyFormatError(message) from error


def _kind_of_json(value: object) -> KeyKind:
    """The kind of a JSON text that is not a JWK itself."""
    keys = [each for each in _members(value) if isinstance(each, str) and _KEY_TEXT.search(each)]
    if keys:
        return kinds.KEY_IN_JSON if len(keys) == 1 else kinds.SEVERAL_IN_JSON
    jwks = [each for each in _members(value) if isinstance(each, dict) and "kty" in each]
    return kinds.OTHER_JSON if len(jwks) != 1 else kinds.JWK_IN_JSON


def _members(value: object) -> Iterator[object]:
    """The value and all members in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in inner:
        yield from _members(member)


def _of_xml(text: str) -> RsaNumbers:
    if "<!DOCTYPE" in text or len(text) > LONGEST_KEY_VALUE:
        raise KeyFormatError(kinds.OTHER_XML)
    try:
        root = ET.fromstring(text)  # noqa: S314  it has no document type, so it has no entities
    except (ET.ParseError, ValueError) as error:
        raise KeyFormatError(kinds.DAMAGED_XML) from error
    names = [_local_name(element) for element in root]
    if _local_name(root) != "RSAKeyValue" or len(set(names)) < len(names):
        raise KeyFormatError(kinds.OTHER_XML)
    members = {_XML_NAMES.get(name, name): element.text for name, element in zip(names, root, strict=True)}
    return _validated(members, "RSAKeyValue")


def _local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
