// Signs as a SNAP client does. `java Sign.java` tries it with every vector of ../vectors.tsv (Java 15 or newer, with its
// compiler). Java has no JSON parser, so this reads the same vectors from a table.

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Sign {
    // For your client: copy from here ...

    /** Removes the white space between the tokens of JSON. Every other character stays. */
    static String minify(String body) {
        return body.replaceAll("(\"(?:[^\"\\\\]++|\\\\.)*+\")|[ \\t\\r\\n]+", "$1");
    }

    /** The string to sign of a token request, an asymmetric call or a notification. */
    static String tokenString(String clientKey, String timestamp) {
        return clientKey + "|" + timestamp;
    }

    /** The string to sign of a symmetric call, and without a token (null) that of a body-signed call. */
    static String callString(String method, String url, String token, String body, String timestamp)
            throws GeneralSecurityException {
        StringBuilder hash = new StringBuilder();
        for (byte each : MessageDigest.getInstance("SHA-256").digest(minify(body).getBytes(UTF_8))) {
            hash.append(String.format("%02x", each));
        }
        return method + ":" + url + ":" + (token == null ? "" : token + ":") + hash + ":" + timestamp;
    }

    /** SHA256withRSA, in base64. */
    static String sign(PrivateKey privateKey, String stringToSign) throws GeneralSecurityException {
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(privateKey);
        signature.update(stringToSign.getBytes(UTF_8));
        return Base64.getEncoder().encodeToString(signature.sign());
    }

    /** HMAC-SHA512, in base64. */
    static String signSymmetric(String clientSecret, String stringToSign) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA512");
        mac.init(new SecretKeySpec(clientSecret.getBytes(UTF_8), "HmacSHA512"));
        return Base64.getEncoder().encodeToString(mac.doFinal(stringToSign.getBytes(UTF_8)));
    }

    /** The bytes of the key in a PEM file. The text before BEGIN is no part of it. */
    static byte[] keyIn(String pem) {
        return Base64.getMimeDecoder().decode(pem.split("-----")[2]);
    }

    static PrivateKey privateKey(String pem) throws GeneralSecurityException {
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(keyIn(pem)));
    }

    static PublicKey publicKey(String pem) throws GeneralSecurityException {
        return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(keyIn(pem)));
    }

    // ... to here. The rest tries it.

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments.length > 0 ? arguments[0] : "..");
        PrivateKey privateKey = privateKey(Files.readString(folder.resolve("test-key-private.pem")));
        PublicKey publicKey = publicKey(Files.readString(folder.resolve("test-key-public.pem")));
        List<String> failed = new ArrayList<>();
        int right = 0;
        int wrong = 0;
        for (Map<String, String> vector : vectors(folder.resolve("vectors.tsv"))) {
            if (vector.get("list").equals("vectors")) {
                right++;
                if (!isMade(vector, privateKey) || !verifies(vector, publicKey)) failed.add(vector.get("name"));
            } else {
                wrong++;
                if (verifies(vector, publicKey)) failed.add("must not verify: " + vector.get("name"));
            }
        }
        failed.forEach(System.out::println);
        if (!failed.isEmpty()) System.exit(1);
        System.out.println(right + " signatures are right, and " + wrong + " wrong ones do not verify.");
    }

    /** Whether the functions above make the string and the signature of the vector. */
    static boolean isMade(Map<String, String> vector, PrivateKey privateKey) throws GeneralSecurityException {
        String method = vector.get("method");
        String token = vector.get("access_token");
        String secret = vector.get("client_secret");
        String string = method.isEmpty()
                ? tokenString(vector.get("client_key"), vector.get("timestamp"))
                : callString(method, vector.get("endpoint_url"), token.isEmpty() ? null : token, vector.get("body"),
                        vector.get("timestamp"));
        String signature = secret.isEmpty() ? sign(privateKey, string) : signSymmetric(secret, string);
        return string.equals(vector.get("string_to_sign")) && signature.equals(vector.get("signature"));
    }

    /** Whether the signature of the vector is that of its string to sign. */
    static boolean verifies(Map<String, String> vector, PublicKey publicKey) throws GeneralSecurityException {
        String secret = vector.get("client_secret");
        String signature = vector.get("signature");
        if (!secret.isEmpty()) return signature.equals(signSymmetric(secret, vector.get("string_to_sign")));
        try {
            byte[] raw = Base64.getDecoder().decode(signature);
            Signature verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(publicKey);
            verifier.update(vector.get("string_to_sign").getBytes(UTF_8));
            // The decoder also accepts a signature without padding, so it is written again and compared.
            return Base64.getEncoder().encodeToString(raw).equals(signature) && verifier.verify(raw);
        } catch (IllegalArgumentException | java.security.SignatureException wrong) {
            return false;
        }
    }

    static List<Map<String, String>> vectors(Path table) throws java.io.IOException {
        List<Map<String, String>> vectors = new ArrayList<>();
        List<String> lines = Files.readAllLines(table);
        String[] names = lines.get(0).split("\t");
        for (String line : lines.subList(1, lines.size())) {
            String[] values = line.split("\t", -1);
            Map<String, String> vector = new HashMap<>();
            for (int at = 0; at < names.length; at++) vector.put(names[at], values[at].translateEscapes());
            vectors.add(vector);
        }
        return vectors;
    }
}
