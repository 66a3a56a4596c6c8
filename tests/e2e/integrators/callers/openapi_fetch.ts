// Call a server with openapi-fetch and the types that openapi-typescript made, and print what they parsed.
// Argument: a plan.
import createClient from "openapi-fetch";
import type { paths as PublicPaths, components as PublicComponents } from "./token";
import type { paths as InternalPaths, components as InternalComponents } from "./internal";

declare const process: { argv: string[] };

type Refusal =
  | PublicComponents["schemas"]["TokenRefusal"]
  | InternalComponents["schemas"]["InternalRefusal"]
  | InternalComponents["schemas"]["CallRefusal"];

const plan = JSON.parse(process.argv[2]!);
const tokenApi = createClient<PublicPaths>({ baseUrl: plan.public });
const internalApi = createClient<InternalPaths>({ baseUrl: plan.internal });
const form = { Authorization: `Bearer ${plan.secret}`, "Content-Type": "application/x-www-form-urlencoded" };

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the answer has another status");
  return value;
}

function refusal(value: Refusal | undefined) {
  const { responseCode, responseMessage } = present(value);
  return { responseCode, responseMessage };
}

const issue = (signature: string) =>
  tokenApi.POST("/access-token/b2b", {
    params: {
      header: {
        "X-TIMESTAMP": plan.token.timestamp,
        "X-CLIENT-KEY": plan.token.clientKey,
        "X-SIGNATURE": signature,
      },
    },
    body: { grantType: "client_credentials" },
  });

const authorize = (body: string) =>
  internalApi.POST("/authorize", {
    params: {
      header: {
        "X-Original-Method": plan.call.method,
        "X-Original-URI": plan.call.uri,
        "X-TIMESTAMP": plan.call.timestamp,
        "X-PARTNER-ID": plan.call.partnerId,
        "X-SIGNATURE": plan.call.signature,
        "X-EXTERNAL-ID": plan.call.externalId,
      },
    },
    headers: {
      Authorization: `Bearer ${plan.call.token}`,
      "X-Internal-Authorization": `Bearer ${plan.secret}`,
    },
    body,
    bodySerializer: (bytes) => bytes,
  });

async function introspect(token: string) {
  return present((await internalApi.POST("/introspect", { headers: form, body: { token } })).data);
}

async function main() {
  const issued = present((await issue(plan.token.signature)).data);
  const active = await introspect(issued.accessToken);
  const genuine = (await authorize(plan.call.body)).response;
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
  present((await internalApi.POST("/revoke", { headers: form, body: { token: issued.accessToken } })).data);
  const afterToken = (await introspect(issued.accessToken)).active;
  present((await internalApi.POST("/revoke", { headers: form, body: { client_id: plan.token.clientKey } })).data);
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
