"""Looking for a planted defect, and what is found."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.passes import Pass
from tests.fuzz.planted import Defect, Defective
from tests.fuzz.run import Reports, Target, run_schemathesis


@dataclass(frozen=True)
class Found:
    """What schemathesis prints, what it keeps, and what it has recorded of each phase: cases, answers, checks."""

    printed: str
    junit: str
    har: str
    phases: list[dict[str, Any]]

    def checks(self, status: str) -> set[str]:
        """The names of the checks that ended so."""
        made = [check for phase in self.phases for checks in phase.get("checks", {}).values() for check in checks]
        return {check["name"] for check in made if check["status"] == status}

    def refused_headers(self) -> Iterator[tuple[str, str]]:
        """For each case that breaks a header of the contract: its name, and what the refusal says."""
        for phase in self.phases:
            for case, exchange in phase.get("interactions", {}).items():
                broken = phase["cases"][case]["value"]["meta"]["phase"]["data"]
                if broken.get("parameter_location") == "header" and broken["parameter"] != "Content-Type":
                    content = b64decode(exchange["response"]["content"]["$base64"])
                    yield broken["parameter"], json.loads(content)["responseMessage"]


@dataclass(frozen=True)
class Fuzzed:
    """A server that takes a defect, and schemathesis as a pass runs it, without the random phases."""

    wanted: Pass
    server: Defective
    target: Target
    folder: Path

    def run(self, defect: Defect, *more: str) -> Found:
        """Plant a defect and look for it."""
        self.server.defect = defect
        reports, events = Reports.of(self.wanted, self.folder), self.folder / "events"
        options = [f"--report-ndjson-path={events}", "--phases=examples,coverage", "--seed=1", *more]
        done = run_schemathesis(self.wanted, self.target, reports, *options, capture=True)
        recorded = [json.loads(line).get("ScenarioFinished") for line in events.read_text().splitlines()]
        phases = [event["recorder"] for event in recorded if event]
        return Found(done.stdout + done.stderr, reports.junit.read_text(), reports.har.read_text(), phases)
