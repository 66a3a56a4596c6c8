"""A schemathesis run against a server with a planted defect, and its results."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.passes import Pass
from tests.fuzz.planted import Defect, DefectiveServer
from tests.fuzz.run import Reports, Target, run_schemathesis


@dataclass(frozen=True)
class Findings:
    """The output of schemathesis, its reports, and its records of each phase: cases, answers, checks."""

    printed: str
    junit: str
    har: str
    phases: list[dict[str, Any]]

    def checks(self, status: str) -> set[str]:
        """The names of the checks that ended with this status."""
        checks = [each for phase in self.phases for checks in phase.get("checks", {}).values() for each in checks]
        return {check["name"] for check in checks if check["status"] == status}

    def refused_headers(self) -> Iterator[tuple[str, str]]:
        """For each case that breaks a header of the contract: the header's name and the message of the refusal."""
        for phase in self.phases:
            for case, exchange in phase.get("interactions", {}).items():
                broken = phase["cases"][case]["value"]["meta"]["phase"]["data"]
                if broken.get("parameter_location") == "header" and broken["parameter"] != "Content-Type":
                    content = b64decode(exchange["response"]["content"]["$base64"])
                    yield broken["parameter"], json.loads(content)["responseMessage"]


@dataclass(frozen=True)
class DefectRun:
    """A server with room for a defect, and one pass of schemathesis without its random phases."""

    fuzz_pass: Pass
    server: DefectiveServer
    target: Target
    folder: Path

    def run(self, defect: Defect, *more_options: str) -> Findings:
        """Plant a defect, run schemathesis and return its findings."""
        self.server.defect = defect
        reports, events = Reports.of(self.fuzz_pass, self.folder), self.folder / "events"
        options = [f"--report-ndjson-path={events}", "--phases=examples,coverage", "--seed=1", *more_options]
        done = run_schemathesis(self.fuzz_pass, self.target, reports, *options, capture=True)
        recorded = [json.loads(line).get("ScenarioFinished") for line in events.read_text().splitlines()]
        phases = [event["recorder"] for event in recorded if event]
        return Findings(done.stdout + done.stderr, reports.junit.read_text(), reports.har.read_text(), phases)
