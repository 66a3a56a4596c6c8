"""Recognise the kind of a file that is not a key in a known form."""

import re
from contextlib import suppress

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import load_der_x509_crl, load_der_x509_csr

from handlers.snap import key_kinds as kinds
from handlers.snap.key_format_error import KeyKind

UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""The errors of `cryptography` for bytes that it cannot read."""

SEQUENCE = b"\x30"
"""The first byte of every key and certificate in DER."""

_LABELS = {
    "PKCS7": kinds.PKCS7,
    "PKCS #7 SIGNED DATA": kinds.PKCS7,
    "CMS": kinds.PKCS7,
    "TRUSTED CERTIFICATE": kinds.TRUSTED_CERTIFICATE,
    "CERTIFICATE REQUEST": kinds.CERTIFICATE_REQUEST,
    "NEW CERTIFICATE REQUEST": kinds.CERTIFICATE_REQUEST,
    "X509 CRL": kinds.REVOCATION_LIST,
    "EC PARAMETERS": kinds.PARAMETERS,
    "DH PARAMETERS": kinds.PARAMETERS,
    "DSA PARAMETERS": kinds.PARAMETERS,
}

# The first bytes of files. PKCS #7 (RFC 2315) and PKCS #12 (RFC 7292) begin with a sequence of DER.
_BINARY = {
    rb"\x30.{1,4}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07": kinds.PKCS7,
    rb"\x30.{1,4}\x02\x01\x03\x30": kinds.PKCS12,
    rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce": kinds.KEYSTORE,
    rb"\x06\x02\0\0.{4}RSA1": kinds.BLOB,
    rb"\x07\x02\0\0.{4}RSA2": kinds.PRIVATE_BLOB,
    rb"\x1e\xf1\xb5\xb0": kinds.PVK,
    rb"Salted__": kinds.SALTED,
    rb"\0+\Z": kinds.ZERO_BYTES,
    rb"\xac\xed\0\x05": kinds.JAVA_OBJECT,
    rb"\0\0\0\x07ssh-rsa": kinds.SSH_WITHOUT_TYPE,
    rb"\x99[\0-\x0f]|\xc6[\xc0-\xff]": kinds.PGP_KEY,
    rb"\x85[\0-\x0f]|\xc1[\xc0-\xff]": kinds.PGP_MESSAGE,
    rb"PK\x03\x04": kinds.ZIP,
    rb"\x1f\x8b": kinds.GZIP,
    rb"%PDF-": kinds.PDF,
    rb"\x89PNG|\xff\xd8\xff|GIF8": kinds.PICTURE,
    rb"(\xff\xfe\0\0)?([\t-~]\0{3}){8}": kinds.UTF_32_LE,
    rb"(\0\0\xfe\xff)?(\0{3}[\t-~]){8}": kinds.UTF_32_BE,
    rb"([\t-~]\0){8}": kinds.UTF_16_LE,
    rb"(\0[\t-~]){8}": kinds.UTF_16_BE,
}

_TEXTS = {
    r"BEGIN PGP (SIGNED )?MESSAGE": kinds.PGP_MESSAGE,
    r"BEGIN PGP": kinds.PGP_KEY,
    r"\A\{\\rtf": kinds.RICH_TEXT,
    r"\A%PDF-": kinds.PDF,
    r"\A(\s|<!--(?:(?!-->).)*-->)*<(!doctype html|html|head|body|meta|div)\b": kinds.WEB_PAGE,
    r"\A<.*X509Certificate\b": kinds.XML_CERTIFICATE,
    r"\A<[\w -]+>\Z|\A\W*(YOUR|PASTE|INSERT|CHANGE)\b[^\n]{0,80}\Z": kinds.PLACEHOLDER,
    r"\A<": kinds.OTHER_XML,
    r"\A[{\[]": kinds.OTHER_JSON,
    r"\A(---\s+)?apiVersion:": kinds.MANIFEST,
    r"\APuTTY-User-Key-File-": kinds.PUTTY,
    r"---- BEGIN SSH2 PUBLIC KEY": kinds.SSH2,
    r"\A\S+-cert-v01@openssh\.com AAAA": kinds.SSH_CERTIFICATE,
    r"\A(ssh-dss|ssh-ed25519|ecdsa-sha2-\S+|sk-\S+) AAAA": kinds.SSH_NOT_RSA,
    r"\AAAAAB3NzaC1yc2E": kinds.SSH_WITHOUT_TYPE,
    r"BEGIN(%20|\+)": kinds.URL_ENCODED,
    r"""\A["'\u2018-\u201f].*["'\u2018-\u201f][,;]?\Z""": kinds.QUOTED,
    r"\A(?:(?!BEGIN ).)*-----END [A-Z ]*(KEY|CERTIFICATE)-----": kinds.WITHOUT_BEGIN,
    r"(BEGIN|END) ((RSA|EC|DSA|ENCRYPTED|OPENSSH) )?(PUBLIC KEY|PRIVATE KEY|CERTIFICATE)": kinds.WRONG_DASHES,
    r"^Modulus ?[:=(]|^(RSA )?(Public|Private)-Key: ?\(": kinds.PRINTED,
    r"\A(\d+ )?(SHA-?\d+|MD5)( fingerprint)?\s*[:=]": kinds.FINGERPRINT,
    r"\A([0-9a-f]{2}[: ]?){16,64}\Z": kinds.FINGERPRINT,
    r"\A(0x)?(30|2d)[:,\s]*((0x)?[0-9a-f]{2}[:,\s]*){64,}\Z": kinds.HEXADECIMAL,
    r"\A(0x)?([0-9a-f]{2}[:,\s]*){65,}\Z": kinds.MODULUS,
    r"\A[0-9a-f]{8}: ([0-9a-f]{2,4} ){4}": kinds.HEX_DUMP,
    r"\A[0-9a-f]{8}  ([0-9a-f]{2} ){8}": kinds.HEXDUMP_C,
    r"\A[0-7]{7} ([0-9a-f]{2} ){8}": kinds.OD_DUMP,
    r"\A[0-9a-f]{7,8} ([0-9a-f]{4} ){4}": kinds.WORD_DUMP,
    r"\A\$ANSIBLE_VAULT;": kinds.ANSIBLE_VAULT,
    r"\A~[\w.-]*/": kinds.HOME_PATH,
    r"\A\$[({A-Z]": kinds.VARIABLE,
    r"\AMI[\w+/]{2,}(\.\.|\u2026)[.\w+/=]*\Z": kinds.SHORTENED,
    r"\Adata:[\w/;=.+-]*,": kinds.DATA_URL,
    r"\Aversion https://git-lfs": kinds.GIT_LFS,
    r"\A(Bearer )?eyJ[\w-]{8,}\.[\w-]+": kinds.JWT,
    r"\A(From|To|Subject|Date|Received|Return-Path|MIME-Version|Content-Type|Delivered-To): ": kinds.E_MAIL,
    r"[ \t]ssh-rsa AAAA": kinds.SSH_IN_LINE,
    r"\A(export )?[\w.-]{1,60} ?[=:] ?[\w+/=]{100,}\Z": kinds.SETTING,
    r"\A(https?|ftp|file)://\S+\Z": kinds.URL,
    r"\A(?=[^-_]*[-_])[\w\n-]{100,}={0,2}\Z": kinds.BASE64_URL,
    r"\A[^\n]{0,100}\b(error|not found|denied|forbidden|unauthorized)\b": kinds.ERROR_MESSAGE,
}
# What is between BEGIN and END, if it is no base64 of a key.
_BODIES = {
    r"^ ?>": kinds.MAIL_QUOTE,
    r"=(\n.|3D)": kinds.QUOTED_PRINTABLE,
    r"<\w+ ?/?>": kinds.TAGS,
    r"\"": kinds.SOURCE_CODE,
    r"\.\.|\u2026": kinds.SHORTENED,
    r"[^\0-\x7f]": kinds.INVISIBLE,
    r"^ *\d+[:.]?\s+\S{60}": kinds.LINE_NUMBERS,
    r"\A\W*(YOUR|PASTE|INSERT)\b": kinds.PLACEHOLDER,
    r"[^A-Za-z0-9+/=\s]": kinds.FOREIGN_CHARACTER,
}
_FLAGS = re.ASCII | re.IGNORECASE | re.MULTILINE | re.DOTALL
_TEXT_PATTERNS = [(re.compile(pattern, _FLAGS), kind) for pattern, kind in _TEXTS.items()]
_BODY_PATTERNS = [(re.compile(pattern, _FLAGS), kind) for pattern, kind in _BODIES.items()]
_FILE_NAME = re.compile(r"[\w./~:\\ -]{1,200}\.(pem|cer|crt|der|key|pub|txt)", re.ASCII)
_LONGEST = 16_384
"""Characters of the text that decide its kind."""


def kind_of_label(label: str) -> KeyKind | None:
    """Return the kind of a PEM block with this label. None if it can be a key."""
    return _LABELS.get(label) or (None if label.endswith(("KEY", "CERTIFICATE")) else kinds.OTHER_PEM)


def kind_of_body(body: str) -> KeyKind | None:
    """Return why the text between BEGIN and END is no key in base64. None if it is base64."""
    return next((kind for pattern, kind in _BODY_PATTERNS if pattern.search(body[:_LONGEST])), None)


def kind_of_text(text: str) -> KeyKind | None:
    """Return the kind of a text that is neither PEM nor a key in another known form. None if it is unknown."""
    return next((kind for pattern, kind in _TEXT_PATTERNS if pattern.search(text[:_LONGEST])), None)


def kind_if_no_path(text: str) -> KeyKind | None:
    """Return the kind of a text that stands where a path may stand. None if it may be a path."""
    kind = kind_of_text(text) if text else kinds.EMPTY
    return None if kind in {kinds.ERROR_MESSAGE, kinds.PLACEHOLDER} else kind


def kind_of_file_text(text: str) -> KeyKind:
    """Return the kind of the text in a file. It may also be the name of another file, or anything."""
    return kind_of_text(text) or (kinds.FILE_NAME if _FILE_NAME.fullmatch(text) else kinds.OTHER_TEXT)


def kind_of_bytes(raw: bytes) -> KeyKind:
    """Return the kind of bytes that are neither a key nor a certificate in DER."""
    named = (kind for pattern, kind in _BINARY.items() if re.match(pattern, raw, re.DOTALL))
    return next(named, None) or _kind_of_der(raw) or kinds.OTHER_BINARY


def _kind_of_der(raw: bytes) -> KeyKind | None:
    readers = {kinds.CERTIFICATE_REQUEST: load_der_x509_csr, kinds.REVOCATION_LIST: load_der_x509_crl}
    for kind, load in readers.items():
        with suppress(*UNREADABLE):
            load(raw)
            return kind
    return None
