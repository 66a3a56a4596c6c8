"""The hooks of the signed pass, for schemathesis to load: NICEPAY's key, at work in the fuzzer.

What a case has broken on purpose stays broken; everything else is made right just before it is sent, since no
generated timestamp is current and no generated signature is genuine.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import schemathesis
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import strategies as st
from openapi_schema_validator import OAS30Validator
from schemathesis import Case, CheckContext, HookContext, Response

from tests.document import OPERATION
from tests.fuzz.broken import broken_headers
from tests.nicepay import Nicepay, jakarta

CLIENT_KEY = "FUZZ_CLIENT_KEY"
PRIVATE_KEY_FILE = "FUZZ_PRIVATE_KEY_FILE"
"""The variables that hand over who signs."""

_FORMS = {each["name"]: OAS30Validator(each["schema"]) for each in OPERATION["parameters"]}
_TEXT = st.text(max_size=20)
_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda children: st.lists(children) | st.dictionaries(_TEXT, children),
    max_leaves=10,
)


def _nicepay() -> Nicepay:
    key = load_pem_private_key(Path(os.environ[PRIVATE_KEY_FILE]).read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return Nicepay(os.environ[CLIENT_KEY], key)


_NICEPAY = _nicepay()


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Make right what is not broken on purpose; the signature covers the other two as they will be sent."""
    right = _FORMS.keys() - broken_headers(case, _FORMS)
    if "X-TIMESTAMP" in right:
        case.headers["X-TIMESTAMP"] = jakarta(datetime.now(UTC))
    if "X-CLIENT-KEY" in right:
        case.headers["X-CLIENT-KEY"] = _NICEPAY.client_key
    if "X-SIGNATURE" in right:
        timestamp, client_key = (case.headers.get(name, "") for name in ("X-TIMESTAMP", "X-CLIENT-KEY"))
        case.headers["X-SIGNATURE"] = _NICEPAY.signature(timestamp, client_key)


@schemathesis.hook
def flatmap_body(_context: HookContext, body: object) -> st.SearchStrategy[object]:
    """Draw additionalInfo, which may be any JSON, more often than schemathesis would; a broken body stays as it is."""
    if isinstance(body, dict) and body.get("grantType") == "client_credentials":
        drawn = _ANY_JSON.map(lambda value: {**body, "additionalInfo": value})
        return st.one_of(*[drawn] * 5, st.just(body))
    return st.just(body)


@schemathesis.check
def signed_data_acceptance(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """A right and signed request gets a token, and no other does."""
    assert case.meta
    right = case.meta.generation.mode.is_positive
    kind = "right" if right else "broken"
    assert (response.status_code == 200) == right, f"A {kind} and signed request got {response.status_code}"
