"""New keys from the command."""

from pathlib import Path
from stat import S_IMODE

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handlers.cli import main
from handlers.snap.keys import load_public_key


def _mode(file: Path) -> int:
    return S_IMODE(file.stat().st_mode)


def test_a_token_key_is_made(tmp_path: Path) -> None:
    """`keygen token` makes a file with one Fernet key on one line, another each time, for its owner alone."""
    files = [tmp_path / "one", tmp_path / "two"]
    assert [main(["keygen", "token", str(file)]) for file in files] == [0, 0]
    keys = [file.read_text() for file in files]
    assert len(set(keys)) == 2
    assert all(key.endswith("\n") and Fernet(key.strip()) for key in keys)
    assert [_mode(file) for file in files] == [0o600, 0o600]


def test_a_key_pair_is_made(tmp_path: Path) -> None:
    """`keygen pair` makes a private key of 2048 bits for its owner alone, and its public key for everybody."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    assert main(["keygen", "pair", str(private), str(public)]) == 0
    key = load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.public_key() == load_public_key(public.read_text())
    assert key.key_size == 2048
    assert (_mode(private), _mode(public)) == (0o600, 0o644)


@pytest.mark.parametrize(
    ("arguments", "old"),
    [(["token", "a"], "a"), (["pair", "a", "b"], "a"), (["pair", "a", "b"], "b")],
    ids=["token", "private", "public"],
)
def test_existing_keys_are_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    old: str,
) -> None:
    """A key that exists is not overwritten: one line, status 2, and the old key is as it was."""
    monkeypatch.chdir(tmp_path)
    Path(old).write_text("old")
    assert main(["keygen", *arguments]) == 2
    message = f"snap-token: {old} exists and is left as it is; name another file or move it away\n"
    assert capsys.readouterr() == ("", message)
    assert Path(old).read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == [old]
