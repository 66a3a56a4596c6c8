"""The files of a service, which `snap-token init --system` creates."""

import os
import pwd
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.cli import main, system_layout
from handlers.config.settings import Settings
from tests.nicepay import Nicepay
from tests.users import OPERATOR, OPERATORS_GROUP, SERVER_GROUP, SERVER_USER, acting_as, open_folder, owner

MODES = {
    "etc/snap-token": 0o750,
    "etc/snap-token/keys": 0o750,
    "etc/snap-token/keys/audit.key": 0o600,
    "etc/snap-token/keys/audit.key.pub": 0o644,
    "etc/snap-token/keys/token.keys": 0o600,
    "etc/snap-token/snap-token.toml": 0o640,
    "var/lib/snap-token": 0o700,
    "var/lib/snap-token/audit": 0o700,
}
SETTINGS = "etc/snap-token/snap-token.toml"


def _init(root: Path, *more: str) -> int:
    return main(["init", "--system", "--root", str(root), *more])


def _files(root: Path) -> dict[str, Path]:
    return {name: root / name for name in MODES}


def test_the_files_of_a_service_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    """Any user can try it below a folder. The modes are those of a service, and three next steps are named."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as root, acting_as(OPERATOR, OPERATORS_GROUP):
        assert _init(root) == 0
        assert {name: S_IMODE(file.stat().st_mode) for name, file in _files(root).items()} == MODES
        output = capsys.readouterr().out
    assert f"0600  {OPERATOR}  {root}/etc/snap-token/keys/token.keys\n" in output
    assert f"client add --config {root}/{SETTINGS}" in output
    assert "systemctl enable --now snap-token" in output


def test_the_settings_need_clients_only(tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are valid for production as soon as a client is added."""
    monkeypatch.setattr(os, "geteuid", lambda: OPERATOR)
    assert _init(tmp_path) == 0
    (tmp_path / "nicepay.pem").write_text(nicepay.public_pem)
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", f"sqlite:///{tmp_path}/var/lib/snap-token/state.db")
    monkeypatch.setenv("SNAP_TOKEN__AUDIT__DIR", f"{tmp_path}/var/lib/snap-token/audit")
    added = ["--id", "A", "--public-key", str(tmp_path / "nicepay.pem")]
    assert main(["client", "add", "--config", str(tmp_path / SETTINGS), *added]) == 0
    settings = Settings.load(tmp_path / SETTINGS)
    assert not settings.sandbox.enabled
    assert settings.server.host == "127.0.0.1"


def test_root_gives_the_files_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service owns keys and state. It reads the settings through its group, and cannot replace any key file."""
    entry = pwd.struct_passwd(("snap", "x", SERVER_USER, SERVER_GROUP, "", "/", "/bin/false"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: entry)
    with open_folder() as root:
        assert _init(root, "--user", "snap") == 0
        owners = {name: owner(file) for name, file in _files(root).items()}
    roots = {"etc/snap-token", "etc/snap-token/keys", SETTINGS}
    assert {name for name, ids in owners.items() if ids == (0, SERVER_GROUP)} == roots
    assert {ids for name, ids in owners.items() if name not in roots} == {(SERVER_USER, SERVER_GROUP)}


@pytest.mark.parametrize("existing", [system_layout.CONFIG, system_layout.STATE])
def test_nothing_is_overwritten(existing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If one of both folders exists, nothing is created."""
    (tmp_path / existing).mkdir(parents=True)
    assert _init(tmp_path) == 2
    assert f"{tmp_path / existing} exists and is left as it is" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*snap-token*")) == [tmp_path / existing]


def test_an_unknown_user_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the user of the service nothing is created, and the message has the command that adds the user."""
    with open_folder() as root:
        assert _init(root, "--user", "nobody-knows") == 2
        assert list(root.iterdir()) == []
    assert "there is no user nobody-knows; run: useradd --system" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A user who cannot write there is told to run the command as root, or to name a folder."""
    with open_folder() as root, acting_as(OPERATOR, OPERATORS_GROUP):
        assert _init(root) == 2
    assert "cannot be created: Permission denied; run this as root, or name a folder: --root" in capsys.readouterr().err


def test_an_attempt_that_fails_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """After the cause is removed, the same command works: it does not find what it made itself."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as root, acting_as(OPERATOR, OPERATORS_GROUP):
        (root / "etc").touch()
        assert _init(root) == 2
        assert f"{root}/etc cannot be created: File exists" in capsys.readouterr().err
        assert list((root / "var" / "lib").iterdir()) == []
        (root / "etc").unlink()
        assert _init(root) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--system", "sandbox"], "--system makes no sandbox"),
        (["--system", "--calls"], "--system makes no sandbox"),
        (["sandbox", "--root", "x"], "--root and --user are for --system"),
        ([], "name the folder of the sandbox"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service and a sandbox are two things."""
    assert main(["init", *arguments]) == 2
    assert message in capsys.readouterr().err
