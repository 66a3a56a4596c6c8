"""Signs as a SNAP client does. `python3 sign.py` tries it with every vector of ../vectors.json.

The standard library has no RSA, so this needs the package cryptography.
"""

import json
import re
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import digest
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

# For your client: copy from here ...


def minify(body: str) -> str:
    """Remove the white space between the tokens of JSON. Every other character stays."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', r"\1", body)


def token_string(client_key: str, timestamp: str) -> str:
    """The string to sign of a token request, an asymmetric call or a notification."""
    return f"{client_key}|{timestamp}"


def call_string(method: str, url: str, token: str | None, body: str, timestamp: str) -> str:
    """The string to sign of a symmetric call, and without a token that of a body-signed call."""
    hashed = sha256(minify(body).encode()).hexdigest()
    return ":".join([method, url, *([] if token is None else [token]), hashed, timestamp])


def sign(private_key: RSAPrivateKey, string_to_sign: str) -> str:
    """SHA256withRSA, in base64."""
    return b64encode(private_key.sign(string_to_sign.encode(), PKCS1v15(), SHA256())).decode()


def sign_symmetric(client_secret: str, string_to_sign: str) -> str:
    """HMAC-SHA512, in base64."""
    return b64encode(digest(client_secret.encode(), string_to_sign.encode(), "sha512")).decode()


# ... to here. The rest tries it.


def is_made(vector: dict[str, str]) -> bool:
    """Whether the functions above make the string and the signature of the vector."""
    if "body" in vector:
        parts = vector["method"], vector["endpoint_url"], vector.get("access_token")
        string = call_string(*parts, vector["body"], vector["timestamp"])
    else:
        string = token_string(vector["client_key"], vector["timestamp"])
    secret = vector.get("client_secret")
    signature = sign_symmetric(secret, string) if secret else sign(PRIVATE_KEY, string)
    return (string, signature) == (vector["string_to_sign"], vector["signature"]) and verifies(vector)


def verifies(vector: dict[str, str]) -> bool:
    """Whether the signature of the vector is that of its string to sign."""
    string, signature = vector["string_to_sign"], vector["signature"]
    if secret := vector.get("client_secret"):
        return signature == sign_symmetric(secret, string)
    try:
        raw = b64decode(signature, validate=True)
        PUBLIC_KEY.verify(raw, string.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return b64encode(raw).decode() == signature


FOLDER = Path(__file__).parents[1]
VECTORS = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))
PRIVATE_KEY = load_pem_private_key((FOLDER / "test-key-private.pem").read_bytes(), None)
PUBLIC_KEY = load_pem_public_key((FOLDER / "test-key-public.pem").read_bytes())
assert isinstance(PRIVATE_KEY, RSAPrivateKey) and isinstance(PUBLIC_KEY, RSAPublicKey)

right, wrong = VECTORS["vectors"], VECTORS["must_not_verify"] + VECTORS["wrong_encodings"]
failed = [each["name"] for each in right if not is_made(each)]
failed += [f"must not verify: {each['name']}" for each in wrong if verifies(each)]
print("\n".join(failed) or f"{len(right)} signatures are right, and {len(wrong)} wrong ones do not verify.")
sys.exit(1 if failed else 0)
