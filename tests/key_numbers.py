"""RSA keys that are written as numbers: JSON Web Keys, and RSAKeyValue of .NET."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey


def octets(value: int) -> bytes:
    """An unsigned integer, most significant byte first, without zero bytes before it."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def jwk(key: RSAPublicKey) -> dict[str, str]:
    """The key as a JSON Web Key (RFC 7518, section 6.3.1)."""
    numbers = key.public_numbers()
    return {"kty": "RSA", "n": _base64url(numbers.n), "e": _base64url(numbers.e)}


def private_jwk(key: RSAPrivateKey) -> dict[str, str]:
    """The private key as a JSON Web Key (RFC 7518, section 6.3.2)."""
    numbers = key.private_numbers()
    members = {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return jwk(key.public_key()) | {name: _base64url(value) for name, value in members.items()}


def rsa_key_value(key: RSAPublicKey, private: Mapping[str, int] = MappingProxyType({}), namespace: str = "") -> str:
    """RSAKeyValue as `ToXmlString` of .NET writes it, with more members if it is `private`."""
    numbers = {"Modulus": key.public_numbers().n, "Exponent": key.public_numbers().e, **private}
    inner = "".join(f"<{name}>{b64encode(octets(value)).decode()}</{name}>" for name, value in numbers.items())
    return f"<RSAKeyValue{namespace}>{inner}</RSAKeyValue>"


def private_rsa_key_value(key: RSAPrivateKey) -> str:
    """RSAKeyValue as `ToXmlString(true)` of .NET writes it."""
    numbers = key.private_numbers()
    primes = {"P": numbers.p, "Q": numbers.q, "DP": numbers.dmp1, "DQ": numbers.dmq1, "InverseQ": numbers.iqmp}
    return rsa_key_value(key.public_key(), primes | {"D": numbers.d})


def _base64url(value: int) -> str:
    return urlsafe_b64encode(octets(value)).decode().rstrip("=")
