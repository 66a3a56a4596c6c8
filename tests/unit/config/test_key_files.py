"""Key files are read with the settings. Messages do not repeat anything that may be a key."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from pydantic import TypeAdapter

from handlers.config.key_files import KeyFile, relative_to
from handlers.config.settings import Settings, SettingsError
from tests.nicepay import Nicepay
from tests.settings_text import mistakes_in

CUT_OFF = "the PEM is incomplete: its END line is missing"
FOREIGN = "it is PEM with a character that is not base64; copy the whole key again"
LOST = "it is base64 in which characters are missing; copy the whole key again"
SHORT = "it is cut off: {} of 294 bytes are missing; copy the whole key"
A_PRIVATE_KEY = "it is a private key; the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
MAYBE_A_KEY = "no readable file has this name; the value is not shown here, because it may be a secret"
MARK = "RECOGNISEME"

Form = Callable[[Nicepay], str]


def _keys(file: Path, *public_keys: str) -> tuple[rsa.RSAPublicKey, ...]:
    """The public keys of a client in settings with these keys."""
    file.write_text(f'[[clients]]\nid = "A"\npublic_keys = {json.dumps(public_keys)}')
    return Settings.load(file).clients[0].public_keys


def _refusal(file: Path, public_key: str) -> str:
    """The only mistake in settings with this public key."""
    with pytest.raises(SettingsError) as refusal:
        _keys(file, public_key)
    (mistake,) = refusal.value.mistakes
    path, _, reason = mistake.partition(": ")
    assert path == "clients[0].public_keys[0]"
    return reason


def _der(nicepay: Nicepay, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return nicepay.private_key.public_key().public_bytes(Encoding.DER, form)


def _pkcs1_pem(nicepay: Nicepay) -> str:
    return nicepay.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


def _certificate(nicepay: Nicepay, encoding: Encoding) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "NICEPAY")])
    builder = x509.CertificateBuilder(name, name, nicepay.private_key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2021, 1, 1, tzinfo=UTC)
    )
    return builder.sign(nicepay.private_key, SHA256()).public_bytes(encoding)


def _private_der(nicepay: Nicepay) -> str:
    der = nicepay.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return b64encode(der).decode()


def _encrypted(nicepay: Nicepay) -> str:
    form = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    return nicepay.private_key.private_bytes(*form).decode()


def _of_bits(bits: int) -> str:
    """A public key with this number of bits. Its modulus need not be the product of two primes."""
    key = rsa.RSAPublicNumbers(65537, 1 << (bits - 1) | 1).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


FORMS = pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda nicepay: nicepay.public_pem, id="PEM"),
        pytest.param(lambda nicepay: nicepay.public_pem.replace("\n", "\r\n"), id="PEM from Windows"),
        pytest.param(lambda nicepay: b64encode(_der(nicepay)).decode(), id="base64 of DER"),
        pytest.param(lambda nicepay: nicepay.public_pem.split("-----")[2], id="base64 of DER in lines"),
        pytest.param(lambda nicepay: b64encode(nicepay.public_pem.encode()).decode(), id="base64 of PEM"),
        pytest.param(_pkcs1_pem, id="PKCS 1 PEM"),
        pytest.param(lambda nicepay: b64encode(_der(nicepay, PublicFormat.PKCS1)).decode(), id="base64 of PKCS 1 DER"),
        pytest.param(lambda nicepay: _certificate(nicepay, Encoding.PEM).decode(), id="certificate"),
        pytest.param(lambda nicepay: b64encode(_certificate(nicepay, Encoding.DER)).decode(), id="base64 of cert DER"),
        pytest.param(lambda nicepay: b64encode(_certificate(nicepay, Encoding.PEM)).decode(), id="base64 of cert PEM"),
    ],
)

BAD_FORMS = pytest.mark.parametrize(
    ("form", "reason"),
    [
        pytest.param(
            lambda _: _elliptic(),
            "it is not an RSA key; its algorithm is EC, and SNAP signs with RSA",
            id="elliptic curve",
        ),
        pytest.param(lambda _: _of_bits(1023), "it is an RSA key of 1023 bits; use 1024 to 8192 bits", id="too small"),
        pytest.param(lambda _: _of_bits(8193), "it is an RSA key of 8193 bits; use 1024 to 8192 bits", id="too large"),
        pytest.param(lambda nicepay: nicepay.private_pem, A_PRIVATE_KEY, id="private PEM"),
        pytest.param(_private_der, A_PRIVATE_KEY, id="base64 of private DER"),
        pytest.param(_encrypted, A_PRIVATE_KEY, id="encrypted private PEM"),
        pytest.param(lambda nicepay: nicepay.public_pem[:200], CUT_OFF, id="cut PEM"),
        pytest.param(lambda nicepay: nicepay.public_pem.replace("\n", "\n****\n", 2), FOREIGN, id="spoilt PEM"),
        pytest.param(lambda nicepay: b64encode(_der(nicepay)[:-9]).decode(), SHORT.format(9), id="cut DER"),
        pytest.param(lambda nicepay: b64encode(_der(nicepay)).decode()[:-3], LOST, id="cut base64"),
    ],
)


@FORMS
def test_public_keys_are_read_inline(settings_file: Path, nicepay: Nicepay, form: Form) -> None:
    """A public key in every supported format can be in the settings file itself."""
    assert _keys(settings_file, form(nicepay)) == (nicepay.private_key.public_key(),)


@FORMS
def test_public_keys_are_read_from_files(settings_file: Path, nicepay: Nicepay, form: Form) -> None:
    """A public key in every supported format can be in a separate file."""
    (settings_file.parent / "key").write_text(form(nicepay) + "\n")
    assert _keys(settings_file, "key") == (nicepay.private_key.public_key(),)


def test_public_keys_of_one_client_may_differ_in_form(settings_file: Path, nicepay: Nicepay, stranger: Nicepay) -> None:
    """The keys of one client keep their order, and each can have another format."""
    keys = _keys(settings_file, "IONPAYTEST.pem", stranger.public_pem)
    assert keys == (nicepay.private_key.public_key(), stranger.private_key.public_key())


def test_files_may_be_named_like_keys(settings_file: Path, nicepay: Nicepay) -> None:
    """An existing file is read even if its name looks like a key."""
    name = "nicepay-public-key-of-the-production-2026"
    (settings_file.parent / name).write_text(nicepay.public_pem)
    assert _keys(settings_file, name) == (nicepay.private_key.public_key(),)


def test_paths_are_relative_inside_the_block(tmp_path: Path) -> None:
    """Paths are relative to the folder inside the block, and unchanged outside of it."""
    field = TypeAdapter(KeyFile)
    with relative_to(tmp_path):
        assert field.validate_python("key") == tmp_path / "key"
    assert field.validate_python("key") == Path("key")


@BAD_FORMS
def test_an_invalid_public_key_is_refused(settings_file: Path, nicepay: Nicepay, form: Form, reason: str) -> None:
    """The message says what is wrong with the text and what is expected."""
    assert _refusal(settings_file, form(nicepay)) == reason


@BAD_FORMS
def test_a_file_with_an_invalid_public_key_is_named(
    settings_file: Path, nicepay: Nicepay, form: Form, reason: str
) -> None:
    """The message also names the file."""
    file = settings_file.parent / "key"
    file.write_text(form(nicepay))
    assert _refusal(settings_file, "key") == f"{file}: {reason}"


def test_keys_of_1024_to_8192_bits_are_accepted(settings_file: Path) -> None:
    """Keys of 1024 to 8192 bits are accepted, because NICEPAY published a 1024-bit key for its sandbox."""
    keys = _keys(settings_file, _of_bits(1024), _of_bits(8192))
    assert [key.key_size for key in keys] == [1024, 8192]


def test_an_unreadable_public_key_file_is_named(settings_file: Path) -> None:
    """A missing file and a folder are reported with their path."""
    folder = settings_file.parent
    assert _refusal(settings_file, "nothing") == f"{folder}/nothing cannot be read: No such file or directory"
    assert _refusal(settings_file, ".") == f"{folder} cannot be read: Is a directory"


def test_a_public_key_may_be_binary(settings_file: Path, nicepay: Nicepay) -> None:
    """A file can be DER, and text in UTF-16."""
    (settings_file.parent / "key").write_bytes(_der(nicepay))
    assert _keys(settings_file, "key") == (nicepay.private_key.public_key(),)
    (settings_file.parent / "key").write_bytes(nicepay.public_pem.encode("utf-16"))
    assert _keys(settings_file, "key") == (nicepay.private_key.public_key(),)


def test_the_message_has_a_command_for_the_file(settings_file: Path) -> None:
    """The command that converts a file of another kind names this file."""
    file = settings_file.parent / "a key.gz"
    file.write_bytes(b"\x1f\x8b")
    command = f"gunzip < '{file}' > '{file}.pem'"
    assert (
        _refusal(settings_file, "a key.gz") == f"{file}: it is a gzip file; convert it, and use the new file: {command}"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://nicepay.example/key.pem", "it is a URL, and the server downloads no keys; "),
        (
            "----BEGIN PUBLIC KEY----",
            "it is PEM whose BEGIN or END line is not written in capitals between five hyphens; ",
        ),
        ("ssh-ed25519 AAAA", "it is an OpenSSH key, but not an RSA key; "),
        ("<html>", "it is a web page; "),
        (" ", "it is empty; "),
        ("~/nicepay.pem", "it is a path with ~, which only a shell replaces; "),
        ("${NICEPAY_KEY}", "it is a variable of a shell, which the server does not replace; "),
        ("MIIBIjAN...IDAQAB", "it is a key that somebody shortened with dots; "),
    ],
)
def test_a_text_that_is_neither_a_key_nor_a_path_is_named(settings_file: Path, text: str, reason: str) -> None:
    """If there is no file of this name, a text that is known as another kind of key is named as such."""
    assert _refusal(settings_file, text).startswith(reason)


@pytest.mark.parametrize("name", ["error/nicepay.pem", "your-key.pem", "keys/../key.pem"])
def test_a_missing_file_is_no_other_kind_of_text(settings_file: Path, name: str) -> None:
    """A name that only sounds like another text is a missing file."""
    assert _refusal(settings_file, name) == f"{settings_file.parent / name} cannot be read: No such file or directory"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"-----BEGIN PUBLIC KEY-----\n{MARK}\n-----END PUBLIC KEY-----", id="PEM"),
        pytest.param(f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----", id="private PEM"),
        pytest.param(f"----BEGIN PRIVATE KEY----\n{MARK}\n----END PRIVATE KEY----", id="wrong armour"),
        pytest.param(f"{MARK * 5}\n{MARK * 5}%", id="lines with a stray character"),
        pytest.param(MARK * 40, id="base64"),
        pytest.param(MARK * 40 + "%", id="base64 with a stray character"),
        pytest.param(urlsafe_b64encode(b"\xff" * 99).decode() + MARK, id="urlsafe base64"),
        pytest.param(MARK * 4, id="short base64"),
        pytest.param(f"{MARK}\0", id="a null byte"),
    ],
)
def test_texts_that_may_be_keys_are_not_repeated(settings_file: Path, text: str) -> None:
    """No message repeats any part of a damaged key."""
    assert MARK not in _refusal(settings_file, text)


@pytest.fixture
def keys_file(settings_file: Path) -> Path:
    """The file of token keys that the settings name."""
    return settings_file.parent / "token.keys"


def test_token_keys_are_read_newest_first(settings_file: Path, keys_file: Path) -> None:
    """One key per line, in the order of the file. Empty lines and surrounding spaces are ignored."""
    keys = [Fernet.generate_key() for _ in range(3)]
    keys_file.write_bytes(b"\r\n\n ".join(keys) + b" \n")
    assert Settings.load(settings_file).token.keys == tuple(keys)


def test_comments_in_token_keys_are_ignored(settings_file: Path, keys_file: Path) -> None:
    """A line can be a comment or end with one, as `snap-token keys rotate` writes it."""
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    keys_file.write_text(f"# ours\n{keys[0]}  # minting since 2026-11-23T22:55:02Z\n{keys[1]}# é\n", encoding="utf-8")
    assert Settings.load(settings_file).token.keys == tuple(key.encode() for key in keys)


def _client_secret(settings_file: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write settings with a client whose secret file has this content. Return the path of the secret file."""
    file = settings_file.with_name("a.secret")
    file.write_bytes(content)
    file.chmod(mode)
    client = '[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\nclient_secret_file = "a.secret"'
    settings_file.write_text(client)
    return file


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"0123456789abcdef", [b"0123456789abcdef"]),
        (b"\n 0123456789 abcdef \r\n\n", [b"0123456789 abcdef"]),
        ("\ufeff0123456789abcdeé".encode(), ["0123456789abcdeé".encode()]),
        (b"the newest of two\r\n\nthe one before it\n", [b"the newest of two", b"the one before it"]),
    ],
    ids=["plain", "lines and spaces around it", "UTF-8", "two"],
)
def test_client_secrets_are_read(settings_file: Path, content: bytes, secret: list[bytes]) -> None:
    """The secrets of a client are the one or two lines of its file in UTF-8, without surrounding white space."""
    _client_secret(settings_file, content)
    assert Settings.load(settings_file).clients[0].client_secret_file == tuple(secret)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "0 lines"),
        (b"RECOGNISEME1234", "15 characters"),
        (b" RECOGNISEME1234 \n", "15 characters"),
        (b"RECOGNISEME12345\nRECOGNISEME1234", "15 characters"),
        (b"RECOGNISEME12345\n" * 3, "3 lines"),
        (b"RECOGNISEME12345\rRECOGNISEME12345", "2 lines"),
    ],
    ids=["empty", "15 characters", "15 and blanks", "a second of 15", "three", "an old line end"],
)
def test_an_invalid_secret_is_refused(settings_file: Path, content: bytes, found: str) -> None:
    """A secret of less than 16 characters and a third secret are refused, counted and not repeated."""
    file = _client_secret(settings_file, content)
    expected = (
        "one secret of at least 16 characters on one line; "
        f"while you replace it, 2 lines are allowed, the newest secret first; found {found}"
    )
    assert mistakes_in(settings_file) == [f"clients[0].client_secret_file: {file} must contain {expected}"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_secret_in_utf_16_is_named(settings_file: Path, encoding: str) -> None:
    """A secret in UTF-16 is refused with the command that converts it, also if its bytes are valid UTF-8."""
    file = _client_secret(settings_file, "RECOGNISEME12345".encode(encoding))
    (mistake,) = mistakes_in(settings_file)
    assert mistake.startswith(f"clients[0].client_secret_file: {file} cannot be read: it is text in UTF-16")
    assert mistake.endswith(f" -t UTF-8 {file} > {file}.txt)")


def test_a_secret_that_others_can_read_is_refused(settings_file: Path) -> None:
    """A secret file that other users can read is refused, and the message says how to correct it."""
    file = _client_secret(settings_file, b"0123456789abcdef", 0o640)
    assert mistakes_in(settings_file) == [
        f"clients[0].client_secret_file: other users can access {file}; run: chmod 600 {file}"
    ]


def test_a_secret_in_place_of_its_file_is_not_repeated(settings_file: Path) -> None:
    """A value that names no file can be the secret itself, so the message does not repeat it."""
    _client_secret(settings_file, b"0123456789abcdef").unlink()
    assert mistakes_in(settings_file) == [f"clients[0].client_secret_file: {MAYBE_A_KEY}"]


@pytest.mark.parametrize("secret", ["0123456789abcdef", "-._~+/azAZ0123456=="])
def test_bearer_secrets_are_read(settings_file: Path, secret: str) -> None:
    """The secret of the internal listener can contain every character that RFC 6750 allows in a bearer token."""
    _bearer_secret(settings_file, secret)
    internal = Settings.load(settings_file).internal
    assert internal
    assert internal.secrets == (secret.encode(),)


def test_a_second_bearer_secret_is_checked_too(settings_file: Path) -> None:
    """A caller must be able to send each of two secrets as a bearer token."""
    _bearer_secret(settings_file, "0123456789abcdef\nRECOGNISEME 12345")
    assert "sent as a bearer token" in mistakes_in(settings_file)[0]


def test_a_variable_may_name_the_file_of_secrets(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable contains the plain path of the secret file."""
    _bearer_secret(settings_file, "0123456789abcdef")
    monkeypatch.setenv("SNAP_TOKEN__INTERNAL__SECRET_FILE", "internal.secret")
    internal = Settings.load(settings_file).internal
    assert internal
    assert internal.secrets == (b"0123456789abcdef",)


@pytest.mark.parametrize("secret", ["RECOGNISEME 12345", "=RECOGNISEME12345", "RECOGNISEME=12345", "RECOGNISEMÉ12345"])
def test_a_secret_that_is_not_a_bearer_token_is_refused(settings_file: Path, secret: str) -> None:
    """A secret that a caller cannot send as a bearer token is refused and not repeated."""
    _bearer_secret(settings_file, secret)
    reported = "it is sent as a bearer token, so it may contain only letters, digits and -._~+/, and = at its end"
    assert mistakes_in(settings_file) == [f"internal.secret_file: {reported}"]


def _bearer_secret(settings_file: Path, secret: str) -> None:
    file = settings_file.with_name("internal.secret")
    file.write_text(secret, encoding="utf-8")
    file.chmod(0o600)
    settings_file.write_text('[internal]\nsecret_file = "internal.secret"\n' + settings_file.read_text())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("# only a comment", id="comment"),
        pytest.param("\n \n", id="blank"),
        pytest.param(MARK, id="no key"),
        pytest.param(Fernet.generate_key().decode() + f"\n{MARK}", id="second line"),
        pytest.param(f"{MARK}é", id="not ASCII"),
    ],
)
def test_malformed_token_keys_are_refused(settings_file: Path, keys_file: Path, content: str) -> None:
    """A file without a valid key on each line is refused without a quote. The message says how to create a key."""
    keys_file.write_text(content, encoding="utf-8")
    expected = "one Fernet key per line, newest first; create one with: snap-token keygen token"
    assert mistakes_in(settings_file) == [f"token.keys_file: {keys_file} must contain {expected}"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601], ids=oct)
def test_token_keys_that_others_can_access_are_refused(settings_file: Path, keys_file: Path, mode: int) -> None:
    """A file that the group or others can access is refused, and the message says how to correct it."""
    keys_file.chmod(mode)
    assert mistakes_in(settings_file) == [
        f"token.keys_file: other users can access {keys_file}; run: chmod 600 {keys_file}"
    ]


def test_missing_token_keys_are_named(settings_file: Path, keys_file: Path) -> None:
    """A missing token key file is reported with its path and its key, also if the path is the default."""
    keys_file.unlink()
    reported = [f"token.keys_file: {keys_file} cannot be read: No such file or directory"]
    assert mistakes_in(settings_file) == reported
    settings_file.write_text('[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]')
    assert mistakes_in(settings_file) == reported


@pytest.mark.parametrize("mode", [0o700, 0o755], ids=oct)
def test_a_folder_holds_no_token_keys(settings_file: Path, keys_file: Path, mode: int) -> None:
    """The message says that the path is a folder, and does not ask to change its permissions."""
    keys_file.unlink()
    keys_file.mkdir(mode)
    assert mistakes_in(settings_file) == [f"token.keys_file: {keys_file} cannot be read: Is a directory"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Fernet.generate_key().decode(), id="a token key"),
        pytest.param("x" * 300, id="too long for a name"),
        pytest.param("a\0b", id="a null byte"),
    ],
)
@pytest.mark.parametrize("key", ["token.keys_file", "sandbox.private_key_file"])
def test_a_secret_in_place_of_its_path_is_not_repeated(settings_file: Path, key: str, value: str) -> None:
    """A secret in place of the path of its file is reported, but not repeated."""
    settings_file.write_text(f'{key} = {json.dumps(value)}\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]')
    assert mistakes_in(settings_file) == [f"{key}: {MAYBE_A_KEY}"]
