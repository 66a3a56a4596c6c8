"""The server as a process of another user, whose settings and secrets are in a Secret volume of Kubernetes."""

import os
from pathlib import Path

from tests.e2e.instances import TABLES, TokenKeys, instances, signed_now
from tests.e2e.process import COMMAND, environment, run
from tests.kubernetes_files import POD, SETTINGS_TEXT, VOLUME
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.users import SERVER_GROUP, SERVER_USER, as_user, open_folder

FS_GROUP = 4005
TEMPORARY = "..data_tmp"


def _publish(volume: Path, version: str, nicepay: Nicepay) -> Path:
    """Write all files to a new folder, then let the link `..data` lead to it, as the kubelet does."""
    data = volume / version
    data.mkdir(mode=0o755)
    settings = write_settings(data, nicepay, extra=TABLES)
    _link(volume, data, FS_GROUP, 0o440)
    return volume / settings.name


def _link(volume: Path, data: Path, group: int, mode: int) -> None:
    """Give the files this group and mode, and let all links of the volume lead to them."""
    for file in data.iterdir():
        os.chown(file, 0, group)
        file.chmod(mode)
        if not (volume / file.name).is_symlink():
            (volume / file.name).symlink_to(f"..data/{file.name}")
    (volume / TEMPORARY).symlink_to(data.name)
    (volume / TEMPORARY).replace(volume / "..data")


def _publish_shipped(volume: Path, nicepay: Nicepay) -> Path:
    """A volume as the files in docs/deploy/kubernetes describe it: the settings, NICEPAY's key, and the Secret."""
    data = volume / "..2026_11_28_22_31_45.1"
    data.mkdir(mode=0o755)
    settings = write_settings(data, nicepay)
    settings.write_text(SETTINGS_TEXT.replace("YOUR-CLIENT-ID", nicepay.client_key))
    (data / f"{nicepay.client_key}.pem").rename(data / "nicepay.pem")
    (data / "internal.secret").write_text("an-internal-secret-of-a-test\n")
    _link(volume, data, POD["securityContext"]["fsGroup"], VOLUME["defaultMode"])
    return volume / settings.name


def test_a_secret_volume_is_read_and_followed(nicepay: Nicepay) -> None:
    """The server reads files of mode 0440 through its group. It applies new keys when the kubelet swaps the link."""
    with open_folder() as volume:
        volume.chmod(0o1777)
        settings = _publish(volume, "..2026_11_28_22_31_45.1", nicepay)
        command: tuple[str | Path, ...] = (*as_user(SERVER_USER, SERVER_GROUP, FS_GROUP), COMMAND)
        with instances(settings, command=command) as (served,):
            keys = settings.with_name("token.keys")
            before = keys.read_bytes()
            assert TokenKeys(keys).issued_at(served.ask(signed_now(nicepay)).token)
            _publish(volume, "..2026_11_28_22_32_45.2", nicepay)
            served.process.err.event("settings.read")
            assert keys.read_bytes() != before
            assert TokenKeys(keys).issued_at(served.ask(signed_now(nicepay)).token)


def test_the_shipped_volume_is_accepted(nicepay: Nicepay) -> None:
    """With the user, group, modes and settings in docs/deploy/kubernetes, the server checks its settings and serves."""
    ids = (POD["securityContext"][name] for name in ("runAsUser", "runAsGroup", "fsGroup"))
    command: tuple[str | Path, ...] = (*as_user(*ids), COMMAND)
    state = {"STATE__URL": "memory://"}  # The state store of the settings is in the cluster.
    with open_folder() as volume:
        volume.chmod(0o1777)
        settings = _publish_shipped(volume, nicepay)
        env = environment(**{f"SNAP_TOKEN__{name}": value for name, value in state.items()})
        checked = run(*command, "serve", "--check", "--config", settings, env=env)
        assert checked.returncode == 0, checked.stderr
        ports = {"SERVER__PORT": "0", "INTERNAL__PORT": "0"}
        with instances(settings, command=command, **state, **ports) as (served,):
            assert TokenKeys(settings.with_name("token.keys")).issued_at(served.ask(signed_now(nicepay)).token)
