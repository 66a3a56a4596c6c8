"""Add, suspend, resume and list clients."""

import os
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.cli import main
from handlers.cli.files.atomic_write import locked
from handlers.config.presets import presets
from handlers.config.settings import Settings
from tests.merchant import write_settings
from tests.nicepay import Nicepay, new_key
from tests.users import (
    OPERATOR,
    OPERATORS_GROUP,
    SERVER_GROUP,
    SERVER_USER,
    acting_as,
    give_all,
    open_folder,
    owner,
)

NO_ID = "must be 1 to 36 visible ASCII characters; found 3 characters; character 2 is U+0020 SPACE"


def _add(settings_file: Path, *options: str, client: str = "NEW", key: str = "IONPAYTEST.pem") -> int:
    file = str(settings_file.with_name(key))
    return main(["client", "add", "--config", str(settings_file), "--id", client, "--public-key", file, *options])


def _files(settings_file: Path) -> set[str]:
    return {file.name for file in settings_file.parent.iterdir()}


def test_a_client_is_added(settings_file: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """A new client has its key, a secret in a file of mode 0600, and the defaults. Nothing else changes."""
    before = settings_file.read_text()
    assert _add(settings_file) == 0
    assert settings_file.read_text() == (
        f'{before}\n\n[[clients]]\nid = "NEW"\npublic_keys = ["IONPAYTEST.pem"]\nclient_secret_file = "NEW.secret"\n'
    )
    old, new = Settings.load(settings_file).clients
    assert (old.id, new.id, new.partner_id, new.call_signature) == ("IONPAYTEST", "NEW", "NEW", "asymmetric")
    assert new.public_keys == (nicepay.private_key.public_key(),)
    file = settings_file.with_name("NEW.secret")
    assert (new.client_secret_file[0], S_IMODE(file.stat().st_mode)) == (file.read_bytes().strip(), 0o600)
    assert capsys.readouterr().err == ""


def _fingerprint(nicepay: Nicepay) -> str:
    spki = nicepay.private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).hexdigest()


def test_the_output_has_what_nicepay_needs(
    settings_file: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output has the client ID, the secret, the file of the secret, and the fingerprint to compare."""
    assert _add(settings_file) == 0
    file = settings_file.with_name("NEW.secret")
    out, err = capsys.readouterr()
    assert out.startswith(f"Client ID      NEW\nClient secret  {file.read_text()}\n")
    assert f"stays in {file}\n" in out
    assert f"\n  {_fingerprint(nicepay)}  2048 bits\n" in out
    assert err == ""


def test_every_client_has_another_secret(settings_file: Path) -> None:
    """A secret has 43 characters, which are 256 random bits, and each client has another one."""
    assert [_add(settings_file, client=client) for client in ("B", "C")] == [0, 0]
    secrets = {settings_file.with_name(f"{client}.secret").read_text().strip() for client in ("B", "C")}
    assert [len(secret) for secret in secrets] == [43, 43]


def test_a_client_is_added_with_options(settings_file: Path, nicepay: Nicepay, stranger: Nicepay) -> None:
    """Several keys, a partner ID and symmetric signatures are written to the settings."""
    other = settings_file.with_name("other.pem")
    other.write_text(stranger.public_pem)
    assert _add(settings_file, str(other), "--partner-id", "P", "--symmetric") == 0
    new = Settings.load(settings_file).clients[1]
    assert new.public_keys == (nicepay.private_key.public_key(), stranger.private_key.public_key())
    assert (new.partner_id, new.call_signature) == ("P", "symmetric")
    assert new.call_secrets[0] == settings_file.with_name("NEW.secret").read_bytes().strip()


def test_keys_may_be_in_another_folder(
    settings_file: Path, tmp_path_factory: pytest.TempPathFactory, stranger: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key path is relative to the working directory on the command line, and relative to the settings in the file."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "new.pem").write_text(stranger.public_pem)
    monkeypatch.chdir(elsewhere)
    assert main(["client", "add", "--config", str(settings_file), "--id", "NEW", "--public-key", "new.pem"]) == 0
    assert Settings.load(settings_file).clients[1].public_keys == (stranger.private_key.public_key(),)
    assert tomllib.loads(settings_file.read_text())["clients"][1]["public_keys"] == [f"{elsewhere}/new.pem"]


def test_the_first_client_is_added(settings_file: Path) -> None:
    """Settings that lack only a client are valid after the first client is added."""
    settings_file.write_text("# empty\n")
    assert _add(settings_file) == 0
    assert [client.id for client in Settings.load(settings_file).clients] == ["NEW"]


def test_any_id_gives_a_safe_file_name(settings_file: Path) -> None:
    """The secret of a client with any ID is in a file beside the settings. Its name has only safe characters."""
    assert _add(settings_file, client="../A.b:c") == 0
    assert "___A_b_c.secret" in _files(settings_file)


@pytest.mark.parametrize(
    ("client", "key", "mistake"),
    [
        ("IONPAYTEST", "IONPAYTEST.pem", "clients[1].id: another client has this id"),
        ("A B", "IONPAYTEST.pem", f"clients[1].id: {NO_ID}"),
        ("NEW", "nothing", "clients[1].public_keys[0]: FOLDER/nothing cannot be read: No such file or directory"),
    ],
)
def test_a_bad_client_changes_nothing(
    settings_file: Path, capsys: pytest.CaptureFixture[str], client: str, key: str, mistake: str
) -> None:
    """A client that would make the settings invalid is an error with its key, and no file changes. The status is 2."""
    before, files = settings_file.read_text(), _files(settings_file)
    assert _add(settings_file, client=client, key=key) == 2
    expected = f"snap-token: {settings_file}: {mistake.replace('FOLDER', str(settings_file.parent))}\n"
    assert capsys.readouterr() == ("", expected)
    assert (settings_file.read_text(), _files(settings_file)) == (before, files)


def test_a_secret_that_exists_is_kept(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the file of the new secret exists, it stays, and no client is added. The exit status is 2."""
    file = settings_file.with_name("NEW.secret")
    file.write_text("old")
    assert _add(settings_file) == 2
    expected = f"snap-token: {file} exists and is left as it is; name another file or move it away\n"
    assert capsys.readouterr() == ("", expected)
    assert (file.read_text(), len(Settings.load(settings_file).clients)) == ("old", 1)


def test_an_existing_client_is_reported_before_its_secret(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the client exists already, the error names the client, and does not advise to move its secret away."""
    assert _add(settings_file) == 0
    capsys.readouterr()
    assert _add(settings_file) == 2
    assert capsys.readouterr() == ("", f"snap-token: {settings_file}: clients[2].id: another client has this id\n")


def test_settings_keep_their_mode(settings_file: Path) -> None:
    """A settings file keeps its mode when it is changed."""
    settings_file.chmod(0o640)
    assert _add(settings_file) == 0
    assert S_IMODE(settings_file.stat().st_mode) == 0o640


def test_settings_behind_a_link_are_changed(
    settings_file: Path, tmp_path_factory: pytest.TempPathFactory, stranger: Nicepay
) -> None:
    """If the settings file is a link, paths are relative to the link, and the target of the link is changed."""
    target = settings_file.rename(tmp_path_factory.mktemp("elsewhere") / "target.toml")
    settings_file.symlink_to(target)
    settings_file.with_name("other.pem").write_text(stranger.public_pem)
    assert _add(settings_file, key="other.pem") == 0
    assert settings_file.is_symlink()
    assert len(Settings.load(settings_file).clients) == 2


def test_clients_are_listed(settings_file: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """Each client is one row of a table, followed by one line for each of its keys."""
    weak = Nicepay("SHORT", new_key(1024))
    settings_file.with_name("short.pem").write_text(weak.public_pem)
    short = str(settings_file.with_name("short.pem"))
    assert _add(settings_file, short, "--partner-id", "PARTNER", "--symmetric") == 0
    assert main(["client", "suspend", "--config", str(settings_file), "--id", "NEW"]) == 0
    capsys.readouterr()
    assert main(["client", "list", "--config", str(settings_file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "id          partner id  signature   keys                  tolerance  suspended",
        "IONPAYTEST  IONPAYTEST  asymmetric  1 of 2048 bits        300 s      no",
        f"  {_fingerprint(nicepay)}  2048 bits",
        "NEW         PARTNER     symmetric   2 of 2048, 1024 bits  300 s      yes (settings)",
        f"  {_fingerprint(nicepay)}  2048 bits",
        f"  {_fingerprint(weak)}  1024 bits",
    ]


def test_one_change_at_a_time(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While another command changes files beside the settings, a change is refused. The exit status is 2."""
    with locked(settings_file.parent):
        assert _add(settings_file) == 2
    expected = f"another command is changing files in {settings_file.parent}; run this again when it has ended"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")


@pytest.mark.parametrize("command", ["add", "suspend", "list"])
def test_missing_settings_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """If the settings file is missing, one line on standard error says so. The exit status is 2."""
    file = tmp_path / "nothing.toml"
    options = {"add": ["--id", "A", "--public-key", "a"], "suspend": ["--id", "A"], "list": []}
    assert main(["client", command, "--config", str(file), *options[command]]) == 2
    assert capsys.readouterr() == ("", f"snap-token: {file} cannot be read: No such file or directory\n")


@pytest.fixture
def server_s(nicepay: Nicepay) -> Iterator[Path]:
    """Settings that belong to the server's user, with all files beside them."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        file = write_settings(folder, nicepay)
        file.chmod(0o640)
        give_all(folder, SERVER_USER, SERVER_GROUP)
        yield file


def test_a_secret_belongs_to_the_owner_of_the_settings(server_s: Path) -> None:
    """If root adds a client, the new secret and the settings belong to the server's user."""
    assert _add(server_s) == 0
    assert owner(server_s.with_name("NEW.secret")) == (SERVER_USER, SERVER_GROUP)
    with acting_as(SERVER_USER, SERVER_GROUP):
        assert [client.id for client in Settings.load(server_s).clients] == ["IONPAYTEST", "NEW"]


@pytest.mark.parametrize("user", [0, OPERATOR], ids=["root", "operator"])
def test_a_secret_beside_settings_of_others_belongs_to_the_owner_of_the_token_keys(server_s: Path, user: int) -> None:
    """If the settings belong to another user, the secret gets the owner of the token keys."""
    os.chown(server_s, user, SERVER_GROUP)
    assert _add(server_s) == 0
    assert owner(server_s) == (user, SERVER_GROUP)
    with acting_as(SERVER_USER, SERVER_GROUP):
        assert [client.id for client in Settings.load(server_s).clients] == ["IONPAYTEST", "NEW"]


def test_a_secret_beside_token_keys_of_root_belongs_to_the_owner_of_the_settings(server_s: Path) -> None:
    """If the token keys belong to root, the secret gets the owner of the settings."""
    os.chown(server_s.with_name("token.keys"), 0, 0)
    assert _add(server_s) == 0
    assert owner(server_s.with_name("NEW.secret")) == (SERVER_USER, SERVER_GROUP)


def test_a_public_key_that_the_server_s_user_cannot_read_is_not_added(
    server_s: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A public key that only root can read is refused, because the server could not start again."""
    key = server_s.with_name("IONPAYTEST.pem")
    os.chown(key, 0, 0)
    key.chmod(0o600)
    before, files = server_s.read_text(), _files(server_s)
    assert _add(server_s) == 2
    expected = "cannot be read: Permission denied, by the server's user; put a copy that this user can read beside"
    assert capsys.readouterr() == ("", f"snap-token: {key} {expected} the settings file, and name the copy\n")
    assert (server_s.read_text(), _files(server_s)) == (before, files)


@pytest.mark.parametrize("mode", [0o666, 0o644], ids=oct)
def test_a_user_who_cannot_change_owners_adds_no_client(
    server_s: Path, capsys: pytest.CaptureFixture[str], mode: int
) -> None:
    """A user who cannot change the owner of a file changes nothing. One line names the owner, and the status is 2."""
    for file in (*server_s.parent.iterdir(), server_s):
        file.chmod(0o600 if file.name == "token.keys" else mode)
    os.chown(server_s.with_name("token.keys"), OPERATOR, OPERATORS_GROUP)
    os.chown(server_s.parent, -1, OPERATORS_GROUP)
    server_s.parent.chmod(0o770)
    before, files = server_s.read_text(), _files(server_s)
    with acting_as(OPERATOR, OPERATORS_GROUP):
        assert _add(server_s) == 2
        assert main(["client", "suspend", "--config", str(server_s), "--id", "IONPAYTEST"]) == 2
    out, err = capsys.readouterr()
    expected = f"cannot be written: it must belong to {SERVER_USER}:{SERVER_GROUP}, and you cannot change its owner; "
    assert out == ""
    assert [line.partition(expected)[0] for line in err.splitlines()] == [
        f"snap-token: {server_s} ",
        f"snap-token: {server_s} ",
    ]
    assert (server_s.read_text(), _files(server_s)) == (before, files)


def test_the_owner_changes_settings_of_another_group(server_s: Path) -> None:
    """The owner changes settings that have another group, if the mode gives that group nothing."""
    os.chown(server_s, SERVER_USER, OPERATORS_GROUP)
    server_s.chmod(0o600)
    with acting_as(SERVER_USER, SERVER_GROUP):
        assert _add(server_s) == 0
        assert main(["client", "suspend", "--config", str(server_s), "--id", "NEW"]) == 0
        assert [client.suspended for client in Settings.load(server_s).clients] == [False, True]


@pytest.mark.parametrize("name", presets())
def test_a_client_is_added_with_a_preset(settings_file: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """The settings get the name of the preset alone. The output has its values and its acquirer."""
    before = settings_file.read_text()
    assert _add(settings_file, "--preset", name) == 0
    assert settings_file.read_text() == (
        f'{before}\n\n[[clients]]\npreset = "{name}"\nid = "NEW"\npublic_keys = ["IONPAYTEST.pem"]\n'
        'client_secret_file = "NEW.secret"\n'
    )
    client = Settings.load(settings_file).clients[1]
    out, err = capsys.readouterr()
    assert (client.preset, err) == (name, "")
    assert f"\nPreset {name} for {presets()[name].acquirer}." in out
    assert f"\nSend both to {presets()[name].acquirer.partition(':')[0]} over a channel" in out


def test_options_win_over_the_preset(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A partner ID on the command line replaces that of the preset, and the output says so."""
    assert _add(settings_file, "--preset", "mandiri", "--partner-id", "P") == 0
    client = Settings.load(settings_file).clients[1]
    assert (client.partner_ids, client.channel_id) == (("P",), "6021")
    assert 'partner_id = "BMRI", not used because you gave another value\n' in capsys.readouterr().out


@pytest.mark.parametrize(("name", "advice"), [("bcaa", "did you mean bca?"), ("", "the presets are: nicepay, ")])
def test_an_unknown_preset_changes_nothing(
    settings_file: Path, capsys: pytest.CaptureFixture[str], name: str, advice: str
) -> None:
    """The error is one line with the nearest names, and no file changes. The status is 2."""
    before, files = settings_file.read_text(), _files(settings_file)
    assert _add(settings_file, "--preset", name) == 2
    out, err = capsys.readouterr()
    mistake = f"{settings_file}: clients[1].preset: there is no preset of this name; {advice}"
    assert (out, err.startswith(f"snap-token: {mistake}"), err.count("\n")) == ("", True, 1)
    assert (settings_file.read_text(), _files(settings_file)) == (before, files)


@pytest.mark.parametrize("options", [["--partner-id", "P", "Q"], ["--partner-id", "P", "--partner-id", "Q"]])
def test_a_client_may_have_several_partner_ids(
    settings_file: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """The settings get a list, and the list of clients shows all of them."""
    assert _add(settings_file, *options) == 0
    assert 'partner_id = ["P", "Q"]\n' in settings_file.read_text()
    assert Settings.load(settings_file).clients[1].partner_ids == ("P", "Q")
    assert main(["client", "list", "--config", str(settings_file)]) == 0
    assert "NEW         P, Q        asymmetric" in capsys.readouterr().out


def test_a_notification_key_is_added(
    settings_file: Path, stranger: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings name the file, and the output has the fingerprint of the key."""
    file = settings_file.with_name("notification.pem")
    file.write_text(stranger.public_pem)
    assert _add(settings_file, "--notification-key", str(file)) == 0
    assert 'notification_keys = ["notification.pem"]\n' in settings_file.read_text()
    assert Settings.load(settings_file).clients[1].notification_keys == (stranger.private_key.public_key(),)
    assert "  2048 bits, notifications\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("nothing.pem", "notification_keys[0]: FOLDER/nothing.pem cannot be read: No such file or directory"),
        (
            "IONPAYTEST.pem",
            "notification_keys[0]: this key is also in public_keys; notifications need a key of their own",
        ),
    ],
)
def test_a_wrong_notification_key_changes_nothing(
    settings_file: Path, capsys: pytest.CaptureFixture[str], name: str, mistake: str
) -> None:
    """The error is one line that names the key, and no file changes. The status is 2."""
    before, files = settings_file.read_text(), _files(settings_file)
    assert _add(settings_file, "--notification-key", str(settings_file.with_name(name))) == 2
    expected = mistake.replace("FOLDER", str(settings_file.parent))
    assert capsys.readouterr() == ("", f"snap-token: {settings_file}: clients[1].{expected}\n")
    assert (settings_file.read_text(), _files(settings_file)) == (before, files)


def test_a_notification_key_that_the_server_s_user_cannot_read_is_not_added(
    server_s: Path, stranger: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """A notification key that only root can read is refused, because the server could not start again."""
    key = server_s.with_name("notification.pem")
    key.write_text(stranger.public_pem)
    os.chown(key, 0, 0)
    key.chmod(0o600)
    before, files = server_s.read_text(), _files(server_s)
    assert _add(server_s, "--notification-key", str(key)) == 2
    expected = "cannot be read: Permission denied, by the server's user; put a copy that this user can read beside"
    assert capsys.readouterr() == ("", f"snap-token: {key} {expected} the settings file, and name the copy\n")
    assert (server_s.read_text(), _files(server_s)) == (before, files)
