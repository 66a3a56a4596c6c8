"""The findings in words."""

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
OF_SYMMETRIC: Mapping[Language, Texts] = {"en": en.OF_SYMMETRIC, "id": id_.OF_SYMMETRIC}
"""In place of those, where a symmetric signature is meant."""


class Told(NamedTuple):
    """What was found, and what to do about it."""

    says: str
    advice: str


def tell(finding: Finding, language: Language, masked: Mask = mask_secret_shapes) -> Told:
    """Fill in what was seen; secrets are masked, and what would steer a terminal is escaped."""
    says, advice = _texts(finding, language)
    facts = {name: escaped(masked(str(value))) for name, value in finding.facts.items()}
    return Told(says.format_map(facts), advice.format_map(facts))


def as_data(diagnosis: Diagnosis, language: Language, masked: Mask = mask_secret_shapes) -> dict[str, object]:
    """As JSON has it: `verdict`, `also`, `evidence` by verdict, and `advice` on the first; secrets are masked."""
    findings = (diagnosis.main, *diagnosis.also)
    return {
        "verdict": diagnosis.main.verdict,
        "also": [finding.verdict for finding in diagnosis.also],
        "evidence": {finding.verdict.value: _evidence(finding, masked) for finding in findings},
        "advice": tell(diagnosis.main, language, masked).advice,
    }


def _evidence(finding: Finding, masked: Mask) -> dict[str, str | int]:
    return {name: masked(value) if isinstance(value, str) else value for name, value in finding.facts.items()}


def _texts(finding: Finding, language: Language) -> tuple[str, str]:
    texts = OF_SYMMETRIC if SYMMETRIC in finding.facts else LANGUAGES
    return texts[language][finding.verdict]
