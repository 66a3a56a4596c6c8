// Signs requests as the SNAP documents describe. The cryptography is that of jsrsasign, the text above, and of
// crypto-js, which Postman and Bruno have.
const hashes = require("crypto-js");
const WHERE = "Set privateKey, notificationPrivateKey and clientSecret in the environment.";

// The DER of an unencrypted private key. The PEM may be on one line, with spaces or "\n" for the line breaks.
function derOf(pem) {
  const base64 = String(pem || "").replace(/-----[A-Z ]+-----/g, "").replace(/\\n|\s/g, "");
  if (!/^MI[A-Za-z0-9+/]+=*$/.test(base64) || String(pem).includes("ENCRYPTED")) {
    throw new Error(`There is no unencrypted RSA private key in PEM. ${WHERE}`);
  }
  return b64tohex(base64);
}

function keyOf(pem) {
  const hex = derOf(pem);
  const key = new RSAKey();
  const isPkcs8 = hex.slice(0, 80).includes("06092a864886f70d010101"); // rsaEncryption (RFC 8017, appendix A.1)
  isPkcs8 ? key.readPKCS8PrvKeyHex(hex) : key.readPKCS5PrvKeyHex(hex);
  return key;
}

const snap = {
  // The time in Jakarta, as X-TIMESTAMP. `secondsAgo` makes an earlier one.
  jakartaTime: (secondsAgo = 0) =>
    `${new Date(Date.now() + (7 * 3600 - secondsAgo) * 1000).toISOString().slice(0, 19)}+07:00`,

  // SHA256withRSA (RSASSA-PKCS1-v1_5), in standard base64.
  rsa: (pem, text, hash = "sha256") => hextob64(keyOf(pem).sign(text, hash)),

  // RSASSA-PSS, which the server refuses.
  pss: (pem, text) => hextob64(keyOf(pem).signPSS(text, "sha256")),

  // HMAC-SHA512 with the client secret, in standard base64.
  hmac(secret, text) {
    if (!secret) {
      throw new Error(`There is no client secret. ${WHERE}`);
    }
    return hextob64(hashes.HmacSHA512(text, secret).toString());
  },

  // The SHA-256 of a text in UTF-8, in lower-case hexadecimal.
  sha256: (text) => hashes.SHA256(text).toString(),

  hexadecimal: (base64) => b64tohex(base64),

  externalId: () => `${Date.now()}${Math.floor(Math.random() * 1e6)}`,
};
