"""The published test key. Its private half is public, so everybody can sign with it."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_PEM = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtMagRD4BT/wuHXZzkTOs
4tnJolPAV5k/D4ZlgN+SNWChnf+ZEb33ibsfffZ7B+WYDvklU42n4uNKWv82zU8z
wtEAgbBX/EMiotdwf3XImSKp7YvBmnGoce4mUGDeiubGdo0Bu6ZxPMtGGlIP/OxQ
y9S1wW99oAa+NO110234fqM8jtRnsWe4bqp1jN4KZk+fVnpnIczEIT6JbpiDo8BE
jtA+yG43q8kGplx8BAXmqRnob+/nkqF3P/0mR0bMNWvZpLEq5HwG12TqslgBmhw/
yHeKysblNOjhRGaVjskwpC5+4EAEpvk+VzACI8IqRwgIGggANxfu5exXfShXlUOU
4wIDAQAB
-----END PUBLIC KEY-----"""
"""The key of `openapi/test-key/test-key-public.pem`."""


def published_key() -> RSAPublicKey:
    """Return the published test key."""
    key = load_pem_public_key(_PEM)
    assert isinstance(key, RSAPublicKey)  # noqa: S101  for mypy
    return key


def is_published(key: RSAPublicKey) -> bool:
    """Whether the key is the published test key. With its primes, everybody can sign for any exponent."""
    return key.public_numbers().n == published_key().public_numbers().n
