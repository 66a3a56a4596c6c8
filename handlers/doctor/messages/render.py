"""Renders findings as text and as data."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from handlers.doctor.messages import en
from handlers.doctor.messages import id as id_
from handlers.doctor.verdicts import SYMMETRIC, Diagnosis, Finding, Verdict
from handlers.escaping import escaped
from handlers.snap.masking import Mask, mask_secret_shapes

Language = Literal["en", "id"]
Texts = Mapping[Verdict, tuple[str, str]]

LANGUAGES: Mapping[Language, Texts] = {"en": en.TEXTS, "id": id_.TEXTS}
SYMMETRIC_TEXTS: Mapping[Language, Texts] = {"en": en.SYMMETRIC_TEXTS, "id": id_.SYMMETRIC_TEXTS}
"""The messages that replace the others for a symmetric signature."""


class Message(NamedTuple):
    """What is wrong, and what to do about it."""

    meaning: str
    advice: str


def message_of(finding: Finding, language: Language, masked: Mask = mask_secret_shapes) -> Message:
    """Return the message of a finding. Secrets are masked, and control characters are escaped."""
    texts = SYMMETRIC_TEXTS if SYMMETRIC in finding.evidence else LANGUAGES
    meaning, advice = texts[language][finding.verdict]
    evidence = {name: escaped(masked(str(value))) for name, value in finding.evidence.items()}
    return Message(meaning.format_map(evidence), advice.format_map(evidence))


def as_data(diagnosis: Diagnosis, language: Language, masked: Mask = mask_secret_shapes) -> dict[str, object]:
    """Return a diagnosis as data for JSON, with secrets masked.

    `evidence` is grouped by verdict. `advice` is the advice on the main verdict.
    """
    findings = (diagnosis.main, *diagnosis.also)
    return {
        "verdict": diagnosis.main.verdict,
        "also": [finding.verdict for finding in diagnosis.also],
        "evidence": {finding.verdict.value: _evidence(finding, masked) for finding in findings},
        "advice": message_of(diagnosis.main, language, masked).advice,
    }


def _evidence(finding: Finding, masked: Mask) -> dict[str, str | int]:
    return {name: masked(value) if isinstance(value, str) else value for name, value in finding.evidence.items()}
