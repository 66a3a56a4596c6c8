// Call a server with the clients that @hey-api/openapi-ts made, and print what they parsed. Argument: a plan.
import { issueAccessToken, type TokenRefusal } from "./hey_token";
import { client as tokenClient } from "./hey_token/client.gen";
import {
  authorizeCall,
  introspectToken,
  revokeTokens,
  type CallRefusal,
  type InternalRefusal,
} from "./hey_internal";
import { client as internalClient } from "./hey_internal/client.gen";

declare const process: { argv: string[] };

const plan = JSON.parse(process.argv[2]!);
tokenClient.setConfig({ baseUrl: plan.public });
internalClient.setConfig({ baseUrl: plan.internal });

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the answer has another status");
  return value;
}

function refusal(value: TokenRefusal | CallRefusal | InternalRefusal | undefined) {
  const { responseCode, responseMessage } = present(value);
  return { responseCode, responseMessage };
}

const issue = (signature: string) =>
  issueAccessToken({
    headers: {
      "X-TIMESTAMP": plan.token.timestamp,
      "X-CLIENT-KEY": plan.token.clientKey,
      "X-SIGNATURE": signature,
    },
    body: { grantType: "client_credentials" },
  });

const authorize = (body: string) =>
  authorizeCall({
    auth: (scheme) => (scheme.type === "apiKey" ? `Bearer ${plan.secret}` : plan.call.token),
    headers: {
      "X-Original-Method": plan.call.method,
      "X-Original-URI": plan.call.uri,
      "X-TIMESTAMP": plan.call.timestamp,
      "X-PARTNER-ID": plan.call.partnerId,
      "X-SIGNATURE": plan.call.signature,
      "X-EXTERNAL-ID": plan.call.externalId,
    },
    body: new Blob([body]),
  });

async function introspect(token: string) {
  return present((await introspectToken({ auth: plan.secret, body: { token } })).data);
}

async function main() {
  const issued = present((await issue(plan.token.signature)).data);
  const active = await introspect(issued.accessToken);
  const genuine = present((await authorize(plan.call.body)).response);
  const report = {
    token: { responseCode: issued.responseCode, tokenType: issued.tokenType, expiresIn: issued.expiresIn },
    refusal: refusal((await issue(plan.token.forgedSignature)).error),
    active: { active: active.active, client_id: active.client_id, token_type: active.token_type },
    genuine: {
      status: genuine.status,
      "X-Client-Key": genuine.headers.get("X-Client-Key"),
      "X-External-Id": genuine.headers.get("X-External-Id"),
    },
    forged: refusal((await authorize("{}")).error),
    repeated: refusal((await authorize(plan.call.body)).error),
  };
  present((await revokeTokens({ auth: plan.secret, body: { token: issued.accessToken } })).data);
  const afterToken = (await introspect(issued.accessToken)).active;
  present((await revokeTokens({ auth: plan.secret, body: { client_id: plan.token.clientKey } })).data);
  const afterClient = (await introspect(plan.call.token)).active;
  console.log(
    JSON.stringify({
      ...report,
      "active after its revocation": afterToken,
      "active after its client's revocation": afterClient,
    }),
  );
}

void main();
