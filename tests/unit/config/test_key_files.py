"""Files of keys: reading the settings reads them, and what is no key is told without being repeated."""

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

CUT_OFF = "the PEM is incomplete: its END line is missing"
NO_PUBLIC_KEY = "it is not a readable public key; check that it is complete"
NEITHER = "it is neither PEM nor base64; put NICEPAY's public key here"
A_PRIVATE_KEY = "it is a private key; the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
MAYBE_A_KEY = "no readable file has this name; the value is not shown here, because it may be a secret"
MARK = "RECOGNISEME"

Form = Callable[[Nicepay], str]


def _keys(file: Path, *public_keys: str) -> tuple[rsa.RSAPublicKey, ...]:
    """The client's keys, of settings that name these."""
    file.write_text(f'[[clients]]\nid = "A"\npublic_keys = {json.dumps(public_keys)}')
    return Settings.load(file).clients[0].public_keys


def _refusal(file: Path, public_key: str) -> str:
    """The one mistake of settings with this public key."""
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
    """A public key of that size; nobody looks whether its modulus has two factors."""
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
        pytest.param(lambda _: _elliptic(), "it is not an RSA key; SNAP signs with RSA", id="elliptic curve"),
        pytest.param(lambda _: _of_bits(1023), "it is an RSA key of 1023 bits; use 1024 to 8192 bits", id="too small"),
        pytest.param(lambda _: _of_bits(8193), "it is an RSA key of 8193 bits; use 1024 to 8192 bits", id="too large"),
        pytest.param(lambda nicepay: nicepay.private_pem, A_PRIVATE_KEY, id="private PEM"),
        pytest.param(_private_der, A_PRIVATE_KEY, id="base64 of private DER"),
        pytest.param(_encrypted, A_PRIVATE_KEY, id="encrypted private PEM"),
        pytest.param(lambda nicepay: nicepay.public_pem[:200], CUT_OFF, id="cut PEM"),
        pytest.param(lambda nicepay: nicepay.public_pem.replace("\n", "\n****\n", 2), NO_PUBLIC_KEY, id="spoilt PEM"),
        pytest.param(lambda nicepay: b64encode(_der(nicepay)[:-9]).decode(), NO_PUBLIC_KEY, id="cut DER"),
        pytest.param(lambda nicepay: b64encode(_der(nicepay)).decode()[:-3], NEITHER, id="cut base64"),
    ],
)


@FORMS
def test_public_keys_are_read_inline(settings_file: Path, nicepay: Nicepay, form: Form) -> None:
    """A key in any form in which keys arrive may stand in the settings themselves."""
    assert _keys(settings_file, form(nicepay)) == (nicepay.private_key.public_key(),)


@FORMS
def test_public_keys_are_read_from_files(settings_file: Path, nicepay: Nicepay, form: Form) -> None:
    """A key in any form in which keys arrive may stand in a file beside the settings."""
    (settings_file.parent / "key").write_text(form(nicepay) + "\n")
    assert _keys(settings_file, "key") == (nicepay.private_key.public_key(),)


def test_public_keys_of_one_client_may_differ_in_form(settings_file: Path, nicepay: Nicepay, stranger: Nicepay) -> None:
    """Keys are taken in their order, each in its own form."""
    keys = _keys(settings_file, "IONPAYTEST.pem", stranger.public_pem)
    assert keys == (nicepay.private_key.public_key(), stranger.private_key.public_key())


def test_files_may_be_named_like_keys(settings_file: Path, nicepay: Nicepay) -> None:
    """A file that exists is read, however much its name looks like a key."""
    name = "nicepay-public-key-of-the-production-2026"
    (settings_file.parent / name).write_text(nicepay.public_pem)
    assert _keys(settings_file, name) == (nicepay.private_key.public_key(),)


def test_a_folder_counts_within_its_block(tmp_path: Path) -> None:
    """Paths are relative to the folder within its block, and as they are outside of it."""
    field = TypeAdapter(KeyFile)
    with relative_to(tmp_path):
        assert field.validate_python("key") == tmp_path / "key"
    assert field.validate_python("key") == Path("key")


@BAD_FORMS
def test_what_is_no_public_key_is_refused(settings_file: Path, nicepay: Nicepay, form: Form, reason: str) -> None:
    """The message says what the text is and what is wanted."""
    assert _refusal(settings_file, form(nicepay)) == reason


@BAD_FORMS
def test_a_file_that_holds_no_public_key_is_named(
    settings_file: Path, nicepay: Nicepay, form: Form, reason: str
) -> None:
    """The message names the file too."""
    file = settings_file.parent / "key"
    file.write_text(form(nicepay))
    assert _refusal(settings_file, "key") == f"{file}: {reason}"


def test_small_keys_are_taken(settings_file: Path) -> None:
    """1024 bits are the least and 8192 the most that is taken: NICEPAY has published 1024 for its sandbox."""
    keys = _keys(settings_file, _of_bits(1024), _of_bits(8192))
    assert [key.key_size for key in keys] == [1024, 8192]


def test_public_keys_that_cannot_be_read_are_told(settings_file: Path) -> None:
    """A file that is missing, a folder, or bytes that are no text are told by their path."""
    folder = settings_file.parent
    (folder / "nicepay.der").write_bytes(b"\x30\x82\x01\x22\xff")
    assert _refusal(settings_file, "nothing") == f"{folder}/nothing cannot be read: No such file or directory"
    assert _refusal(settings_file, ".") == f"{folder} cannot be read: Is a directory"
    assert _refusal(settings_file, "nicepay.der") == f"{folder}/nicepay.der cannot be read: it is not text in UTF-8"


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
    """However a key is misspelt, no message repeats any of it."""
    assert MARK not in _refusal(settings_file, text)


@pytest.fixture
def keys_file(settings_file: Path) -> Path:
    """The file of token keys that the settings name."""
    return settings_file.parent / "token.keys"


def _told(settings_file: Path) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        Settings.load(settings_file)
    return refusal.value.mistakes


def test_token_keys_are_read_newest_first(settings_file: Path, keys_file: Path) -> None:
    """One key a line, in their order; empty lines and spaces around a key do not count."""
    keys = [Fernet.generate_key() for _ in range(3)]
    keys_file.write_bytes(b"\r\n\n ".join(keys) + b" \n")
    assert Settings.load(settings_file).token.keys == tuple(keys)


def test_comments_are_passed_over(settings_file: Path, keys_file: Path) -> None:
    """A line may be a comment, or end in one, as `snap-token keys rotate` leaves it."""
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    keys_file.write_text(f"# ours\n{keys[0]}  # minting since 2026-11-23T22:55:02Z\n{keys[1]}# é\n", encoding="utf-8")
    assert Settings.load(settings_file).token.keys == tuple(key.encode() for key in keys)


def _client_secret(settings_file: Path, content: bytes, mode: int = 0o600) -> Path:
    """Settings with a client whose secret file holds this; the path of that file."""
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
    """A client's secrets are the one or two lines of its file, in UTF-8, without what is blank around them."""
    _client_secret(settings_file, content)
    assert Settings.load(settings_file).clients[0].client_secret_file == tuple(secret)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RECOGNISEME1234",
        b" RECOGNISEME1234 \n",
        b"RECOGNISEME12345\nRECOGNISEME1234",
        b"RECOGNISEME12345\n" * 3,
        b"RECOGNISEME12345\rRECOGNISEME12345",
    ],
    ids=["empty", "15 characters", "15 and blanks", "a second of 15", "three", "an old line end"],
)
def test_what_is_no_secret_is_refused(settings_file: Path, content: bytes) -> None:
    """A secret of fewer than 16 characters, or a third one, is refused and not repeated."""
    file = _client_secret(settings_file, content)
    wanted = (
        "one secret of at least 16 characters on one line; "
        "while you replace it, 2 lines are allowed, the newest secret first"
    )
    assert _told(settings_file) == [f"clients[0].client_secret_file: {file} must contain {wanted}"]


def test_a_secret_is_for_its_owner_alone(settings_file: Path) -> None:
    """A file of a secret that others can read is refused, and the message says how to mend it."""
    file = _client_secret(settings_file, b"0123456789abcdef", 0o640)
    assert _told(settings_file) == [
        f"clients[0].client_secret_file: other users can access {file}; run: chmod 600 {file}"
    ]


def test_a_secret_in_place_of_its_file_is_not_repeated(settings_file: Path) -> None:
    """Whatever names no file may be the secret itself, be it as short as a path."""
    _client_secret(settings_file, b"0123456789abcdef").unlink()
    assert _told(settings_file) == [f"clients[0].client_secret_file: {MAYBE_A_KEY}"]


@pytest.mark.parametrize("secret", ["0123456789abcdef", "-._~+/azAZ0123456=="])
def test_bearer_secrets_are_read(settings_file: Path, secret: str) -> None:
    """The internal listener's secret may hold whatever RFC 6750 lets a bearer token hold."""
    _bearer_secret(settings_file, secret)
    internal = Settings.load(settings_file).internal
    assert internal
    assert internal.secrets == (secret.encode(),)


def test_a_second_bearer_secret_is_held_to_the_same(settings_file: Path) -> None:
    """Of two secrets each must be one that a caller can send."""
    _bearer_secret(settings_file, "0123456789abcdef\nRECOGNISEME 12345")
    assert "sent as a bearer token" in _told(settings_file)[0]


def test_a_variable_may_name_the_file_of_secrets(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable holds the path as it is."""
    _bearer_secret(settings_file, "0123456789abcdef")
    monkeypatch.setenv("SNAP_TOKEN__INTERNAL__SECRET_FILE", "internal.secret")
    internal = Settings.load(settings_file).internal
    assert internal
    assert internal.secrets == (b"0123456789abcdef",)


@pytest.mark.parametrize("secret", ["RECOGNISEME 12345", "=RECOGNISEME12345", "RECOGNISEME=12345", "RECOGNISEMÉ12345"])
def test_what_cannot_be_sent_is_no_bearer_secret(settings_file: Path, secret: str) -> None:
    """A secret that a caller could not send in a header is refused and not repeated."""
    _bearer_secret(settings_file, secret)
    told = "it is sent as a bearer token, so it may contain only letters, digits and -._~+/, and = at its end"
    assert _told(settings_file) == [f"internal.secret_file: {told}"]


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
    """A file with no key, or with one bad line, is refused with the way to make one, and not quoted."""
    keys_file.write_text(content, encoding="utf-8")
    wanted = "one Fernet key per line, newest first; create one with: snap-token keygen token"
    assert _told(settings_file) == [f"token.keys_file: {keys_file} must contain {wanted}"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601], ids=oct)
def test_token_keys_are_for_their_owner_alone(settings_file: Path, keys_file: Path, mode: int) -> None:
    """A file that the group or others can use in any way is refused, and the message says how to mend it."""
    keys_file.chmod(mode)
    assert _told(settings_file) == [f"token.keys_file: other users can access {keys_file}; run: chmod 600 {keys_file}"]


def test_missing_token_keys_are_told(settings_file: Path, keys_file: Path) -> None:
    """A file of token keys that is not there is told by its path and under its key, whether it was named or not."""
    keys_file.unlink()
    told = [f"token.keys_file: {keys_file} cannot be read: No such file or directory"]
    assert _told(settings_file) == told
    settings_file.write_text('[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]')
    assert _told(settings_file) == told


@pytest.mark.parametrize("mode", [0o700, 0o755], ids=oct)
def test_a_folder_holds_no_token_keys(settings_file: Path, keys_file: Path, mode: int) -> None:
    """A folder is told to be one, and nobody is asked to take its permissions away."""
    keys_file.unlink()
    keys_file.mkdir(mode)
    assert _told(settings_file) == [f"token.keys_file: {keys_file} cannot be read: Is a directory"]


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
    """Whoever pastes a secret where the path of its file is wanted is told so, and the secret is not repeated."""
    settings_file.write_text(f'{key} = {json.dumps(value)}\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]')
    assert _told(settings_file) == [f"{key}: {MAYBE_A_KEY}"]
