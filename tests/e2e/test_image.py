"""The Dockerfile in docs/deploy/container: its steps, and the container that they make."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.image import Image, Mount, build, container, execute, first_process, writable_mounts
from tests.e2e.instances import Instance, TokenKeys, signed_now
from tests.e2e.process import free_port
from tests.nicepay import Nicepay
from tests.pages import DEPLOY
from tests.users import open_folder

DOCKERFILE = DEPLOY / "container/Dockerfile"
USER = 10001
STATE = "/var/lib/snap-token"
SETTINGS = "/etc/snap-token/snap-token.toml"
UNCHECKED_HASH = (0b01).to_bytes(4, "little")
"""Bytes 4 to 8 of a file of bytecode that Python uses without a look at the source."""


@pytest.fixture(scope="module")
def image(registry: None) -> Iterator[Image]:  # noqa: ARG001  it skips the test
    """The image, built from a copy of this checkout."""
    with open_folder() as folder:
        yield build(DOCKERFILE, folder)


@pytest.fixture
def files() -> Iterator[Path]:
    """A folder of the user of the image."""
    with open_folder(USER, USER) as folder:
        yield folder


@pytest.fixture
def mounts(image: Image, files: Path, nicepay: Nicepay) -> list[Mount]:
    """The settings and the state that the steps in the documentation create, mounted as they say."""
    settings, state = files / "etc/snap-token", Mount(files / STATE.lstrip("/"), STATE, "rw")
    _finish(image, [Mount(files, "/files", "rw")], "init", "--system", "--root", "/files")
    (settings / "keys/nicepay.pem").write_text(nicepay.public_pem)
    client = ("--id", nicepay.client_key, "--public-key", "/etc/snap-token/keys/nicepay.pem")
    add = ("client", "add", "--config", SETTINGS, *client)
    _finish(image, [Mount(settings, "/etc/snap-token", "rw"), state], *add)
    return [Mount(settings, "/etc/snap-token"), state]


def _finish(image: Image, mounts: list[Mount], *command: str) -> None:
    with container(image, mounts, *command) as process:
        assert process.status() == 0, list(process.err)


def test_the_container_serves_on_a_read_only_root(image: Image, mounts: list[Mount], nicepay: Nicepay) -> None:
    """Without root, a shell and a capability, the container gives a token, is healthy, finds no error, and stops."""
    ports = {f"SNAP_TOKEN__{name}__PORT": str(free_port()) for name in ("SERVER", "INTERNAL")}
    with container(image, mounts, **ports) as process:
        process.err.event("internal.listening")
        pid, served = first_process(process), Instance(process, *map(int, ports.values()))
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert (status["Uid"].split(), int(status["CapEff"], 16)) == ([str(USER)] * 4, 0)
        assert writable_mounts(pid) == {STATE}
        assert TokenKeys(mounts[0].source / "keys/token.keys").issued_at(served.ask(signed_now(nicepay)).token)
        assert (mounts[1].source / "state.db").exists()
        assert execute(image, pid, image.command("HEALTHCHECK"), **ports) == (0, "")
        examined = execute(image, pid, [*image.command("ENTRYPOINT"), "self-check", "--config", SETTINGS], **ports)
        assert examined[0] == 0, examined[1]
        os.kill(pid, signal.Signals[image.said["STOPSIGNAL"]])
        assert process.status() == 0


def test_all_modules_are_compiled(image: Image) -> None:
    """Each module has bytecode that Python uses as it is, because nobody can write bytecode on a read-only root."""
    modules = list(image.place("/opt/snap-token").rglob("*.py"))
    compiled = [module.parent / f"__pycache__/{module.stem}.{sys.implementation.cache_tag}.pyc" for module in modules]
    assert modules
    assert {file.read_bytes()[4:8] for file in compiled} == {UNCHECKED_HASH}


def test_a_new_volume_belongs_to_the_server(image: Image) -> None:
    """A new volume gets the owner and mode of the folder for the state, which is open to the server alone."""
    status = image.place(STATE).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (USER, USER, 0o700)
