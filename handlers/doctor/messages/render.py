"""Renders findings as text and as data."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from handlers.doctor.messages import en, en_parts, en_rewriting, id_parts, id_rewriting
from handlers.doctor.messages import id as id_
from handlers.doctor.rewriting import SEPARATOR
from handlers.doctor.verdicts import SYMMETRIC, Diagnosis, Finding, Verdict
from handlers.escaping import escaped
from handlers.snap.masking import Mask, mask_secret_shapes

Language = Literal["en", "id"]
Texts = Mapping[Verdict, tuple[str, str]]

LANGUAGES: Mapping[Language, Texts] = {"en": en.TEXTS, "id": id_.TEXTS}
SYMMETRIC_TEXTS: Mapping[Language, Texts] = {"en": en.SYMMETRIC_TEXTS, "id": id_.SYMMETRIC_TEXTS}
"""The messages that replace the others for a symmetric signature."""

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        str(name): words for table in (en_rewriting.REWRITINGS, en_parts.DIFFERENCES) for name, words in table.items()
    },
    "id": {
        str(name): words for table in (id_rewriting.REWRITINGS, id_parts.DIFFERENCES) for name, words in table.items()
    },
}
"""The words for the constants in the evidence."""

_WITH_CONSTANTS = frozenset({"rewriting", "how", "part", "order"})
"""The names of evidence whose values are constants."""


class Message(NamedTuple):
    """What is wrong, and what to do about it."""

    meaning: str
    advice: str


def message_of(finding: Finding, language: Language, masked: Mask = mask_secret_shapes) -> Message:
    """Return the message of a finding. Secrets are masked, and control characters are escaped."""
    texts = SYMMETRIC_TEXTS[language] if SYMMETRIC in finding.evidence else {}
    meaning, advice = texts.get(finding.verdict, LANGUAGES[language][finding.verdict])
    evidence = {name: escaped(masked(_in_words(name, value, language))) for name, value in finding.evidence.items()}
    return Message(meaning.format_map(evidence), advice.format_map(evidence))


def _in_words(name: str, value: str | int, language: Language) -> str:
    """Return a value for a message. A list of constants becomes a list of words."""
    if name not in _WITH_CONSTANTS:
        return str(value)
    return ", ".join(WORDS[language].get(each, each) for each in str(value).split(SEPARATOR))


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
