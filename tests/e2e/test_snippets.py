"""The programs of the pack that sign in other languages, each run with the test vectors."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.cli.pack.archive import contents
from tests.document import PATH
from tests.e2e.process import COMMAND, environment, run
from tests.key_numbers import rsa_key_value
from tests.programs import program
from tests.published_key import PRIVATE

PATIENCE = 180
"""Seconds. Compilers take long on a busy machine."""

# Mono has no RSA.ImportFromPem, which .NET has had since version 5.
MONO = """
static class Mono
{
    public static void ImportFromPem(this System.Security.Cryptography.RSA key, string pem) => key.FromXmlString("%s");
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder with the programs, unpacked from the pack."""
    for name, text in contents(PATH.read_text(encoding="utf-8"), "https://a.example/base").items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    return tmp_path / "snippets"


Try = Callable[[Path], subprocess.CompletedProcess[str]]


def _with(*command: str) -> Try:
    """Run a command in the folder of the programs."""

    def attempt(folder: Path) -> subprocess.CompletedProcess[str]:
        env = environment(GOCACHE=str(folder.parent / "go-cache"), GOFLAGS="-mod=mod", HOME=str(folder.parent))
        # `make check` installs node into the virtual environment.
        found = shutil.which(command[0], path=COMMAND.parent) or program(command[0])
        return run(found, *command[1:], cwd=folder, env=env, patience=PATIENCE)

    return attempt


def _with_mono(folder: Path) -> subprocess.CompletedProcess[str]:
    compiler, mono = program("mcs"), program("mono")
    numbers = PRIVATE.private_numbers()
    private = {
        "P": numbers.p,
        "Q": numbers.q,
        "DP": numbers.dmp1,
        "DQ": numbers.dmq1,
        "InverseQ": numbers.iqmp,
        "D": numbers.d,
    }
    (folder / "Mono.cs").write_text(MONO % rsa_key_value(PRIVATE.public_key(), private))
    compiled = run(compiler, "-out:Sign.exe", "Sign.cs", "Mono.cs", cwd=folder, patience=PATIENCE)
    assert compiled.returncode == 0, compiled.stderr
    return run(mono, "Sign.exe", "..", cwd=folder, patience=PATIENCE)


TRIES: dict[str, Try] = {
    "C#": _with_mono,
    "Go": _with("go", "run", "sign.go"),
    "Java": _with("java", "Sign.java"),
    "Node.js": _with("node", "sign.mjs"),
    "PHP": _with("php", "sign.php"),
    "Python": _with(sys.executable, "-W", "ignore", "sign.py"),
}


@pytest.mark.parametrize("language", TRIES)
def test_the_program_makes_every_vector(folder: Path, language: str) -> None:
    """The program makes each string and signature, and verifies none of the wrong ones."""
    result = TRIES[language](folder)
    vectors = json.loads((folder.parent / "vectors.json").read_text(encoding="utf-8"))
    right, wrong = len(vectors["vectors"]), len(vectors["must_not_verify"]) + len(vectors["wrong_encodings"])
    good = f"{right} signatures are right, and {wrong} wrong ones do not verify.\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, good, "")
