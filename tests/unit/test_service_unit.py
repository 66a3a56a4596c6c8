"""The unit file of the service, as systemd's own tools judge it. No systemd runs for this."""

import sys
from pathlib import Path

from tests.e2e.process import run
from tests.pages import ROOT
from tests.programs import program

UNIT = ROOT / "docs/deploy/snap-token.service"
CREDENTIALS = ROOT / "docs/deploy/snap-token-credentials.conf"
HIGHEST_EXPOSURE = 1.5
"""`systemd-analyze security` gives 0 to a service without any access, and 10 to one without any protection."""


def _copy(folder: Path) -> Path:
    """The unit with an interpreter that exists here, and with its drop-in."""
    interpreter = folder / "python"  # A path without a blank, which would end the name of the program.
    interpreter.symlink_to(sys.executable)
    unit = folder / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/snap-token/current/bin/python ", f"{interpreter} "))
    drop_ins = folder / f"{UNIT.name}.d"
    drop_ins.mkdir()
    (drop_ins / "credentials.conf").write_text(CREDENTIALS.read_text())
    return unit


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """systemd loads the unit and its drop-in without a warning."""
    outcome = run(program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", _copy(tmp_path))
    assert (outcome.returncode, outcome.stdout + outcome.stderr) == (0, "")


def test_the_service_has_little_access(tmp_path: Path) -> None:
    """The exposure that systemd computes stays low."""
    command = ("security", "--offline=true", "--no-pager", f"--threshold={HIGHEST_EXPOSURE * 10:.0f}")
    outcome = run(program("systemd-analyze"), *command, _copy(tmp_path))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
