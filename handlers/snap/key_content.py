"""The content of a key file: PEM blocks, DER, or other text, in every encoding in which key files arrive.

Text is UTF-8, or UTF-16 with a byte-order mark. Its line ends may be LF, CR LF, CR, or a written backslash and letter.
PEM is that of RFC 7468. Base64 may encode PEM and DER once more.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_LE
from contextlib import suppress
from dataclasses import dataclass

from handlers.snap import key_kinds as kinds
from handlers.snap.codes import SnapError
from handlers.snap.json_body import parse
from handlers.snap.key_bytes import is_private_key, public_key_in
from handlers.snap.key_format_error import BASE64, DER, Form, KeyFormatError, KeyKind
from handlers.snap.key_recognition import SEQUENCE, kind_of_body, kind_of_bytes, kind_of_label, kind_of_text

MOST_BLOCKS = 10
"""Maximum number of PEM blocks in one file. A chain of certificates has two to four."""

SEVERAL = "it contains several keys or certificates; put each of them in its own file"
CUT_OFF = "the PEM is incomplete: its END line is missing"
DIFFERENT_END = "the PEM is damaged: the words after BEGIN and END differ; copy the key again"
_SHORTEST_KEY = 100
"""Characters. A shorter text in base64 is no RSA key of 1024 bits."""

BEGIN = "-----BEGIN "
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,60})-----(.*?)-----END \1-----", re.DOTALL)
_BEGIN_LINE = re.compile(r"-----BEGIN [A-Z0-9 #]+-----")
_END_LINE = re.compile(r"-----END [A-Z0-9 #]+-----")
_BEGIN_TWICE = re.compile(r"-----BEGIN (?:(?!-----END ).)*-----BEGIN ", re.DOTALL)
_END_WORD = re.compile(r"\bEND [A-Z0-9 #]{0,40}(?:KEY|CERTIFICATE)\b")
_HEADERS = re.compile(r"\A\s*(?:[A-Za-z-]+: [^\n]*\n(?:[ \t]+[^\n]*\n)*)+")
_WRITTEN_LINE_END = re.compile(r"\\{1,4}r\\{1,4}n|\\{1,4}[nr]|\r\n?")
_BARE_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+", re.ASCII)
_LONG_SEQUENCE = re.compile(rb"\x30[\x80-\x84]")
OPENSSH_LINE = re.compile(r"^ssh-rsa AAAA", re.MULTILINE)
_MAY_CONTAIN_PEM = {kinds.PGP_MESSAGE, kinds.PGP_KEY, kinds.HEX_DUMP, kinds.HEXDUMP_C, kinds.RICH_TEXT}


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One PEM block: its label, the text between BEGIN and END, and its PEM."""

    label: str
    body: str
    pem: bytes

    @property
    def is_private(self) -> bool:
        """Whether the block is a private key. Its label counts only if its bytes are no key."""
        with suppress(KeyFormatError):
            if is_private_key(self.der):
                return True
            if public_key_in(self.der):
                return False
        return self.has_private_label

    @property
    def has_private_label(self) -> bool:
        """Whether the label says that the block is a private key."""
        return self.label.endswith("PRIVATE KEY")

    @property
    def der(self) -> bytes:
        """The bytes that the base64 of the block encodes. Headers (RFC 1421) are left out.

        Raises:
            KeyFormatError: The base64 is damaged.
        """
        body = _HEADERS.sub("", self.body, count=1)
        try:
            raw = _from_base64(body)
        except ValueError as error:  # A character beyond ASCII is no `binascii.Error`.
            raise KeyFormatError(kind_of_body(body.strip()) or kinds.LOST_CHARACTERS) from error
        if raw.startswith(BEGIN.encode()):
            raise KeyFormatError(kinds.PEM_IN_PEM)
        if not raw.startswith(SEQUENCE):
            raise KeyFormatError(kind_of_body(body.strip()) or kinds.NO_KEY_IN_PEM)
        return raw


@dataclass(frozen=True, slots=True)
class Der:
    """Bytes that may be DER, and the form in which the file holds them."""

    raw: bytes
    form: Form


Content = tuple[PemBlock, ...] | Der | str


def key_content(content: str | bytes) -> Content:
    """Return the PEM blocks, the bytes if they are no text, or the text if it has no PEM.

    Raises:
        KeyFormatError: The content is empty, or its PEM is damaged, has another kind, or has more than `MOST_BLOCKS`.
    """
    text = content if isinstance(content, str) else _decoded(content)
    if isinstance(text, bytes):
        return Der(text, DER)
    return _of_text(text.strip())


def text_of(content: str | bytes) -> str:
    """Return the text of a key file, with real line ends. Empty if it is no text."""
    text = content if isinstance(content, str) else _decoded(content)
    return _WRITTEN_LINE_END.sub("\n", text) if isinstance(text, str) else ""


def _decoded(content: bytes) -> str | bytes:
    """The text, or the bytes if they are not text. Text around PEM need not be UTF-8."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and not content.startswith(BOM_UTF32_LE):
        return content.decode("utf-16", errors="replace")
    # No text begins like a sequence of DER that has 128 bytes or more.
    if BEGIN.encode() in content and not _LONG_SEQUENCE.match(content) and b"\0" not in content:
        return content.decode("utf-8-sig", errors="replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content
    return content if "\0" in text else text


def _of_text(text: str) -> Content:
    if not text:
        raise KeyFormatError(kinds.EMPTY)
    if is_json(text):
        return text
    if (kind := kind_of_text(text)) in _MAY_CONTAIN_PEM:
        raise KeyFormatError(kind)
    lines = _WRITTEN_LINE_END.sub("\n", text)
    if BEGIN in lines:
        return _blocks(lines)
    return _of_base64(lines) if _BARE_BASE64.fullmatch(lines) else lines


def is_json(text: str) -> bool:
    """Whether the text is a JSON object, array or string. A key in it is not read as PEM."""
    try:
        return text[0] in '{["' and bool(parse(text.encode()))
    except (SnapError, UnicodeEncodeError):
        return False


def _blocks(text: str) -> tuple[PemBlock, ...]:
    begun = text.count(BEGIN)
    if begun > MOST_BLOCKS or OPENSSH_LINE.search(text):
        raise KeyFormatError(SEVERAL)
    blocks = tuple(PemBlock(found[1], found[2], found[0].encode()) for found in _BLOCK.finditer(text))
    if len(blocks) < begun:
        raise KeyFormatError(_damage_of_armour(text, begun))
    kinds_of_labels = [kind for block in blocks if (kind := kind_of_label(block.label))]
    if kinds_of_labels and not any(block.is_private for block in blocks):
        raise KeyFormatError(kinds_of_labels[0])
    return blocks


def _damage_of_armour(text: str, begun: int) -> str | KeyKind:
    """Why a text with this many beginnings of PEM has fewer blocks."""
    if len(_BEGIN_LINE.findall(text)) < begun or len(_END_LINE.findall(text)) < len(_END_WORD.findall(text)):
        return kinds.WRONG_DASHES
    if _BEGIN_TWICE.search(text):
        return kinds.BEGIN_TWICE
    return DIFFERENT_END if _END_LINE.search(text, text.rindex(BEGIN)) else CUT_OFF


def _of_base64(text: str) -> Content:
    """The PEM or the bytes in base64. The text itself if its base64 is something else, such as a fingerprint."""
    try:
        raw = _from_base64(text)
    except Base64Error as error:
        if len(text) < _SHORTEST_KEY or kind_of_text(text):
            return text
        raise KeyFormatError(kinds.LOST_CHARACTERS) from error
    inner = _decoded(raw)
    if isinstance(inner, str):
        return _of_decoded_text(inner) or text
    is_known = raw.startswith(SEQUENCE) or kind_of_bytes(raw) is not kinds.OTHER_BINARY
    return Der(raw, BASE64) if is_known else text


def _of_decoded_text(text: str) -> tuple[PemBlock, ...] | None:
    """The PEM that base64 encoded. None if base64 encoded another text."""
    if BEGIN in text:
        return _blocks(text)
    if len(text) > _SHORTEST_KEY and _BARE_BASE64.fullmatch(text):
        raise KeyFormatError(kinds.BASE64_TWICE)
    return None


def _from_base64(text: str) -> bytes:
    """Decode base64 with white space in it. Its padding may be missing.

    Raises:
        binascii.Error: It is not base64.
    """
    joined = "".join(text.split())
    return b64decode(joined + "=" * (-len(joined) % 4), validate=True)
