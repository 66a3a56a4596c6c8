"""`snap-token keygen`."""

import os
import re
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE
from subprocess import run

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handlers.cli import main
from handlers.snap.keys import load_public_key
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.programs import program
from tests.users import SERVER_GROUP, SERVER_USER, give_all, open_folder, owner


def _mode(file: Path) -> int:
    return S_IMODE(file.stat().st_mode)


def test_a_token_key_is_made(tmp_path: Path) -> None:
    """`keygen token` creates a file of mode 0600 with one new Fernet key on one line."""
    files = [tmp_path / "one", tmp_path / "two"]
    assert [main(["keygen", "token", str(file)]) for file in files] == [0, 0]
    keys = [file.read_text() for file in files]
    assert len(set(keys)) == 2
    assert all(key.endswith("\n") and Fernet(key.strip()) for key in keys)
    assert [_mode(file) for file in files] == [0o600, 0o600]


def test_a_key_pair_is_made(tmp_path: Path) -> None:
    """`keygen pair` creates a private key of 2048 bits with mode 0600, and its public key with mode 0644."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    assert main(["keygen", "pair", str(private), str(public)]) == 0
    key = load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.public_key() == load_public_key(public.read_text())
    assert key.key_size == 2048
    assert (_mode(private), _mode(public)) == (0o600, 0o644)


def test_the_fingerprint_of_a_pair_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`keygen pair` prints the fingerprint of the public key. The checklist of the pack computes the same one."""
    public = tmp_path / "public.pem"
    assert main(["keygen", "pair", str(tmp_path / "private.pem"), str(public)]) == 0
    assert capsys.readouterr() == (f"{_by_openssl(public)}  SHA-256 of the public key in {public}\n", "")


def _by_openssl(public: Path) -> str:
    """`openssl pkey -pubin -in public.pem -outform DER | sha256sum`."""
    der = run([program("openssl"), "pkey", "-pubin", "-in", public, "-outform", "DER"], check=True, capture_output=True)
    return sha256(der.stdout).hexdigest()


def test_a_secret_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`keygen secret` creates a file with one new secret of 43 characters, and prints none of it."""
    files = [tmp_path / "one", tmp_path / "two"]
    assert [main(["keygen", "secret", str(file)]) for file in files] == [0, 0]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}\n", file.read_text()) for file in files)
    assert files[0].read_text() != files[1].read_text()
    assert [_mode(file) for file in files] == [0o600, 0o600]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["token", "secret", "pair"])
def test_new_keys_can_belong_to_the_server_s_user(nicepay: Nicepay, command: str) -> None:
    """With the settings named, new keys belong to the owner of the token keys, wherever they are created."""
    with open_folder(SERVER_USER, SERVER_GROUP) as settings, open_folder() as folder:
        config = write_settings(settings, nicepay)
        give_all(settings, SERVER_USER, SERVER_GROUP)
        os.chown(config, 0, 0)
        files = [str(folder / name) for name in ("one", "two")][: 2 if command == "pair" else 1]
        assert main(["keygen", command, *files, "--config", str(config)]) == 0
        assert {owner(file) for file in folder.iterdir()} == {(SERVER_USER, SERVER_GROUP)}


@pytest.mark.parametrize("token", ["", 'keys_file = "new.keys"'], ids=["default", "named"])
def test_without_token_keys_the_owner_of_the_settings_is_the_server_s_user(token: str) -> None:
    """The first token key belongs to the owner of the settings, which may be incomplete at that time."""
    with open_folder() as folder:
        config = folder / "snap-token.toml"
        config.write_text(f"[token]\n{token}\n[clients]\n")
        os.chown(config, SERVER_USER, SERVER_GROUP)
        assert main(["keygen", "token", str(folder / "new.keys"), "--config", str(config)]) == 0
        assert owner(folder / "new.keys") == (SERVER_USER, SERVER_GROUP)


def test_the_environment_names_the_token_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """SNAP_TOKEN__TOKEN__KEYS_FILE names the file of the token keys, as for the server."""
    with open_folder() as folder:
        config, keys = folder / "snap-token.toml", folder / "other.keys"
        for file in (config, keys):
            file.touch()
        os.chown(keys, SERVER_USER, SERVER_GROUP)
        monkeypatch.setenv("SNAP_TOKEN__TOKEN__KEYS_FILE", keys.name)
        assert main(["keygen", "secret", str(folder / "new"), "--config", str(config)]) == 0
        assert owner(folder / "new") == (SERVER_USER, SERVER_GROUP)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[token", "snap-token.toml is not TOML: the heading of a table is not closed"),
        ("[token]\nkeys_file = 1", "snap-token.toml: token.keys_file: must be text in quotes"),
        ('[token]\nkeys_file = "a\\u0000b"', "token.keys_file names cannot be read: embedded null byte"),
        (
            f'[token]\nkeys_file = "{"k" * 300}"',
            "token.keys_file names cannot be read: File name too long",
        ),
    ],
    ids=["no TOML", "no path", "NUL", "too long"],
)
def test_settings_that_name_no_token_keys_are_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, mistake: str
) -> None:
    """If the settings do not say where the token keys are, one line says so, and no file is created."""
    config = tmp_path / "snap-token.toml"
    config.write_text(text)
    assert main(["keygen", "token", str(tmp_path / "new"), "--config", str(config)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), mistake in err) == ("", 1, True), err
    assert "kkkk" not in err
    assert [each.name for each in tmp_path.iterdir()] == [config.name]


def test_no_half_of_a_pair_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the public key cannot be written, the private key is not written either."""
    assert main(["keygen", "pair", str(tmp_path / "private"), str(tmp_path / "nowhere" / "public")]) == 2
    expected = f"snap-token: {tmp_path}/nowhere/public cannot be written: No such file or directory\n"
    assert capsys.readouterr() == ("", expected)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "old"),
    [(["token", "a"], "a"), (["secret", "a"], "a"), (["pair", "a", "b"], "a"), (["pair", "a", "b"], "b")],
    ids=["token", "secret", "private", "public"],
)
def test_existing_keys_are_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    old: str,
) -> None:
    """An existing key file is not overwritten: one line says so, and the status is 2."""
    monkeypatch.chdir(tmp_path)
    Path(old).write_text("old")
    assert main(["keygen", *arguments]) == 2
    message = f"snap-token: {old} exists and is left as it is; name another file or move it away\n"
    assert capsys.readouterr() == ("", message)
    assert Path(old).read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == [old]
