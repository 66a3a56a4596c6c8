"""Files that are no key in a known form: real programs make them, and the command in each message converts them."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest

from handlers.snap.key_format_error import KeyFormatError
from handlers.snap.keys import load_public_key
from handlers.snap.private_keys import load_private_key
from tests.key_numbers import jwk
from tests.nicepay import Nicepay
from tests.programs import program

PASSWORD = "secret"
ASK = "ask NICEPAY for its RSA public key in PEM"
IN_PEM = "ask for the key in PEM"
INNER = "put the key that is in it into its own file, and use that file"
PUBLIC_HERE = "the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
JQ_KEY = """jq -r 'first(.. | strings | select(test("BEGIN |^MI")))' FILE > FILE.pem"""
JQ_JWK = "jq 'first(.. | objects | select(.kty))' FILE > FILE.pem"
DASHES = (
    r"sed -E 's,[^A-Z0-9+/=]*(BEGIN|END) ([A-Z ]*(KEY|CERTIFICATE))[^A-Z0-9+/=]*,\n-----\U\1 \2-----\n,gI'"
    " FILE > FILE.pem"
)
WRITE_JSON = "python3 -c 'import json, sys; json.dump({0}, sys.stdout)' < public.pem > FILE"


@dataclass(frozen=True)
class Made:
    """A file that a shell command makes of the files in `folder`, and the message about it."""

    make: str
    name: str
    command: str = ""
    advice: str = ""
    typed: str = ""

    @property
    def message(self) -> str:
        remedy = f"convert it, and use the new file: {self.command}" if self.command else self.advice
        return f"it is {self.name}; {remedy}" if remedy else f"it is {self.name}"


BINARY = {
    "PKCS #7, PEM": Made(
        "openssl crl2pkcs7 -nocrl -certfile certificate.pem > FILE",
        "a PKCS #7 file",
        "openssl pkcs7 -in FILE -print_certs -out FILE.pem",
    ),
    "PKCS #7, DER": Made(
        "openssl crl2pkcs7 -nocrl -certfile certificate.pem -outform DER > FILE",
        "a PKCS #7 file",
        "openssl pkcs7 -inform DER -in FILE -print_certs -out FILE.pem",
    ),
    "PKCS #7, base64": Made(
        "openssl crl2pkcs7 -nocrl -certfile certificate.pem -outform DER | base64 | sed 's/$/\\r/' > FILE",
        "a PKCS #7 file",
        "base64 -di FILE | openssl pkcs7 -inform DER -print_certs -out FILE.pem",
    ),
    "PKCS #12": Made(
        "openssl pkcs12 -export -inkey private.pem -in certificate.pem -passout pass:secret > FILE",
        "a PKCS #12 file (PFX), which may hold a private key",
        "openssl pkcs12 -in FILE -nokeys -clcerts -out FILE.pem",
        typed=f"{PASSWORD}\n",
    ),
    "Java keystore": Made(
        "openssl pkcs12 -export -inkey private.pem -in certificate.pem -passout pass:secret -name ALIAS > p12 && "
        "keytool -importkeystore -srckeystore p12 -srcstorepass secret -destkeystore FILE -deststoretype JKS"
        " -deststorepass secret -destkeypass secret",
        "a Java keystore, whose aliases keytool -list shows",
        "keytool -exportcert -rfc -alias ALIAS -keystore FILE -file FILE.pem",
        typed=f"{PASSWORD}\n",
    ),
    "TRUSTED CERTIFICATE": Made(
        "openssl x509 -in certificate.pem -trustout > FILE",
        "a TRUSTED CERTIFICATE of OpenSSL",
        "openssl x509 -in FILE -out FILE.pem",
    ),
    "certificate request, PEM": Made(
        "openssl req -new -key private.pem -subj /CN=NICEPAY > FILE",
        "a certificate request",
        "openssl req -in FILE -noout -pubkey -out FILE.pem",
    ),
    "certificate request, DER": Made(
        "openssl req -new -key private.pem -subj /CN=NICEPAY -outform DER > FILE",
        "a certificate request",
        "openssl req -inform DER -in FILE -noout -pubkey -out FILE.pem",
    ),
    "Microsoft's BLOB": Made(
        "openssl rsa -pubin -in public.pem -outform MSBLOB > FILE",
        "a public key BLOB of Microsoft's CryptoAPI",
        "openssl rsa -inform MSBLOB -in FILE -pubin -pubout -out FILE.pem",
    ),
    "Microsoft's BLOB in base64": Made(
        "openssl rsa -pubin -in public.pem -outform MSBLOB | base64 -w0 > FILE",
        "a public key BLOB of Microsoft's CryptoAPI",
        "base64 -di FILE | openssl rsa -inform MSBLOB -in /dev/stdin -pubin -pubout -out FILE.pem",
    ),
    "SSH2": Made(
        "ssh-keygen -i -m PKCS8 -f public.pem > ssh && ssh-keygen -e -m RFC4716 -f ssh > FILE",
        "an SSH2 public key (RFC 4716)",
        "ssh-keygen -i -f FILE > FILE.pem",
    ),
    "OpenSSH without its type": Made(
        "ssh-keygen -i -m PKCS8 -f public.pem | cut -d' ' -f2 > FILE",
        "an OpenSSH public key without its first word",
        "sed 's/^/ssh-rsa /' FILE > FILE.pem",
    ),
    "gzip": Made("gzip < public.pem > FILE", "a gzip file", "gunzip < FILE > FILE.pem"),
    "PuTTY": Made(
        "openssl rsa -in private.pem -traditional -out pkcs1 && chmod 600 pkcs1 && "
        "puttygen pkcs1 -O private --new-passphrase /dev/null -o FILE",
        "a PuTTY key (.ppk), which holds a private key",
        "puttygen FILE -O public-openssh -o FILE.pem",
    ),
}
TEXT = {
    "JSON": Made(WRITE_JSON.format('{"data": [{"publicKey": sys.stdin.read()}]}'), "JSON with a key in it", JQ_KEY),
    "JSON text": Made(WRITE_JSON.format("sys.stdin.read()"), "JSON with a key in it", JQ_KEY),
    "JWK in JSON": Made("jq '{jwk: .}' jwk.json > FILE", "JSON with a JWK in it", JQ_JWK),
    "set of JWKs": Made(
        'jq \'{keys: [{kty: "RSA"}, . + {kid: "KID"}]}\' jwk.json > FILE',
        "a set of several JWKs; KID is the ID of the right one",
        """jq '.keys[] | select(.kid == "KID")' FILE > FILE.pem""",
    ),
    "XML with a certificate": Made(
        "(echo '<a xmlns:ds=\"d\"><ds:X509Certificate>'; openssl x509 -in certificate.pem -outform DER | base64;"
        " echo '</ds:X509Certificate></a>') > FILE",
        "XML with a certificate in it",
        """xmllint --xpath 'string(//*[local-name()="X509Certificate"])' FILE > FILE.pem""",
    ),
    "PGP message": Made(
        "gpg --batch --quiet --passphrase '' --quick-gen-key me && gpg --batch --clear-sign --output FILE public.pem",
        "a PGP message",
        "gpg --output FILE.pem --decrypt FILE",
    ),
    "in quotes": Made(
        "(printf \\'; openssl rsa -pubin -in public.pem -outform DER | base64 -w0; printf \\') > FILE",
        "a key in quotes",
        r"""LC_ALL=C sed "s/[\"'\x80-\xff]//g" FILE > FILE.pem""",
    ),
    "in curly quotes": Made(
        "(printf '\\342\\200\\234'; openssl rsa -pubin -in public.pem -outform DER | base64 -w0;"
        " printf '\\342\\200\\235') > FILE",
        "a key in quotes",
        r"""LC_ALL=C sed "s/[\"'\x80-\xff]//g" FILE > FILE.pem""",
    ),
    "URL-encoded": Made(
        "python3 -c 'import sys, urllib.parse as u; print(u.quote_plus(sys.stdin.read()))' < public.pem > FILE",
        "URL-encoded text",
        "python3 -c 'import sys, urllib.parse as u; print(u.unquote_plus(sys.stdin.read()))' < FILE > FILE.pem",
    ),
    "base64url": Made(
        "openssl rsa -pubin -in public.pem -outform DER | base64 -w0 | tr +/ -_ > FILE",
        "base64url in place of base64",
        "tr -- -_ +/ < FILE > FILE.pem",
    ),
    "quoted-printable": Made(
        "openssl rsa -pubin -in public.pem | sed 's/=/=3D/; 3s/$/=/; 4s/^/\\n/' > FILE",
        "quoted-printable text of an e-mail",
        "python3 -m quopri -d FILE > FILE.pem",
    ),
    "quoted in an e-mail": Made(
        "sed 's/^/> /' public.pem > FILE", "PEM with > before its lines", "sed 's/^[> ]*//' FILE > FILE.pem"
    ),
    **{
        f"hexadecimal, {name}": Made(
            f"openssl rsa -pubin -in public.pem -outform DER | {make} > FILE",
            "a text of hexadecimal digits",
            "tr -dc 0-9A-Fa-f < FILE | xxd -r -p > FILE.der",
        )
        for name, make in {"lines": "xxd -p", "colons": "xxd -p | tr -d '\\n' | sed 's/../&:/g'"}.items()
    },
    **{
        f"hex dump of {name}": Made(f"{make} > FILE", "a hex dump of xxd", "xxd -r FILE > FILE.der")
        for name, make in {
            "PEM": "xxd public.pem",
            "DER": "openssl rsa -pubin -in public.pem -outform DER | xxd",
        }.items()
    },
    "hex dump of hexdump": Made(
        "openssl rsa -pubin -in public.pem -outform DER | hexdump -C > FILE",
        "a hex dump of hexdump -C",
        "cut -c11-58 FILE | xxd -r -p > FILE.der",
    ),
    "hex dump of od": Made(
        "openssl rsa -pubin -in public.pem -outform DER | od -t x1 > FILE",
        "a hex dump of od -t x1",
        "cut -c9- FILE | xxd -r -p > FILE.der",
    ),
    "base64 twice": Made(
        "openssl rsa -pubin -in public.pem -outform DER | base64 -w0 | base64 > FILE",
        "base64 of base64",
        "base64 -di FILE > FILE.pem",
    ),
    "PEM in PEM": Made(
        "(echo -----BEGIN CERTIFICATE-----; base64 public.pem; echo -----END CERTIFICATE-----) > FILE",
        "PEM in PEM, as certutil -encode writes it",
        "sed /-----/d FILE | base64 -di > FILE.pem",
    ),
    "source code": Made(
        r"""sed 's/.*/    "&\\n" +/' public.pem > FILE""",
        "PEM in source code",
        r"""sed -E 's/^[^"]*"//; s/(\\n)?"[^"]*$//' FILE > FILE.pem""",
    ),
    "HTML tags": Made(
        "(printf '<p>'; sed 's/$/<br>/' public.pem | tr -d '\\n'; printf '</p>') > FILE",
        "PEM with HTML tags in it",
        r"sed 's/<[^>]*>/\n/g' FILE > FILE.pem",
    ),
    **{
        f"line numbers of {name}": Made(
            f"{make} > FILE", "PEM with line numbers", "sed -E 's/^ *[0-9]+[:.]?[[:space:]]+//' FILE > FILE.pem"
        )
        for name, make in {"cat": "cat -n public.pem", "grep": "grep -n '' public.pem | sed 's/:/: /'"}.items()
    },
    "invisible characters": Made(
        "sed 's/MII/\\xe2\\x80\\x8b&/' public.pem > FILE",
        "PEM with characters in it that are not ASCII",
        r"LC_ALL=C tr -d '\200-\377' < FILE > FILE.pem",
    ),
    **{
        f"a line of settings, {name}": Made(
            f"(printf '{name}'; openssl rsa -pubin -in public.pem -outform DER | base64 -w0) > FILE",
            "a line of settings",
            "sed 's/^[^=:]*[=:] *//' FILE > FILE.pem",
        )
        for name in ("KEY=", "nicepay.key: ")
    },
    **{
        f"{name} that says PRIVATE KEY": Made(
            make,
            "a public key or a certificate, but its BEGIN line says PRIVATE KEY",
            r"sed -E 's/(BEGIN|END) ([A-Z]+ )?PRIVATE/\1 PUBLIC/g' FILE > FILE.pem",
        )
        for name, make in {
            "a public key": "sed 's/PUBLIC/PRIVATE/' public.pem > FILE",
            "a public key on one line": "sed 's/PUBLIC/ENCRYPTED PRIVATE/' public.pem | tr '\\n' ' ' > FILE",
            "a certificate": "sed 's/CERTIFICATE/RSA PRIVATE KEY/' certificate.pem > FILE",
        }.items()
    },
    "a data: URL": Made(
        "(printf data:application/x-pem-file\\;base64,; base64 -w0 public.pem) > FILE",
        "a data: URL",
        "sed 's/^data:[^,]*,//' FILE > FILE.pem",
    ),
    "known_hosts": Made(
        "(printf 'nicepay.example '; ssh-keygen -i -m PKCS8 -f public.pem) > FILE",
        "a line of known_hosts or authorized_keys",
        "grep -o 'ssh-rsa AAAA[^ ]*' FILE > FILE.pem",
    ),
    **{
        f"{encoding} without a mark": Made(
            f"iconv -t {encoding} public.pem > FILE",
            f"text in {encoding} without a byte-order mark",
            f"iconv -f {encoding} -t UTF-8 FILE > FILE.pem",
        )
        for encoding in ("UTF-16LE", "UTF-16BE")
    },
    **{
        f"{encoding}": Made(
            f"iconv -t {encoding} public.pem > FILE",
            f"text in {encoding}",
            f"iconv -f {encoding} -t UTF-8 FILE > FILE.pem",
        )
        for encoding in ("UTF-32LE", "UTF-32BE")
    },
    **{
        f"armour: {name}": Made(
            f"sed {script!r} public.pem > FILE",
            "PEM whose BEGIN or END line is not written in capitals between five hyphens",
            DASHES,
        )
        for name, script in {
            "four hyphens": "s/-----/----/g",
            "four hyphens at the end": "s/-----$/----/",
            "four hyphens before END": "s/-----END/----END/",
            "en-dashes": "s/-/–/g",  # noqa: RUF001  the mistake itself
            "one em-dash": "s/-----/—/g",
            "a blank": "s/-----/- - - - -/g",
            "small letters": "s/BEGIN PUBLIC KEY/begin public key/; s/END PUBLIC KEY/end public key/",
            "no hyphens": "s/-----//g",
            "four hyphens on one line": ":a; N; $!ba; s/\\n//g; s/-----/----/g",
        }.items()
    },
}
HOPELESS = {
    **{
        name: Made(
            make,
            "PEM with two BEGIN lines and no END line between them",
            advice="copy the key again, with one BEGIN line and one END line",
        )
        for name, make in {
            "a BEGIN line twice": "(head -n1 public.pem; cat public.pem) > FILE",
            "BEGIN lines of two labels": "(head -n1 certificate.pem; cat public.pem) > FILE",
            "a whole key after a part of one": "(head -n3 public.pem; cat public.pem) > FILE",
            "BEGIN in place of END": "sed 's/-----END/-----BEGIN/' public.pem > FILE",
        }.items()
    },
    **{
        name: Made(make, "PEM without its BEGIN line", advice="copy the whole key again")
        for name, make in {
            "no BEGIN line": "sed 1d public.pem > FILE",
            "END in place of BEGIN": "sed 's/-----BEGIN/-----END/' public.pem > FILE",
        }.items()
    },
    **{
        f"a JWK with keys that are {keys}": Made(
            f"jq '. + {{keys: {keys}}}' jwk.json > FILE",
            "JSON that is a JWK and also a set of JWKs",
            advice="ask which of its keys is right",
        )
        for keys in ("[.]", "[]", "null")
    },
    **{
        f"{name} without kty": Made(
            f"jq {script!r} jwk.json > FILE",
            "a JWK without kty",
            advice='ask for the complete JWK, or add "kty": "RSA" to it',
        )
        for name, script in {"a JWK": "del(.kty)", "a JWK of a set": "{keys: [del(.kty)]}"}.items()
    },
    "revoked certificates": Made(
        "touch index && printf '[ca]\\ndefault_ca=a\\n[a]\\ndatabase=index\\ndefault_md=sha256\\n' > ca && "
        "openssl ca -gencrl -config ca -keyfile private.pem -cert certificate.pem -crldays 1 > FILE",
        "a list of revoked certificates",
        advice=ASK,
    ),
    "parameters": Made("openssl ecparam -name prime256v1 > FILE", "a file of parameters without a key", advice=ASK),
    "an elliptic key": Made(
        "openssl ecparam -name prime256v1 -genkey | openssl ec -pubout > FILE",
        "not an RSA key",
        advice="its algorithm is EC, and SNAP signs with RSA",
    ),
    "Ed25519 in DER": Made(
        "openssl genpkey -algorithm ed25519 | openssl pkey -pubout -outform DER > FILE",
        "not an RSA key",
        advice="its algorithm is Ed25519, and SNAP signs with RSA",
    ),
    "Ed25519 of OpenSSH": Made(
        "ssh-keygen -q -t ed25519 -N '' -f ssh && cp ssh.pub FILE",
        "an OpenSSH key, but not an RSA key; SNAP signs with RSA",
        advice=ASK,
    ),
    "an OpenSSH certificate": Made(
        "ssh-keygen -q -t rsa -N '' -f ssh && ssh-keygen -q -s ssh -I me ssh.pub && cp ssh-cert.pub FILE",
        "an OpenSSH certificate",
        advice=ASK,
    ),
    "a private BLOB": Made(
        "openssl rsa -in private.pem -outform MSBLOB > FILE",
        "a private key BLOB of Microsoft's CryptoAPI",
        advice=PUBLIC_HERE,
    ),
    "a fingerprint of openssl": Made(
        "openssl x509 -in certificate.pem -noout -fingerprint -sha256 > FILE",
        "a fingerprint, from which no key can be computed",
        advice=ASK,
    ),
    "a fingerprint of OpenSSH": Made(
        "ssh-keygen -i -m PKCS8 -f public.pem > ssh && ssh-keygen -lf ssh > FILE",
        "a fingerprint, from which no key can be computed",
        advice=ASK,
    ),
    "a fingerprint in hexadecimal": Made(
        "openssl rsa -pubin -in public.pem -outform DER | sha256sum | cut -c1-64 > FILE",
        "a fingerprint, from which no key can be computed",
        advice=ASK,
    ),
    **{
        f"printed by openssl {option}": Made(
            f"openssl rsa -pubin -in public.pem -noout {option} > FILE",
            "the numbers that openssl prints with -text or -modulus",
            advice="use the file that openssl read",
        )
        for option in ("-text", "-modulus")
    },
    "a web page": Made(
        "printf '\\n<!-- a --><!DOCTYPE html><html><body>Sign in</body></html>' > FILE",
        "a web page",
        advice="download the file itself, not the page that shows it",
    ),
    "a ZIP archive": Made(
        'python3 -c \'import zipfile; zipfile.ZipFile("FILE", "w").write("public.pem")\'',
        "a ZIP archive or an Office document",
        advice=INNER,
    ),
    "a PDF document": Made("printf '%%PDF-1.7\\n' > FILE", "a PDF document", advice=ASK),
    "a picture": Made("printf '\\211PNG\\r\\n\\032\\n\\0' > FILE", "a picture", advice=ASK),
    "a Rich Text document": Made(
        "(printf '{\\\\rtf1 '; cat public.pem; printf '}') > FILE",
        "a Rich Text document",
        advice="save it as plain text",
    ),
    "a Java object": Made(
        "printf '\\254\\355\\0\\005sr' > FILE",
        "a serialised Java object",
        advice="write the bytes of key.getEncoded() in place of the object",
    ),
    "a manifest": Made("printf 'apiVersion: v1\\nkind: Secret\\n' > FILE", "a Kubernetes manifest", advice=INNER),
    "the name of a file": Made(
        "echo /etc/keys/nicepay.pem > FILE", "the name of a file", advice="put the key itself here"
    ),
    "a URL": Made(
        "echo https://nicepay.example/key.pem > FILE",
        "a URL, and the server downloads no keys",
        advice="run: curl -fo nicepay.pem URL, and use nicepay.pem",
    ),
    "other XML": Made("echo '<key/>' > FILE", "XML other than RSAKeyValue", advice=IN_PEM),
    "XML with a document type": Made(
        "echo '<!DOCTYPE a [<!ENTITY b \"c\">]><RSAKeyValue/>' > FILE", "XML other than RSAKeyValue", advice=IN_PEM
    ),
    "damaged XML": Made(
        "echo '<RSAKeyValue><Modulus>' > FILE", "XML with a mistake", advice="copy the whole file again"
    ),
    "JSON with two keys": Made(
        WRITE_JSON.format('[sys.stdin.read(), "MII"]'),
        "JSON with several keys in it",
        advice="put the right key into its own file",
    ),
    "JSON without a key": Made(
        'echo \'{"error": "not found"}\' > FILE',
        "JSON without a key, or JSON with a mistake or a member twice",
        advice=IN_PEM,
    ),
    "a member twice": Made(
        'echo \'{"kty": "RSA", "n": "AQAB", "n": "AQAB", "e": "AQAB"}\' > FILE',
        "JSON without a key, or JSON with a mistake or a member twice",
        advice=IN_PEM,
    ),
    "a symmetric JWK": Made(
        'echo \'{"kty": "oct", "k": "AQAB"}\' > FILE', "a symmetric key, which is a secret", advice=ASK
    ),
    "an elliptic JWK": Made('echo \'{"kty": "EC"}\' > FILE', "a JWK, but not an RSA key", advice="SNAP signs with RSA"),
    "a JWK without a modulus": Made(
        'echo \'{"kty": "RSA", "e": "AQAB"}\' > FILE',
        "a JWK whose n is missing or not that of an RSA key for signatures",
    ),
    "a number that is too long": Made(
        'echo \'{"kty": "RSA", "e": "AQAB", "n": "\'$(head -c 1033 /dev/zero | base64 -w0)\'"}\' > FILE',
        "a JWK whose n is missing or not that of an RSA key for signatures",
    ),
    "a PGP key": Made(
        "gpg --batch --quiet --passphrase '' --quick-gen-key me && gpg --armor --export me > FILE",
        "a PGP key, and SNAP signs with plain RSA keys",
        advice=ASK,
    ),
    "a binary PGP key": Made(
        "gpg --batch --quiet --passphrase '' --quick-gen-key me rsa2048 && gpg --export me > FILE",
        "a PGP key, and SNAP signs with plain RSA keys",
        advice=ASK,
    ),
    "a binary PGP message": Made(
        "gpg --batch --quiet --passphrase '' --quick-gen-key me rsa2048 encr &&"
        " gpg --batch --trust-model always -r me --output FILE --encrypt public.pem",
        "a PGP message",
        "gpg --output FILE.pem --decrypt FILE",
    ),
    "several private JWKs": Made(
        "jq '{keys: [., .]}' jwk.json > FILE",
        "a set of several JWKs; KID is the ID of the right one",
        """jq '.keys[] | select(.kid == "KID")' FILE > FILE.pem""",
    ),
    "a private key of Microsoft": Made(
        "printf '\\036\\361\\265\\260' > FILE", "a private key of Microsoft (.pvk)", advice=PUBLIC_HERE
    ),
    "openssl enc": Made(
        "openssl enc -aes-256-cbc -pbkdf2 -pass pass:secret -in public.pem -out FILE",
        "a file that openssl enc encrypted",
        advice="decrypt it with openssl enc -d and the cipher of its sender",
    ),
    "zero bytes": Made("head -c 99 /dev/zero > FILE", "only zero bytes", advice="copy the file again"),
    "Ansible Vault": Made(
        "echo '$ANSIBLE_VAULT;1.1;AES256' > FILE",
        "a file of Ansible Vault",
        "ansible-vault decrypt --output FILE.pem FILE",
    ),
    "Git LFS": Made(
        "echo 'version https://git-lfs.github.com/spec/v1' > FILE", "a pointer of Git LFS", advice="run: git lfs pull"
    ),
    "a JWT": Made("echo eyJhbGciOiJSUzI1NiJ9.e30.AAAA > FILE", "a token (JWT)", advice=ASK),
    "an e-mail": Made(
        "printf 'From: a\\nSubject: b\\n' > FILE", "an e-mail", advice="save its attachment, and use that file"
    ),
    "a modulus": Made(
        "openssl rsa -pubin -in public.pem -noout -modulus | cut -d= -f2 > FILE",
        "a number in hexadecimal, perhaps the modulus of a key without its exponent",
        advice=ASK,
    ),
    "hexdump in words": Made(
        "hexdump public.pem > FILE", "a hex dump in words of two bytes", advice="write it again with xxd -p"
    ),
    "an error message": Made("echo '404 Not Found' > FILE", "an error message", advice="download the key again"),
    **{
        f"placeholder {text}": Made(f"echo '{text}' > FILE", "a placeholder", advice="put the key itself here")
        for text in ("YOUR_PUBLIC_KEY".replace("_", " "), "<public key>")
    },
    "a placeholder in PEM": Made(
        "sed '2,$!b; $!d' public.pem | sed 's/^-----END/YOUR KEY\\n&/' > FILE",
        "a placeholder",
        advice="put the key itself here",
    ),
    "shortened PEM": Made(
        "sed '3s/.*/.../' public.pem > FILE",
        "a key that somebody shortened with dots",
        advice="copy the whole key again",
    ),
    "PEM without a key": Made(
        "sed 's/MII/AAA/' public.pem > FILE", "PEM without a key in it", advice="copy the whole key again"
    ),
    "other PEM": Made(
        "sed 's/PUBLIC KEY/MESSAGE/' public.pem > FILE",
        "PEM of another kind than a key or a certificate",
        advice=ASK,
    ),
    "other binary": Made(
        "printf '\\001\\377' > FILE", "binary, but neither a key nor a certificate in DER", advice=IN_PEM
    ),
}
PRIVATE = {
    "PKCS #12": Made(
        BINARY["PKCS #12"].make,
        BINARY["PKCS #12"].name,
        "(umask 077; openssl pkcs12 -in FILE -nocerts -out FILE.pem)",
        typed="secret\nsecret\nsecret\n",
    ),
    "PuTTY": Made(
        BINARY["PuTTY"].make,
        BINARY["PuTTY"].name,
        "(umask 077; puttygen FILE -O private-openssh -o FILE.pem)",
    ),
    "Java keystore": Made(
        BINARY["Java keystore"].make,
        BINARY["Java keystore"].name,
        "(umask 077; keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12"
        " && openssl pkcs12 -in FILE.p12 -nocerts -out FILE.pem)",
    ),
    "Microsoft's BLOB": Made(
        "openssl rsa -in private.pem -outform MSBLOB > FILE",
        "a private key BLOB of Microsoft's CryptoAPI",
        "(umask 077; openssl rsa -inform MSBLOB -in FILE -out FILE.pem)",
    ),
    "encrypted OpenSSH": Made(
        "cp private.pem FILE && chmod 600 FILE && ssh-keygen -q -p -N secret -f FILE",
        "an encrypted OpenSSH private key",
        "(umask 077; cp -p FILE FILE.pem && ssh-keygen -p -m PEM -f FILE.pem)",
    ),
    "encrypted PKCS #8": Made(
        "openssl pkcs8 -topk8 -in private.pem -passout pass:secret > FILE",
        "encrypted",
        "(umask 077; openssl pkey -in FILE -out FILE.pem)",
        typed="secret\n",
    ),
    "encrypted PKCS #8, DER": Made(
        "openssl pkcs8 -topk8 -in private.pem -passout pass:secret -outform DER > FILE",
        "encrypted",
        "(umask 077; openssl pkey -inform DER -in FILE -out FILE.pem)",
        typed="secret\n",
    ),
    "private key in JSON": Made(
        WRITE_JSON.format('{"private_key": sys.stdin.read()}').replace("public.pem", "private.pem"),
        "JSON with a key in it",
        f"(umask 077; {JQ_KEY})",
    ),
    "PKCS #7": Made(BINARY["PKCS #7, PEM"].make, "a PKCS #7 file", advice="give the private key in PEM"),
    "other DER": Made(
        "openssl req -new -key private.pem -subj /CN=NICEPAY -outform DER > FILE",
        "a certificate request",
        advice="give the private key in PEM",
    ),
}
PROGRAMS = ("openssl", "ssh-keygen", "keytool", "gpg", "puttygen", "jq", "xxd", "xmllint", "iconv", "hexdump")
CONVERTIBLE = BINARY | TEXT
NO_RUN = {"Java keystore", "encrypted OpenSSH"}
"""They ask for several passwords, on a terminal."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Path:
    """The keys of NICEPAY, its certificate, and its JWK."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "private.pem").write_text(nicepay.private_pem)
    (folder / "public.pem").write_text(nicepay.public_pem)
    (folder / "jwk.json").write_text(json.dumps(jwk(nicepay.private_key.public_key())))
    _shell(folder, "openssl req -new -x509 -key private.pem -subj /CN=NICEPAY -out certificate.pem")
    return folder


@pytest.fixture
def folder(tmp_path: Path, files: Path) -> Iterator[Path]:
    """A folder with a copy of these files, and an empty keyring."""
    copytree(files, tmp_path, dirs_exist_ok=True)
    (tmp_path / "gpg").mkdir(mode=0o700)
    yield tmp_path
    if list((tmp_path / "gpg").iterdir()):
        _shell(tmp_path, "gpgconf --kill all")


def _shell(folder: Path, script: str, typed: str = "") -> None:
    """Run the script in the folder. It has no terminal, so programs read passwords from standard input."""
    for name in PROGRAMS:
        if name in script:
            program(name)
    env = os.environ | {"GNUPGHOME": str(folder / "gpg")}
    command = [program("bash"), "-c", script]
    subprocess.run(
        command, cwd=folder, env=env, input=typed.encode(), capture_output=True, start_new_session=True, check=True
    )


@pytest.mark.parametrize("made", (CONVERTIBLE | HOPELESS).values(), ids=CONVERTIBLE | HOPELESS)
def test_a_file_that_is_no_public_key_is_named(folder: Path, made: Made) -> None:
    """The message names the kind of the file, and the command that converts it, or what else to do."""
    _shell(folder, made.make)
    with pytest.raises(KeyFormatError) as refusal:
        load_public_key((folder / "FILE").read_bytes())
    assert str(refusal.value) == made.message


@pytest.mark.parametrize("made", CONVERTIBLE.values(), ids=CONVERTIBLE)
def test_the_command_makes_a_public_key(folder: Path, nicepay: Nicepay, made: Made) -> None:
    """The command in the message writes a new file. It is the public key."""
    _shell(folder, made.make)
    _shell(folder, made.command, made.typed)
    (new,) = [*folder.glob("FILE.pem"), *folder.glob("FILE.der")]
    assert load_public_key(new.read_bytes()) == nicepay.private_key.public_key()


@pytest.mark.parametrize("made", PRIVATE.values(), ids=PRIVATE)
def test_a_file_that_is_no_private_key_is_named(folder: Path, made: Made) -> None:
    """Where a private key belongs, the command makes a private key, which only its owner can read."""
    _shell(folder, made.make)
    with pytest.raises(KeyFormatError) as refusal:
        load_private_key((folder / "FILE").read_bytes())
    assert str(refusal.value) == made.message


@pytest.mark.parametrize("name", [name for name, made in PRIVATE.items() if made.command and name not in NO_RUN])
def test_the_command_makes_a_private_key(folder: Path, nicepay: Nicepay, name: str) -> None:
    """The command in the message writes a new file. It is the private key, and only its owner can read it."""
    made = PRIVATE[name]
    _shell(folder, made.make)
    _shell(folder, made.command, made.typed)
    new = folder / "FILE.pem"
    assert new.stat().st_mode & 0o077 == 0
    assert load_private_key(new.read_bytes(), b"secret").private_numbers() == nicepay.private_key.private_numbers()


def test_a_command_names_the_file(folder: Path) -> None:
    """The command has the path of the file, quoted for the shell."""
    _shell(folder, BINARY["gzip"].make)
    with pytest.raises(KeyFormatError) as refusal:
        load_public_key((folder / "FILE").read_bytes())
    assert refusal.value.for_file("a b.gz").endswith(": gunzip < 'a b.gz' > 'a b.gz.pem'")


@pytest.mark.parametrize("private_key", [False, True])
def test_a_text_of_comments_takes_linear_time(*, private_key: bool) -> None:
    """Comments before a web page are read once, so this test ends."""
    with pytest.raises(KeyFormatError, match="XML"):
        (load_private_key if private_key else load_public_key)("<!---->" * 100_000)
