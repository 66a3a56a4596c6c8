"""The hooks of the signed pass, which schemathesis loads. They sign each request with NICEPAY's key.

A header that a case has broken on purpose stays broken. The hooks replace all other headers just before a request is
sent, because no generated timestamp is current and no generated signature is genuine.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from openapi_schema_validator import OAS30Validator
from schemathesis import Case, CheckContext, HookContext, Response

from tests.document import OPERATION, PROXY_ANSWERS, TOKEN_PATH
from tests.fuzz.broken import broken_headers
from tests.nicepay import Nicepay, jakarta

CLIENT_KEY = "FUZZ_CLIENT_KEY"
PRIVATE_KEY_FILE = "FUZZ_PRIVATE_KEY_FILE"
"""The environment variables that name the client key and the private key file."""

_SCHEMAS = {each["name"]: OAS30Validator(each["schema"]) for each in OPERATION["parameters"]}
_TEXT = st.text(max_size=20)
_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda children: st.lists(children) | st.dictionaries(_TEXT, children),
    max_leaves=10,
)


_NICEPAY = Nicepay.from_pem(Path(os.environ[PRIVATE_KEY_FILE]).read_text(), os.environ[CLIENT_KEY])


@schemathesis.hook
def before_load_schema(_context: HookContext, schema: dict[str, Any]) -> None:
    """Remove the answers that only a proxy sends. `default` would allow every status."""
    for status in PROXY_ANSWERS:
        del schema["paths"][TOKEN_PATH]["post"]["responses"][status]


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Replace the headers that are not broken on purpose. The signature covers the other two as they will be sent."""
    replaced = _SCHEMAS.keys() - broken_headers(case, _SCHEMAS)
    if "X-TIMESTAMP" in replaced:
        case.headers["X-TIMESTAMP"] = jakarta(datetime.now(UTC))
    if "X-CLIENT-KEY" in replaced:
        case.headers["X-CLIENT-KEY"] = _NICEPAY.client_key
    if "X-SIGNATURE" in replaced:
        timestamp, client_key = (case.headers.get(name, "") for name in ("X-TIMESTAMP", "X-CLIENT-KEY"))
        case.headers["X-SIGNATURE"] = _NICEPAY.signature(timestamp, client_key)


@schemathesis.hook
def flatmap_body(_context: HookContext, body: object) -> st.SearchStrategy[object]:
    """Draw additionalInfo, which may be any JSON, more often than schemathesis does. A broken body stays unchanged."""
    if isinstance(body, dict) and body.get("grantType") == "client_credentials":
        drawn = _ANY_JSON.map(lambda value: {**body, "additionalInfo": value})
        return st.one_of(*[drawn] * 5, st.just(body))
    return st.just(body)


@schemathesis.check
def signed_data_acceptance(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """A valid signed request gets a token, and an invalid one does not."""
    assert case.meta
    valid = case.meta.generation.mode.is_positive
    kind = "valid" if valid else "broken"
    assert (response.status_code == 200) == valid, f"A {kind} and signed request got {response.status_code}"
