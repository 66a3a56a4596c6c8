# mypy: disable-error-code="import-not-found"
"""Call a server with the clients that openapi-python-client made, and print what they parsed. Argument: a plan."""

import io
import json
import sys
from typing import Any

from snap_access_token_b2b_client import Client as PublicClient
from snap_access_token_b2b_client.api.access_token import issue_access_token
from snap_access_token_b2b_client.models import (
    AccessToken,
    AccessTokenRequest,
    AccessTokenRequestGrantType,
    TokenRefusal,
)
from snap_access_token_b2b_internal_client import AuthenticatedClient
from snap_access_token_b2b_internal_client.api.access_token import introspect_token, revoke_tokens
from snap_access_token_b2b_internal_client.api.calls import authorize_call
from snap_access_token_b2b_internal_client.models import (
    CallRefusal,
    ClientRevocation,
    InternalRefusal,
    IntrospectionRequest,
    RevocationResult,
    TokenRevocation,
    TokenStatus,
)
from snap_access_token_b2b_internal_client.types import File, Response

plan = json.loads(sys.argv[1])
public = PublicClient(plan["public"])
internal = AuthenticatedClient(plan["internal"], token=plan["secret"])


def issue(signature: str) -> AccessToken | TokenRefusal | None:
    request = plan["token"]
    return issue_access_token.sync(
        client=public,
        body=AccessTokenRequest(AccessTokenRequestGrantType.CLIENT_CREDENTIALS),
        x_timestamp=request["timestamp"],
        x_client_key=request["clientKey"],
        x_signature=signature,
    )


def introspect(token: str) -> TokenStatus:
    status = introspect_token.sync(client=internal, body=IntrospectionRequest(token))
    assert isinstance(status, TokenStatus)
    return status


def authorize(body: str) -> Response[Any]:
    call = plan["call"]
    proxy = AuthenticatedClient(plan["internal"], token=call["token"])
    return authorize_call.sync_detailed(
        client=proxy.with_headers({"X-Internal-Authorization": f"Bearer {plan['secret']}"}),
        body=File(io.BytesIO(body.encode())),
        x_original_method=call["method"],
        x_original_uri=call["uri"],
        x_timestamp=call["timestamp"],
        x_partner_id=call["partnerId"],
        x_signature=call["signature"],
        x_external_id=call["externalId"],
    )


def revoke(revocation: TokenRevocation | ClientRevocation) -> None:
    assert isinstance(revoke_tokens.sync(client=internal, body=revocation), RevocationResult)


def refusal(answer: object) -> dict[str, str]:
    assert isinstance(answer, TokenRefusal | InternalRefusal | CallRefusal)
    return {"responseCode": answer.response_code, "responseMessage": answer.response_message}


issued = issue(plan["token"]["signature"])
assert isinstance(issued, AccessToken)
active = introspect(issued.access_token)
genuine = authorize(plan["call"]["body"])
report: dict[str, object] = {
    "token": {
        "responseCode": issued.response_code,
        "tokenType": issued.token_type,
        "expiresIn": issued.expires_in,
    },
    "refusal": refusal(issue(plan["token"]["forgedSignature"])),
    "active": {"active": active.active, "client_id": active.client_id, "token_type": active.token_type},
    "genuine": {
        "status": genuine.status_code,
        "X-Client-Key": genuine.headers["X-Client-Key"],
        "X-External-Id": genuine.headers["X-External-Id"],
    },
    "forged": refusal(authorize("{}").parsed),
    "repeated": refusal(authorize(plan["call"]["body"]).parsed),
}
revoke(TokenRevocation(issued.access_token))
report["active after its revocation"] = introspect(issued.access_token).active
revoke(ClientRevocation(plan["token"]["clientKey"]))
report["active after its client's revocation"] = introspect(plan["call"]["token"]).active
sys.stdout.write(json.dumps(report))
