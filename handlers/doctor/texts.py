"""The findings in words."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from handlers.doctor import english, indonesian
from handlers.doctor.verdicts import Diagnosis, Finding, Verdict

Language = Literal["en", "id"]

LANGUAGES: Mapping[Language, Mapping[Verdict, tuple[str, str]]] = {"en": english.TEXTS, "id": indonesian.TEXTS}


class Told(NamedTuple):
    """What was found, and what to do about it."""

    says: str
    advice: str


def tell(finding: Finding, language: Language) -> Told:
    """Fill in what was seen; what would steer a terminal is escaped."""
    says, advice = LANGUAGES[language][finding.verdict]
    facts = {name: _printable(str(value)) for name, value in finding.facts.items()}
    return Told(says.format_map(facts), advice.format_map(facts))


def as_data(diagnosis: Diagnosis, language: Language) -> dict[str, object]:
    """As JSON has it: `verdict`, `also`, `evidence` by verdict, and `advice` on the first."""
    findings = (diagnosis.main, *diagnosis.also)
    return {
        "verdict": diagnosis.main.verdict,
        "also": [finding.verdict for finding in diagnosis.also],
        "evidence": {finding.verdict.value: dict(finding.facts) for finding in findings},
        "advice": tell(diagnosis.main, language).advice,
    }


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
