"""The workflow: it runs what CI runs here, on each Python that the package supports."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.fuzz.run import REPORTS
from tests.pages import ROOT


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    """The only job of the workflow."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    return dict(job)


def test_it_runs_on_each_supported_python(job: dict[str, Any]) -> None:
    """The versions of the workflow are those of the package's classifiers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = re.findall(r":: Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert job["strategy"]["matrix"]["python"] == supported
    assert project["requires-python"] == f">={supported[0]}"


def test_it_runs_the_script_of_ci(job: dict[str, Any]) -> None:
    """The workflow has no list of checks of its own."""
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]


def test_it_keeps_the_reports_of_the_fuzzer(job: dict[str, Any]) -> None:
    """The folder into which `make fuzz` writes is uploaded, also when the run has failed."""
    uploads = (step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    (upload,) = (step for step in uploads if ROOT / step["with"]["path"] == REPORTS)
    assert (upload["with"]["include-hidden-files"], upload["if"]) == (True, "${{ !cancelled() }}")
