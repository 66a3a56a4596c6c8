<?php
// Signs as a SNAP client does. `php sign.php` tries it with every vector of ../vectors.json.

// For your client: copy from here ...

/** Removes the white space between the tokens of JSON. Every other byte stays. */
function minify(string $body): string
{
    return preg_replace('/("(?:[^"\\\\]++|\\\\.)*+")|[ \t\r\n]+/', '$1', $body);
}

/** The string to sign of a token request, an asymmetric call or a notification. */
function token_string(string $clientKey, string $timestamp): string
{
    return "$clientKey|$timestamp";
}

/** The string to sign of a symmetric call, and without a token that of a body-signed call. */
function call_string(string $method, string $url, ?string $token, string $body, string $timestamp): string
{
    $parts = [$method, $url, $token, hash('sha256', minify($body)), $timestamp];
    return implode(':', array_filter($parts, fn($part) => $part !== null));
}

/** SHA256withRSA, in base64. The private key is the text of a PEM file. */
function sign(string $privateKey, string $stringToSign): string
{
    openssl_sign($stringToSign, $signature, $privateKey, OPENSSL_ALGO_SHA256) or throw new Exception(openssl_error_string());
    return base64_encode($signature);
}

/** HMAC-SHA512, in base64. */
function sign_symmetric(string $clientSecret, string $stringToSign): string
{
    return base64_encode(hash_hmac('sha512', $stringToSign, $clientSecret, true));
}

// ... to here. The rest tries it.

/** Whether the functions above make the string and the signature of the vector. */
function is_made(array $vector, string $privateKey, string $publicKey): bool
{
    ['timestamp' => $timestamp, 'string_to_sign' => $expected] = $vector;
    $string = isset($vector['body'])
        ? call_string($vector['method'], $vector['endpoint_url'], $vector['access_token'] ?? null, $vector['body'], $timestamp)
        : token_string($vector['client_key'], $timestamp);
    $secret = $vector['client_secret'] ?? null;
    $signature = $secret === null ? sign($privateKey, $string) : sign_symmetric($secret, $string);
    return [$string, $signature] === [$expected, $vector['signature']] && verifies($vector, $publicKey);
}

/** Whether the signature of the vector is that of its string to sign. */
function verifies(array $vector, string $publicKey): bool
{
    if (isset($vector['client_secret'])) {
        return $vector['signature'] === sign_symmetric($vector['client_secret'], $vector['string_to_sign']);
    }
    // base64_decode also accepts line breaks and no padding, so the signature is written again and compared.
    $raw = (string) base64_decode($vector['signature'], true);
    return base64_encode($raw) === $vector['signature']
        && openssl_verify($vector['string_to_sign'], $raw, $publicKey, OPENSSL_ALGO_SHA256) === 1;
}

$folder = dirname(__DIR__);
$vectors = json_decode(file_get_contents("$folder/vectors.json"), true, 512, JSON_THROW_ON_ERROR);
$privateKey = file_get_contents("$folder/test-key-private.pem");
$publicKey = file_get_contents("$folder/test-key-public.pem");

[$right, $wrong] = [$vectors['vectors'], [...$vectors['must_not_verify'], ...$vectors['wrong_encodings']]];
$failed = [];
foreach ($right as $each) {
    if (!is_made($each, $privateKey, $publicKey)) {
        $failed[] = $each['name'];
    }
}
foreach ($wrong as $each) {
    if (verifies($each, $publicKey)) {
        $failed[] = "must not verify: {$each['name']}";
    }
}
$good = count($right) . ' signatures are right, and ' . count($wrong) . ' wrong ones do not verify.';
echo $failed ? implode("\n", $failed) : $good, "\n";
exit($failed ? 1 : 0);
