"""The image that a Dockerfile describes, built and run with the kernel's own means. No container engine is needed.

A stage is a folder. RUN and the container see this folder as their root, with this machine's /usr and Python in place
of the base image. So this proves the steps, the files, the user and the start, and nothing about the base image.
"""

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dockerfile_parse import DockerfileParser
from pathspec import PathSpec

from tests.e2e.checkout import copied, files
from tests.e2e.process import Process, run, running
from tests.programs import program, skip_or_fail

_ETC = ("alternatives", "hosts", "ld.so.cache", "nsswitch.conf", "resolv.conf", "ssl")
_BASE = [Path(each) for each in dict.fromkeys(["/usr", sys.base_prefix, "/dev/null", "/dev/urandom"])]
_BASE += [Path("/etc", name) for name in _ETC]
_PIP = [Path("/etc/pip.conf"), Path.home() / ".config/pip"]
_SHELLS = [Path("/usr/bin/dash"), Path("/usr/bin/bash")]


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine at a place in the container."""

    source: Path
    target: str
    mode: str = "ro"


@dataclass(frozen=True)
class Image:
    """The files of a stage, and what its instructions say."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def command(self, instruction: str) -> list[str]:
        """The program and its arguments. Raises ValueError if a shell would have to read them."""
        command: list[str] = json.loads(self.said[instruction].rpartition("CMD ")[2])
        return command

    def place(self, path: str) -> Path:
        """Where a path of the image is on this machine. It may be relative to WORKDIR."""
        return self.root / str(Path(self.said.get("WORKDIR", "/"), path)).lstrip("/")


def build(dockerfile: Path, folder: Path) -> Image:
    """Carry out each instruction in a new folder. Return the last stage.

    Raises:
        AssertionError: a step of RUN failed.
    """
    if run(program("unshare"), "--mount", "true").returncode:
        skip_or_fail("only root with the capability SYS_ADMIN can mount folders")
    context = _context(dockerfile, folder / "context")
    stages: dict[str, Image] = {}
    for each in DockerfileParser(fileobj=StringIO(dockerfile.read_text())).structure:
        if each["instruction"] == "FROM":
            image = Image(_empty_root(folder / f"stage{len(stages)}"))
            stages[each["value"].partition(" AS ")[2]] = image
        elif each["instruction"] != "COMMENT":
            _carry_out(each["instruction"], each["value"], image, {**stages, "": Image(context)})
    return image


@contextmanager
def container(image: Image, mounts: list[Mount], *command: str, **variables: str) -> Iterator[Process]:
    """Run the image as process 1 of its user, who has no capability. The root is read-only, and no shell can be run.

    The command takes the place of the one in the image.
    """
    hidden = [Mount(Path("/dev/null"), str(shell)) for shell in _SHELLS]
    start = (*_as_user(image, variables), *image.command("ENTRYPOINT"), *(command or image.command("CMD")))
    with running(*_isolated(image, [*hidden, *mounts], "ro", *start)) as process:
        yield process


def execute(image: Image, pid: int, command: list[str], **variables: str) -> tuple[int, str]:
    """Run a command as the image's user in the container of that process. Return the exit status and all output."""
    enter = (program("nsenter"), "--target", str(pid), "--mount", "--pid", "--root")
    outcome = run(*enter, *_as_user(image, variables), *command)
    return outcome.returncode, outcome.stdout + outcome.stderr


def first_process(process: Process) -> int:
    """The number that process 1 of the container has on this machine."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())


def writable_mounts(pid: int) -> set[str]:
    """The places in the container that are not mounted read-only."""
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    return {mount[4] for mount in mounts if mount[5].startswith("rw")}


def _context(dockerfile: Path, folder: Path) -> Path:
    """The files that the build may copy."""
    copied(folder)
    ignored = dockerfile.with_name(f"{dockerfile.name}.dockerignore").read_text()
    for name in PathSpec.from_lines("gitignore", ignored.splitlines()).match_files(files(folder)):
        (folder / name).unlink()
    return folder


def _empty_root(root: Path) -> Path:
    root.mkdir()
    for name in ("proc", "tmp"):
        (root / name).mkdir()
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    return root


def _carry_out(instruction: str, value: str, image: Image, stages: dict[str, Image]) -> None:
    """One instruction. The stage without a name is the context of the build."""
    match instruction:
        case "COPY":
            _copy(value, image, stages)
        case "RUN":
            _run(value, image)
        case "ENV":
            image.env.update((name, text) for name, _, text in (pair.partition("=") for pair in shlex.split(value)))
        case "WORKDIR":
            image.said[instruction] = value
            image.place(".").mkdir(parents=True, exist_ok=True)
        case _:
            image.said[instruction] = value


def _copy(value: str, image: Image, stages: dict[str, Image]) -> None:
    origin, names = re.fullmatch(r"(?:--from=(\S+) )?(.+)", value).groups(default="")  # type: ignore[union-attr]
    *sources, target = names.split()
    for source in (stages[origin].place(name) for name in sources):
        image.place(target).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, image.place(target), symlinks=True, dirs_exist_ok=True, copy_function=os.link)
        else:
            image.place(target).mkdir(exist_ok=True)
            shutil.copy2(source, image.place(target))


def _run(value: str, image: Image) -> None:
    """Run a command as root, with this machine's settings and cache of pip."""
    caches = [Mount(Path.home() / ".cache/pip", target, "rw") for target in re.findall(r"target=(\S+)", value)]
    settings = [Mount(path, str(path)) for path in _PIP]
    shell = ("/usr/bin/env", "-C", image.said.get("WORKDIR", "/"), "sh", "-c", re.sub(r"--mount=\S+", "", value))
    env = {name: text for name, text in os.environ.items() if name.startswith(("PIP_", "SSL_", "http"))}
    env |= {"HOME": str(Path.home()), "PATH": f"{sys.base_prefix}/bin:/usr/sbin:/usr/bin", **image.env}
    done = run(*_isolated(image, [*caches, *settings], "rw", *shell), env=env, patience=300)
    assert done.returncode == 0, done.stdout + done.stderr


def _as_user(image: Image, variables: dict[str, str]) -> tuple[str, ...]:
    """The beginning of a command with the image's user, folder and environment, and with these variables."""
    user, _, group = image.said["USER"].partition(":")
    settings = (f"{name}={value}" for name, value in {**image.env, **variables}.items())
    rights = ("--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
    setpriv = ("/usr/bin/setpriv", "--reuid", user, "--regid", group, *rights)
    return ("/usr/bin/env", "-i", "-C", image.said["WORKDIR"], *settings, *setpriv)


def _isolated(image: Image, mounts: list[Mount], mode: str, *command: str) -> tuple[str, ...]:
    """The command in namespaces of its own for mounts and processes. `mode` says whether it can write to the root."""
    root = shlex.quote(str(image.root))
    all_mounts = [mount for mount in [*(Mount(path, str(path)) for path in _BASE), *mounts] if mount.source.exists()]
    lines = [f"set -e; mount --bind {root} {root}", *_mount_commands(image, all_mounts)]
    lines += [
        f"mount -t proc -o ro proc {root}/proc",
        f"mount -o remount,bind,{mode} {root}",
        f'exec chroot {root} "$@"',
    ]
    unshare = (program("unshare"), "--mount", "--pid", "--fork", "--kill-child")
    return (*unshare, "sh", "-c", "\n".join([*lines, f'exec chroot {root} "$@"']), "sh", *command)


def _mount_commands(image: Image, mounts: Iterable[Mount]) -> Iterator[str]:
    for mount in mounts:
        place = image.place(mount.target)
        if mount.source.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif not mount.target.startswith("/usr/"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        source, target = shlex.quote(str(mount.source)), shlex.quote(str(place))
        yield f"mount --bind {source} {target}; mount -o remount,bind,{mount.mode} {target}"
