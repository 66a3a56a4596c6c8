"""Kinds of files that integrators send in place of a key in a known form, and the commands that convert them."""

from handlers.snap.key_format_error import KeyKind

_ASK = "ask NICEPAY for its RSA public key in PEM"
_PUBLIC_IS_NEEDED = "the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
_USE_INNER = "put the key that is in it into its own file, and use that file"


def _convertible(name: str, command: str) -> KeyKind:
    """A kind of file that the same command converts, whether it holds a public or a private key."""
    return KeyKind(name, command, command)


EMPTY = KeyKind("empty", advice="put the key here")
PRIVATE_KEY = KeyKind("a private key", advice=_PUBLIC_IS_NEEDED)
PUBLIC_KEY = KeyKind("a public key or a certificate", advice="give the private key")
PRIVATE_LABEL = KeyKind(
    "a public key or a certificate, but its BEGIN line says PRIVATE KEY",
    "sed -E 's/(BEGIN|END) ([A-Z]+ )?PRIVATE/\\1 PUBLIC/g' {file} > {pem}",
)
ENCRYPTED = KeyKind("encrypted", private="openssl pkey {input} -out {pem}")
PKCS7 = KeyKind("a PKCS #7 file", "openssl pkcs7 {input} -print_certs -out {pem}")
PKCS12 = KeyKind(
    "a PKCS #12 file (PFX), which may hold a private key",
    "openssl pkcs12 {binary} -nokeys -clcerts -out {pem}",
    "openssl pkcs12 {binary} -nocerts -out {pem}",
)
KEYSTORE = KeyKind(
    "a Java keystore, whose aliases keytool -list shows",
    "keytool -exportcert -rfc -alias ALIAS -keystore {file} -file {pem}",
    "keytool -importkeystore -srckeystore {file} -destkeystore {p12} -deststoretype PKCS12"
    " && openssl pkcs12 -in {p12} -nocerts -out {pem}",
)
TRUSTED_CERTIFICATE = KeyKind("a TRUSTED CERTIFICATE of OpenSSL", "openssl x509 -in {file} -out {pem}")
CERTIFICATE_REQUEST = KeyKind("a certificate request", "openssl req {input} -noout -pubkey -out {pem}")
REVOCATION_LIST = KeyKind("a list of revoked certificates", advice=_ASK)
PARAMETERS = KeyKind("a file of parameters without a key", advice=_ASK)
PGP_MESSAGE = _convertible("a PGP message", "gpg --output {pem} --decrypt {file}")
PGP_KEY = KeyKind("a PGP key, and SNAP signs with plain RSA keys", advice=_ASK)
PUTTY = KeyKind(
    "a PuTTY key (.ppk), which holds a private key",
    "puttygen {file} -O public-openssh -o {pem}",
    "puttygen {file} -O private-openssh -o {pem}",
)
SSH2 = KeyKind("an SSH2 public key (RFC 4716)", "ssh-keygen -i -f {file} > {pem}")
SSH_CERTIFICATE = KeyKind("an OpenSSH certificate", advice=_ASK)
SSH_WITHOUT_TYPE = KeyKind("an OpenSSH public key without its first word", "sed 's/^/ssh-rsa /' {file} > {pem}")
SSH_NOT_RSA = KeyKind("an OpenSSH key, but not an RSA key; SNAP signs with RSA", advice=_ASK)
SSH_DAMAGED = KeyKind("an OpenSSH key with damage", advice="copy the whole key again")
SSH_ENCRYPTED = KeyKind(
    "an encrypted OpenSSH private key", private="cp -p {file} {pem} && ssh-keygen -p -m PEM -f {pem}"
)
BLOB = KeyKind(
    "a public key BLOB of Microsoft's CryptoAPI", "openssl rsa -inform MSBLOB {binary} -pubin -pubout -out {pem}"
)
PRIVATE_BLOB = KeyKind(
    "a private key BLOB of Microsoft's CryptoAPI",
    private="openssl rsa -inform MSBLOB {binary} -out {pem}",
    advice=_PUBLIC_IS_NEEDED,
)
PVK = KeyKind(
    "a private key of Microsoft (.pvk)",
    private="openssl rsa -inform PVK {binary} -out {pem}",
    advice=_PUBLIC_IS_NEEDED,
)
JAVA_OBJECT = KeyKind("a serialised Java object", advice="write the bytes of key.getEncoded() in place of the object")
KEY_IN_JSON = _convertible(
    "JSON with a key in it", """jq -r 'first(.. | strings | select(test("BEGIN |^MI")))' {file} > {pem}"""
)
JWK_IN_JSON = _convertible("JSON with a JWK in it", "jq 'first(.. | objects | select(.kty))' {file} > {pem}")
SEVERAL_IN_JSON = KeyKind("JSON with several keys in it", advice="put the right key into its own file")
SEVERAL_JWKS = _convertible(
    "a set of several JWKs; KID is the ID of the right one", """jq '.keys[] | select(.kid == "KID")' {file} > {pem}"""
)
JWK_NOT_RSA = KeyKind("a JWK, but not an RSA key", advice="SNAP signs with RSA")
JWK_AND_SET = KeyKind("JSON that is a JWK and also a set of JWKs", advice="ask which of its keys is right")
JWK_WITHOUT_KTY = KeyKind("a JWK without kty", advice='ask for the complete JWK, or add "kty": "RSA" to it')
JWK_DIFFERS = KeyKind("a JWK whose certificate in x5c has another key", advice="ask which of the two is right")
BAD_NUMBERS = KeyKind("an RSA key with numbers that are not valid", advice="copy the whole key again")
OTHER_JSON = KeyKind("JSON without a key, or JSON with a mistake or a member twice")
XML_CERTIFICATE = KeyKind(
    "XML with a certificate in it",
    """xmllint --xpath 'string(//*[local-name()="X509Certificate"])' {file} > {pem}""",
)
DAMAGED_XML = KeyKind("XML with a mistake", advice="copy the whole file again")
OTHER_XML = KeyKind("XML other than RSAKeyValue")
QUOTED = _convertible("a key in quotes", """LC_ALL=C sed "s/[\\"'\\x80-\\xff]//g" {file} > {pem}""")
WRONG_DASHES = _convertible(
    "PEM whose BEGIN or END line is not written in capitals between five hyphens",
    r"sed -E 's,[^A-Z0-9+/=]*(BEGIN|END) ([A-Z ]*(KEY|CERTIFICATE))[^A-Z0-9+/=]*,\n-----\U\1 \2-----\n,gI'"
    " {file} > {pem}",
)
BEGIN_TWICE = KeyKind(
    "PEM with two BEGIN lines and no END line between them",
    advice="copy the key again, with one BEGIN line and one END line",
)
WITHOUT_BEGIN = KeyKind("PEM without its BEGIN line", advice="copy the whole key again")
MAIL_QUOTE = _convertible("PEM with > before its lines", "sed 's/^[> ]*//' {file} > {pem}")
QUOTED_PRINTABLE = _convertible("quoted-printable text of an e-mail", "python3 -m quopri -d {file} > {pem}")
URL_ENCODED = _convertible(
    "URL-encoded text",
    "python3 -c 'import sys, urllib.parse as u; print(u.unquote_plus(sys.stdin.read()))' < {file} > {pem}",
)
BASE64_TWICE = _convertible("base64 of base64", "base64 -di {file} > {pem}")
PEM_IN_PEM = _convertible("PEM in PEM, as certutil -encode writes it", "sed /-----/d {file} | base64 -di > {pem}")
SOURCE_CODE = _convertible("PEM in source code", r"""sed -E 's/^[^"]*"//; s/(\\n)?"[^"]*$//' {file} > {pem}""")
TAGS = _convertible("PEM with HTML tags in it", r"sed 's/<[^>]*>/\n/g' {file} > {pem}")
LINE_NUMBERS = _convertible("PEM with line numbers", "sed -E 's/^ *[0-9]+[:.]?[[:space:]]+//' {file} > {pem}")
INVISIBLE = _convertible("PEM with characters in it that are not ASCII", r"LC_ALL=C tr -d '\200-\377' < {file} > {pem}")
SHORTENED = KeyKind("a key that somebody shortened with dots", advice="copy the whole key again")
SETTING = _convertible("a line of settings", "sed 's/^[^=:]*[=:] *//' {file} > {pem}")
DATA_URL = _convertible("a data: URL", "sed 's/^data:[^,]*,//' {file} > {pem}")
SSH_IN_LINE = _convertible("a line of known_hosts or authorized_keys", "grep -o 'ssh-rsa AAAA[^ ]*' {file} > {pem}")
ANSIBLE_VAULT = _convertible("a file of Ansible Vault", "ansible-vault decrypt --output {pem} {file}")
SALTED = KeyKind(
    "a file that openssl enc encrypted", advice="decrypt it with openssl enc -d and the cipher of its sender"
)
JWT = KeyKind("a token (JWT)", advice=_ASK)
E_MAIL = KeyKind("an e-mail", advice="save its attachment, and use that file")
GIT_LFS = KeyKind("a pointer of Git LFS", advice="run: git lfs pull")
ERROR_MESSAGE = KeyKind("an error message", advice="download the key again")
PLACEHOLDER = KeyKind("a placeholder", advice="put the key itself here")
ZERO_BYTES = KeyKind("only zero bytes", advice="copy the file again")
OTHER_PEM = KeyKind("PEM of another kind than a key or a certificate", advice=_ASK)
NO_KEY_IN_PEM = KeyKind("PEM without a key in it", advice="copy the whole key again")
BASE64_URL = _convertible("base64url in place of base64", "tr -- -_ +/ < {file} > {pem}")
HEXADECIMAL = _convertible("a text of hexadecimal digits", "tr -dc 0-9A-Fa-f < {file} | xxd -r -p > {der}")
HEX_DUMP = _convertible("a hex dump of xxd", "xxd -r {file} > {der}")
HEXDUMP_C = _convertible("a hex dump of hexdump -C", "cut -c11-58 {file} | xxd -r -p > {der}")
OD_DUMP = _convertible("a hex dump of od -t x1", "cut -c9- {file} | xxd -r -p > {der}")
WORD_DUMP = KeyKind("a hex dump in words of two bytes", advice="write it again with xxd -p")
MODULUS = KeyKind("a number in hexadecimal, perhaps the modulus of a key without its exponent", advice=_ASK)
PRINTED = KeyKind("the numbers that openssl prints with -text or -modulus", advice="use the file that openssl read")
FINGERPRINT = KeyKind("a fingerprint, from which no key can be computed", advice=_ASK)
WEB_PAGE = KeyKind("a web page", advice="download the file itself, not the page that shows it")
URL = KeyKind("a URL, and the server downloads no keys", advice="run: curl -fo nicepay.pem URL, and use nicepay.pem")
SYMMETRIC_KEY = KeyKind("a symmetric key, which is a secret", advice=_ASK)
ZIP = KeyKind("a ZIP archive or an Office document", advice=_USE_INNER)
GZIP = _convertible("a gzip file", "gunzip < {file} > {pem}")
PDF = KeyKind("a PDF document", advice=_ASK)
PICTURE = KeyKind("a picture", advice=_ASK)
RICH_TEXT = KeyKind("a Rich Text document", advice="save it as plain text")
MANIFEST = KeyKind("a Kubernetes manifest", advice=_USE_INNER)
HOME_PATH = KeyKind("a path with ~, which only a shell replaces", advice="write the whole path")
VARIABLE = KeyKind("a variable of a shell, which the server does not replace", advice="write the path or the key")
FILE_NAME = KeyKind("the name of a file", advice="put the key itself here")
UTF_16_LE, UTF_16_BE, UTF_32_LE, UTF_32_BE = (
    _convertible(f"text in {name}", f"iconv -f {name.split()[0]} -t UTF-8 {{file}} > {{pem}}")
    for name in ("UTF-16LE without a byte-order mark", "UTF-16BE without a byte-order mark", "UTF-32LE", "UTF-32BE")
)
OTHER_BINARY = KeyKind("binary, but neither a key nor a certificate in DER")
OTHER_DER = KeyKind(
    "complete DER, but no valid key and no certificate", advice="see what it is with openssl asn1parse; ask for the key"
)
LOST_CHARACTERS = KeyKind("base64 in which characters are missing", advice="copy the whole key again")
FOREIGN_CHARACTER = KeyKind("PEM with a character that is not base64", advice="copy the whole key again")
OTHER_TEXT = KeyKind("no key in a known form")


def not_rsa(algorithm: str) -> KeyKind:
    """The kind of a key of this algorithm, such as `EC`."""
    return KeyKind("not an RSA key", advice=f"its algorithm is {algorithm}, and SNAP signs with RSA")
