"""Everything that must be true before a release: one line for each thing, and the files of the release in `dist/`."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
AUDITED = "tests/requirements.lock"
"""The packages of the server, of its extras and of the tests."""
NO_ANSWER = re.compile(r"requests\.exceptions\.(\w+)|ServiceError|HTTPError|\b[45]\d\d (Client|Server) Error")
"""What pip-audit says if its database cannot be reached or does not work."""
_PROGRAMS = Path(sys.prefix, "release/bin")
"""Where the Makefile installs the programs that run here."""
_LIMIT = 600


class NotReadyError(Exception):
    """Something must change before the release. The message says what, in one line."""


class UnreachableError(Exception):
    """The database of vulnerabilities cannot be reached, or does not work. This does not stop a release."""


def version(root: Path) -> str:
    """The version in the source is one of a release."""
    found = _version(root)
    try:
        is_release = not Version(found).is_prerelease and str(Version(found)) == found
    except InvalidVersion:
        is_release = False
    _require(is_release, f'handlers/__init__.py: "{found}" is not the version of a release')
    return found


def changelog(root: Path) -> str:
    """The changelog has the version, with the date of today."""
    heading = f"## [{_version(root)}] - {time.strftime('%Y-%m-%d')}"
    lines = (root / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    _require(heading in lines, f"CHANGELOG.md: there is no heading {heading!r}")
    return heading.removeprefix("## ")


def documents(root: Path) -> str:
    """The documents are kept as those of this release."""
    names = ["internal.yaml", "snap-token.yaml"]
    _, changed, missing = filecmp.cmpfiles(root / "openapi", root / "openapi/released", names, shallow=False)
    listed = ", ".join(changed + missing)
    _require(not listed, f"openapi/released: not as in openapi: {listed}; run `make release-contract`")
    return "openapi/released is as openapi"


def tree(root: Path) -> str:
    """Each change is committed."""
    changed = _output("git", "status", "--porcelain", cwd=root).splitlines()
    _require(not changed, f"the tree is not clean: {len(changed)} files are changed or new; commit them")
    return "each change is committed"


def tag(root: Path) -> str:
    """The version has no tag yet."""
    name = f"v{_version(root)}"
    _require(not _output("git", "tag", "--list", name, cwd=root), f"the tag {name} exists; raise the version")
    return f"{name} is free"


def build(root: Path) -> str:
    """Two builds of the last commit, in different folders with a different umask, give the same bytes."""
    dist = root / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    with TemporaryDirectory() as other:
        for folder, umask in ((dist, 0o022), (Path(other), 0o077)):
            _build(root, folder, umask)
        names = sorted(file.name for file in dist.iterdir())
        _, changed, missing = filecmp.cmpfiles(dist, other, names, shallow=False)
    _require(not changed + missing, f"two builds differ: {', '.join(changed + missing)}")
    return f"twice the same bytes: {', '.join(names)}"


def metadata(root: Path) -> str:
    """The metadata of both packages is what a package index accepts."""
    packages = [*(root / "dist").glob("*.whl"), *(root / "dist").glob("*.tar.gz")]
    checked = _run(_PROGRAMS / "twine", "--no-color", "check", "--strict", *packages, cwd=root)
    _require(checked.returncode == 0, f"twine check: {' '.join((checked.stdout + checked.stderr).split())}")
    return "twine finds no fault"


def sbom(root: Path) -> str:
    """Write the list of the locked packages, which fits the schema of CycloneDX, and the same for each run."""
    command = ("requirements", "--pyproject", "pyproject.toml", "--output-reproducible", "requirements.lock")
    listed = json.loads(_output(_PROGRAMS / "cyclonedx-py", *command, cwd=root))
    listed["metadata"]["component"]["version"] = _version(root)  # pyproject.toml leaves it to hatchling.
    file = root / "dist" / f"snap_token_server-{_version(root)}.cdx.json"
    file.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    return f"{file.name} lists {len(listed['components'])} packages"


def audit(root: Path, *options: str) -> str:
    """No locked package has a known vulnerability.

    Raises:
        UnreachableError: The database cannot be reached.
    """
    command = ("--vulnerability-service", "osv", "--disable-pip", "--progress-spinner", "off", "--format", "json")
    audited = _run(_PROGRAMS / "pip-audit", *command, *options, "--requirement", AUDITED, cwd=root)
    if not audited.stdout.startswith("{"):
        reason = audited.stderr.strip().rpartition("\n")[2]
        raise UnreachableError if NO_ANSWER.search(audited.stderr) else NotReadyError(f"pip-audit fails: {reason}")
    packages = json.loads(audited.stdout)["dependencies"]
    found = [
        f"{each['name']} {each['version']} ({fault['id']})" for each in packages for fault in each.get("vulns", [])
    ]
    _require(not found, f"known vulnerabilities: {', '.join(found)}")
    return f"{len(packages)} packages, no known vulnerability"


def files(root: Path) -> str:
    """Add the lock for pip, its versions alone for pipx and uv, and the checksums of all files."""
    dist, lock = root / "dist", (root / "requirements.lock").read_text(encoding="utf-8")
    versions = re.findall(r"^(\w.*?) *\\$", lock, re.MULTILINE)
    (dist / "requirements.txt").write_text(lock)
    (dist / "constraints.txt").write_text("\n".join(versions) + "\n")
    sums = {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(dist.iterdir())}
    (dist / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    return f"dist/SHA256SUMS names {len(sums)} files"


CHECKS: list[Callable[[Path], str]] = [
    version, changelog, documents, tree, tag, build, metadata, sbom, audit, files
]  # fmt: skip


def main(root: Path = ROOT) -> int:
    """Print a line for each check. The exit status is 1 if one has failed."""
    failed = False
    for check in CHECKS:
        try:
            sys.stdout.write(f"ok       {check.__name__}: {check(root)}\n")
        except (NotReadyError, OSError, subprocess.SubprocessError) as error:
            failed = True
            sys.stdout.write(f"MISSING  {check.__name__}: {error}\n")
        except UnreachableError:
            sys.stdout.write(f"unknown  {check.__name__}: the database cannot be reached; try again where it can\n")
    return int(failed)


def _version(root: Path) -> str:
    found = re.search(r'^__version__ = "(.*)"$', (root / "handlers/__init__.py").read_text(), re.MULTILINE)
    return found[1] if found else ""


def _build(root: Path, folder: Path, umask: int) -> None:
    epoch = _output("git", "log", "-1", "--format=%ct", cwd=root).strip()
    with TemporaryDirectory() as source:
        _output("git", "archive", "--output", f"{source}/source.tar", "HEAD", cwd=root)
        _output("tar", "-xf", "source.tar", cwd=Path(source), umask=umask)
        Path(source, "source.tar").unlink()
        command = (sys.executable, "-m", "hatchling", "build", "--directory", folder.resolve())
        _output(*command, cwd=Path(source), umask=umask, SOURCE_DATE_EPOCH=epoch)


def _output(*command: str | Path, cwd: Path, umask: int = -1, **variables: str) -> str:
    done = _run(*command, cwd=cwd, umask=umask, **variables)
    errors = done.stderr.strip().splitlines()
    _require(done.returncode == 0, f"{Path(command[0]).name} fails: {errors[-1] if errors else 'it says nothing'}")
    return done.stdout


def _run(*command: str | Path, cwd: Path, umask: int = -1, **variables: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | variables
    return subprocess.run(
        command, cwd=cwd, env=env, umask=umask, capture_output=True, text=True, timeout=_LIMIT, check=False
    )


def _require(condition: bool, message: str) -> None:  # noqa: FBT001  as assert takes one
    if not condition:
        raise NotReadyError(message)


if __name__ == "__main__":
    sys.exit(main())
