"""The server as a process of another user, whose settings and secrets are in a Secret volume of Kubernetes."""

import os
from pathlib import Path

from tests.e2e.instances import TABLES, TokenKeys, instances, signed_now
from tests.e2e.process import COMMAND
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
    for file in data.iterdir():
        os.chown(file, 0, FS_GROUP)
        file.chmod(0o440)
        if not (volume / file.name).is_symlink():
            (volume / file.name).symlink_to(f"..data/{file.name}")
    (volume / TEMPORARY).symlink_to(version)
    (volume / TEMPORARY).replace(volume / "..data")
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
