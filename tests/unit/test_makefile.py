"""What `make` checks before it installs anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import program

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.mark.parametrize("name", ['a"b', "a$b", "a`b", "a\\b"])
def test_a_folder_name_that_breaks_pip_is_refused(tmp_path: Path, name: str) -> None:
    """pip's commands do not run in a folder with this name. One line says so, and nothing is created."""
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(MAKEFILE, folder)
    run = subprocess.run([program("make"), ".venv/bin/python"], cwd=folder, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr.splitlines()[0].partition("; ")[2]) == (2, "rename it")
    assert [file.name for file in folder.iterdir()] == ["Makefile"]
