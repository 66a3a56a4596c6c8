#!/bin/sh
# Gets an access token: signs "client ID|current time" with a private key, and sends the request with curl.
#
#   sh token-request.sh
#   sh token-request.sh --client-key YOUR-CLIENT-ID --private-key private.pem
#   sh token-request.sh --base-url http://127.0.0.1:8080/api/v1.0
#
# Without options it signs as the client IONPAYTEST with the published test key, which only a sandbox accepts.
# The environment variables BASE_URL, CLIENT_KEY and PRIVATE_KEY do the same as the options.
# It prints the answer. Exit status: 0 for a token, 1 for a refusal or no answer, 2 for a mistake in the command.

base_url=${BASE_URL:-https://merchant.example/api/v1.0}
client_key=${CLIENT_KEY:-IONPAYTEST}
private_key=${PRIVATE_KEY:-$(dirname -- "$0")/test-key-private.pem}

stop() {
  echo "token-request.sh: $2" >&2
  exit "$1"
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit ;;
    --base-url | --client-key | --private-key) [ -n "${2-}" ] || stop 2 "$1 needs a value" ;;
    *) stop 2 "$1 is not an option; use --base-url, --client-key or --private-key" ;;
  esac
  case $1 in
    --base-url) base_url=$2 ;;
    --client-key) client_key=$2 ;;
    --private-key) private_key=$2 ;;
  esac
  shift 2
done

for program in openssl curl; do
  command -v "$program" >/dev/null || stop 2 "$program is not installed; install it"
done
[ -r "$private_key" ] || stop 2 "$private_key cannot be read; name the private key with --private-key"

url=${base_url%/}/access-token/b2b
timestamp=$(TZ=WIB-7 date +%Y-%m-%dT%H:%M:%S+07:00)
signature=$(printf '%s' "$client_key|$timestamp" | openssl dgst -sha256 -sign "$private_key" | openssl base64 -A)
# The signature of the smallest RSA key, 1024 bits, has 172 characters. Other kinds of key give fewer.
[ "${#signature}" -ge 172 ] || stop 2 "$private_key cannot sign; it must be an RSA private key in PEM"

echo "POST $url, signed: $client_key|$timestamp" >&2
answer=$(curl --silent --show-error --max-time 30 --write-out '\n%{http_code}' --globoff --url "$url" \
  --header 'Content-Type: application/json' \
  --header "X-TIMESTAMP: $timestamp" \
  --header "X-CLIENT-KEY: $client_key" \
  --header "X-SIGNATURE: $signature" \
  --data-raw '{"grantType":"client_credentials","additionalInfo":{}}') || stop 1 "no answer from $url"

printf '%s\n' "${answer%????}"
case $answer in
  *200) ;;
  *) stop 1 "the answer has HTTP status ${answer##*[!0-9]}" ;;
esac
