"""The verdicts in words of two languages."""

from string import Formatter

import pytest

from handlers.doctor.messages.render import LANGUAGES, SYMMETRIC_TEXTS, message_of
from handlers.doctor.verdicts import SYMMETRIC, Finding, Verdict


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_languages_are_in_step(verdict: Verdict) -> None:
    """Each constant has a text and an advice in both languages, with the same facts in them, and they differ."""
    english, indonesian = LANGUAGES["en"][verdict], LANGUAGES["id"][verdict]
    assert [_facts(text) for text in english] == [_facts(text) for text in indonesian]
    assert not {*english} & {*indonesian}
    assert all(text and text[0] != " " for text in (*english, *indonesian))


def test_of_a_symmetric_signature_other_words_are_said() -> None:
    """No key pair and no fingerprint is spoken of, in either language, and their facts are in step too."""
    english, indonesian = SYMMETRIC_TEXTS["en"], SYMMETRIC_TEXTS["id"]
    assert english.keys() == indonesian.keys()
    for verdict in english:
        assert [_facts(text) for text in english[verdict]] == [_facts(text) for text in indonesian[verdict]]
        assert not {*english[verdict]} & {*indonesian[verdict]}
    finding = Finding(Verdict.KEY_UNKNOWN, {"length": 64, "wanted": 64, SYMMETRIC: "HMAC-SHA512"})
    says, advice = message_of(finding, "en")
    assert says.startswith("The signature is no HMAC-SHA512 of this client's secret over this method, URI, token, ")
    assert advice.startswith("Compare the client secret")


def test_what_would_steer_a_terminal_is_escaped() -> None:
    """A header's value is shown, and does nothing."""
    finding = Finding(Verdict.METHOD_WRONG, {"method": "\x1b[2J\n", "wanted": "POST"})
    assert message_of(finding, "en").meaning == "The method is \\x1b[2J\\n."
