# mypy: disable-error-code="import-not-found"
"""Call a server with the Python clients that openapi-generator made, and print what they parsed. Argument: a plan."""

import json
import sys
from typing import Any

import internalapi
import tokenapi

plan = json.loads(sys.argv[1])
public = tokenapi.AccessTokenApi(tokenapi.ApiClient(tokenapi.Configuration(plan["public"])))


def configured(bearer: str) -> internalapi.ApiClient:
    """Each operation takes the secrets that its document names: the bearer token, and the header of the proxy."""
    configuration = internalapi.Configuration(
        plan["internal"],
        access_token=bearer,
        api_key={"ProxySecret": plan["secret"]},
        api_key_prefix={"ProxySecret": "Bearer"},
    )
    return internalapi.ApiClient(configuration)


tokens = internalapi.AccessTokenApi(configured(plan["secret"]))
calls = internalapi.CallsApi(configured(plan["call"]["token"]))


def issue(signature: str) -> tokenapi.AccessToken:
    request = plan["token"]
    body = tokenapi.AccessTokenRequest(grantType="client_credentials")
    return public.issue_access_token(request["timestamp"], request["clientKey"], signature, body)


def authorize(body: str) -> internalapi.ApiResponse[None]:
    call = plan["call"]
    return calls.authorize_call_with_http_info(
        call["method"],
        call["uri"],
        call["timestamp"],
        call["signature"],
        x_partner_id=call["partnerId"],
        x_external_id=call["externalId"],
        body=body.encode(),
    )


def refusal(raised: tokenapi.ApiException | internalapi.ApiException) -> dict[str, Any]:
    parsed = raised.data
    assert isinstance(parsed, tokenapi.TokenRefusal | internalapi.InternalRefusal | internalapi.CallRefusal)
    return {"responseCode": parsed.response_code, "responseMessage": parsed.response_message}


def refusal_of_token() -> dict[str, Any]:
    try:
        issue(plan["token"]["forgedSignature"])
    except tokenapi.ApiException as raised:
        return refusal(raised)
    raise AssertionError


def refusal_of_call(body: str) -> dict[str, Any]:
    try:
        authorize(body)
    except internalapi.ApiException as raised:
        return refusal(raised)
    raise AssertionError


issued = issue(plan["token"]["signature"])
active = tokens.introspect_token(issued.access_token)
genuine = authorize(plan["call"]["body"])
assert genuine.headers is not None
headers = {name.lower(): value for name, value in genuine.headers.items()}
report: dict[str, object] = {
    "token": {
        "responseCode": issued.response_code,
        "tokenType": issued.token_type,
        "expiresIn": issued.expires_in,
    },
    "refusal": refusal_of_token(),
    "active": {"active": active.active, "client_id": active.client_id, "token_type": active.token_type},
    "genuine": {
        "status": genuine.status_code,
        "X-Client-Key": headers["x-client-key"],
        "X-External-Id": headers["x-external-id"],
    },
    "forged": refusal_of_call("{}"),
    "repeated": refusal_of_call(plan["call"]["body"]),
}
tokens.revoke_tokens(token=issued.access_token)
report["active after its revocation"] = tokens.introspect_token(issued.access_token).active
tokens.revoke_tokens(client_id=plan["token"]["clientKey"])
report["active after its client's revocation"] = tokens.introspect_token(plan["call"]["token"]).active
sys.stdout.write(json.dumps(report))
