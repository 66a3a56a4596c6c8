// Signs as a SNAP client does. `node sign.mjs` tries it with every vector of ../vectors.json.

import { createHash, createHmac, createPrivateKey, createPublicKey, sign as rsaSign, verify } from "node:crypto";
import { readFileSync } from "node:fs";

// For your client: copy from here ...

// Removes the white space between the tokens of JSON. Every other character stays.
function minify(body) {
  return body.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, (_, string) => string ?? "");
}

// The string to sign of a token request, an asymmetric call or a notification.
function tokenString(clientKey, timestamp) {
  return `${clientKey}|${timestamp}`;
}

// The string to sign of a symmetric call, and without a token that of a body-signed call.
function callString(method, url, token, body, timestamp) {
  const hash = createHash("sha256").update(minify(body)).digest("hex");
  return [method, url, ...(token === undefined ? [] : [token]), hash, timestamp].join(":");
}

// SHA256withRSA, in base64.
function sign(privateKey, stringToSign) {
  return rsaSign("sha256", Buffer.from(stringToSign), privateKey).toString("base64");
}

// HMAC-SHA512, in base64.
function signSymmetric(clientSecret, stringToSign) {
  return createHmac("sha512", clientSecret).update(stringToSign).digest("base64");
}

// ... to here. The rest tries it.

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const vectors = JSON.parse(read("vectors.json"));
const privateKey = createPrivateKey(read("test-key-private.pem"));
const publicKey = createPublicKey(read("test-key-public.pem"));

// Whether the functions above make the string and the signature of the vector.
function isMade(vector) {
  const { method, endpoint_url, access_token, body, timestamp, client_key, client_secret } = vector;
  const string = body === undefined
    ? tokenString(client_key, timestamp)
    : callString(method, endpoint_url, access_token, body, timestamp);
  const signature = client_secret ? signSymmetric(client_secret, string) : sign(privateKey, string);
  return string === vector.string_to_sign && signature === vector.signature && verifies(vector);
}

// Whether the signature of the vector is that of its string to sign.
function verifies({ client_secret, string_to_sign, signature }) {
  if (client_secret) return signature === signSymmetric(client_secret, string_to_sign);
  const raw = Buffer.from(signature, "base64");
  // Buffer also accepts base64url and other texts, so the signature is written again and compared.
  return raw.toString("base64") === signature && verify("sha256", Buffer.from(string_to_sign), publicKey, raw);
}

const right = vectors.vectors;
const wrong = [...vectors.must_not_verify, ...vectors.wrong_encodings];
const failed = [
  ...right.filter((each) => !isMade(each)).map((each) => each.name),
  ...wrong.filter(verifies).map((each) => `must not verify: ${each.name}`),
];
console.log(failed.join("\n") || `${right.length} signatures are right, and ${wrong.length} wrong ones do not verify.`);
process.exit(failed.length ? 1 : 0);
