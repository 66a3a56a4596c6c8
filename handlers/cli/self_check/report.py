"""The findings as lines of text or as JSON: errors first, then warnings, then what was not checked, then the rest.

The text fits on a screen of 80 columns and 24 lines if few findings are bad.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import get_args

from handlers.cli.self_check.finding import CheckName, Finding, Severity
from handlers.escaping import escaped
from handlers.snap.masking import Mask

_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_COUNTED = {"error": "errors", "warning": "warnings", "skipped": "not checked", "good": "good"}
_WIDTHS = max(map(len, _SEVERITIES)), max(map(len, get_args(CheckName)))


def sorted_findings(findings: Sequence[Finding], masked: Mask) -> list[Finding]:
    """The findings, the most severe first, with nothing secret and nothing that a terminal would obey."""
    ordered = sorted(findings, key=lambda each: _SEVERITIES.index(each.severity))
    return [replace(each, found=escaped(masked(each.found)), advice=escaped(masked(each.advice))) for each in ordered]


def as_json(config: Path, findings: Sequence[Finding]) -> str:
    """An object with the outcome (`error`, `warning` or `good`), the number of each severity, and the findings."""
    counts = _counts(findings)
    outcome = next((severity for severity in ("error", "warning") if counts[severity]), "good")
    data = {"config": str(config), "outcome": outcome, "counts": counts, "findings": list(map(asdict, findings))}
    return f"{json.dumps(data, indent=2)}\n"


def as_text(config: Path, findings: Sequence[Finding], *, verbose: bool) -> str:
    """A line with the numbers, then a line for each finding. Good checks of a part share a line, unless `verbose`."""
    numbers = ", ".join(f"{_COUNTED[severity]}: {count}" for severity, count in _counts(findings).items())
    bad = [_line(each) for each in findings if verbose or each.severity != "good"]
    return "".join(f"{line}\n" for line in (f"{config}: {numbers}", "", *bad, *(() if verbose else _good(findings))))


def _good(findings: Sequence[Finding]) -> Iterator[str]:
    """One line for each part of the installation, with its checks that found nothing else than good."""
    others = {each.check for each in findings if each.severity != "good"}
    names = dict.fromkeys(each.check for each in findings if each.check not in others)
    for _, checks in groupby(names, lambda name: name.partition(".")[0]):
        yield f"{'good'.ljust(_WIDTHS[0])}  {', '.join(checks)}"


def _counts(findings: Sequence[Finding]) -> dict[Severity, int]:
    counts = Counter(each.severity for each in findings)
    return {severity: counts[severity] for severity in _SEVERITIES}


def _line(finding: Finding) -> str:
    severity, check = finding.severity.ljust(_WIDTHS[0]), finding.check.ljust(_WIDTHS[1])
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{severity}  {check}  {finding.found}{advice}"
