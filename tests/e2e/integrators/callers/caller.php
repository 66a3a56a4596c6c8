<?php
// Call a server with the PHP clients that openapi-generator made, and print what they parsed. Argument: a plan.
declare(strict_types=1);

require 'GuzzleHttp/autoload.php';
spl_autoload_register(static function (string $class): void {
    [$package, $name] = [...explode('\\', $class, 2), ''];
    $file = __DIR__ . "/$package/lib/" . strtr($name, '\\', '/') . '.php';
    if (is_file($file)) {
        require $file;
    }
});

use internalapi\Api\AccessTokenApi as Tokens;
use internalapi\Api\CallsApi;
use internalapi\Model\CallRefusal;
use internalapi\Model\TokenStatus;
use tokenapi\Api\AccessTokenApi;
use tokenapi\Model\AccessToken;
use tokenapi\Model\AccessTokenRequest;
use tokenapi\Model\TokenRefusal;

$plan = json_decode($argv[1], true, flags: JSON_THROW_ON_ERROR);
$call = $plan['call'];

function configured(array $plan, string $bearer): internalapi\Configuration
{
    return (new internalapi\Configuration())
        ->setHost($plan['internal'])
        ->setAccessToken($bearer)
        ->setApiKey('X-Internal-Authorization', $plan['secret'])
        ->setApiKeyPrefix('X-Internal-Authorization', 'Bearer');
}

$public = new AccessTokenApi(config: (new tokenapi\Configuration())->setHost($plan['public']));
$tokens = new Tokens(config: configured($plan, $plan['secret']));
$calls = new CallsApi(config: configured($plan, $call['token']));

$issue = static fn (string $signature): AccessToken => $public->issueAccessToken(
    $plan['token']['timestamp'],
    $plan['token']['clientKey'],
    $signature,
    new AccessTokenRequest(['grant_type' => 'client_credentials']),
);

$authorize = static function (string $body) use ($calls, $call): array {
    $file = new SplFileObject(tempnam(sys_get_temp_dir(), 'body'), 'w+');
    $file->fwrite($body);
    $file->rewind();
    return $calls->authorizeCallWithHttpInfo(
        $call['method'],
        $call['uri'],
        $call['timestamp'],
        $call['signature'],
        x_partner_id: $call['partnerId'],
        x_external_id: $call['externalId'],
        body: $file,
    );
};

$refusal = static function (callable $send): array {
    try {
        $send();
    } catch (tokenapi\ApiException | internalapi\ApiException $refused) {
        $parsed = $refused->getResponseObject();
        assert($parsed instanceof TokenRefusal || $parsed instanceof CallRefusal);
        return ['responseCode' => $parsed->getResponseCode(), 'responseMessage' => $parsed->getResponseMessage()];
    }
    throw new LogicException('The server refused nothing.');
};

$active = static fn (string $token): TokenStatus => $tokens->introspectToken($token);

$issued = $issue($plan['token']['signature']);
$status = $active($issued->getAccessToken());
[, $code, $headers] = $authorize($call['body']);
$headers = array_change_key_case($headers);
$report = [
    'token' => [
        'responseCode' => $issued->getResponseCode(),
        'tokenType' => $issued->getTokenType(),
        'expiresIn' => $issued->getExpiresIn(),
    ],
    'refusal' => $refusal(static fn () => $issue($plan['token']['forgedSignature'])),
    'active' => [
        'active' => $status->getActive(),
        'client_id' => $status->getClientId(),
        'token_type' => $status->getTokenType(),
    ],
    'genuine' => [
        'status' => $code,
        'X-Client-Key' => $headers['x-client-key'][0],
        'X-External-Id' => $headers['x-external-id'][0],
    ],
    'forged' => $refusal(static fn () => $authorize('{}')),
    'repeated' => $refusal(static fn () => $authorize($call['body'])),
];
$tokens->revokeTokens(token: $issued->getAccessToken());
$report['active after its revocation'] = $active($issued->getAccessToken())->getActive();
$tokens->revokeTokens(client_id: $plan['token']['clientKey']);
$report['active after its client\'s revocation'] = $active($call['token'])->getActive();
echo json_encode($report, JSON_THROW_ON_ERROR);
