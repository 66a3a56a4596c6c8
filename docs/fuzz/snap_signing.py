"""Hooks of schemathesis that sign each token request. Copy this file beside schemathesis.toml.

It needs schemathesis and cryptography, and these environment variables:
SNAP_CLIENT_KEY: the client key (X-CLIENT-KEY).
SNAP_PRIVATE_KEY: the RSA private key of this client as PEM text.
"""

import os
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from typing import Any

import schemathesis
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

_JAKARTA = timezone(timedelta(hours=7))
_HEADERS = {"X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE"}


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        message = f"set the environment variable {name}"
        raise SystemExit(message)
    return value


_CLIENT_KEY = _variable("SNAP_CLIENT_KEY")
_PRIVATE_KEY = load_pem_private_key(_variable("SNAP_PRIVATE_KEY").encode(), None)


def _signature(client_key: str, timestamp: str) -> str:
    """SHA256withRSA over X-CLIENT-KEY|X-TIMESTAMP, in base64."""
    if not isinstance(_PRIVATE_KEY, RSAPrivateKey):
        message = "SNAP_PRIVATE_KEY is no RSA key"
        raise SystemExit(message)
    return b64encode(_PRIVATE_KEY.sign(f"{client_key}|{timestamp}".encode(), PKCS1v15(), SHA256())).decode()


def _replaced(case: Case[Any]) -> set[str]:
    """The headers that the hook fills in: all but those that schemathesis has broken on purpose."""
    if case.meta is None or not case.meta.is_negative_at(ParameterLocation.HEADER):
        return _HEADERS
    if case.meta.phase.name == TestPhase.COVERAGE:
        return _HEADERS - {str(case.meta.phase.data.parameter)}
    return set()  # schemathesis does not say which of them it has broken.


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Sign with the current time. The signature covers the values as they will be sent."""
    replaced = _replaced(case)
    if "X-TIMESTAMP" in replaced:
        case.headers["X-TIMESTAMP"] = datetime.now(_JAKARTA).isoformat(timespec="seconds")
    if "X-CLIENT-KEY" in replaced:
        case.headers["X-CLIENT-KEY"] = _CLIENT_KEY
    if "X-SIGNATURE" in replaced:
        client_key, timestamp = (case.headers.get(name, "") for name in ("X-CLIENT-KEY", "X-TIMESTAMP"))
        case.headers["X-SIGNATURE"] = _signature(client_key, timestamp)


@schemathesis.check
def signed_data_acceptance(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """A valid signed request gets a token."""
    if case.meta and case.meta.generation.mode.is_positive:
        assert response.status_code == 200, f"A valid and signed request got {response.status_code}"
