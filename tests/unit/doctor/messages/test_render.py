"""The messages of the verdicts in two languages."""

from string import Formatter

import pytest

from handlers.doctor.messages.render import LANGUAGES, SYMMETRIC_TEXTS, message_of
from handlers.doctor.verdicts import SYMMETRIC, Finding, Verdict


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_both_languages_have_each_message(verdict: Verdict) -> None:
    """Each verdict has a meaning and an advice in both languages, with the same placeholders and different words."""
    english, indonesian = LANGUAGES["en"][verdict], LANGUAGES["id"][verdict]
    assert [_placeholders(text) for text in english] == [_placeholders(text) for text in indonesian]
    assert not {*english} & {*indonesian}
    assert all(text and text[0] != " " for text in (*english, *indonesian))


def test_a_symmetric_signature_has_its_own_messages() -> None:
    """For a symmetric signature, the messages name the client secret instead of keys, in both languages."""
    english, indonesian = SYMMETRIC_TEXTS["en"], SYMMETRIC_TEXTS["id"]
    assert english.keys() == indonesian.keys()
    for verdict in english:
        assert [_placeholders(text) for text in english[verdict]] == [
            _placeholders(text) for text in indonesian[verdict]
        ]
        assert not {*english[verdict]} & {*indonesian[verdict]}
    finding = Finding(Verdict.KEY_UNKNOWN, {"length": 64, "wanted": 64, SYMMETRIC: "HMAC-SHA512"})
    meaning, advice = message_of(finding, "en")
    assert meaning.startswith(
        "The signature is not an HMAC-SHA512 with this client's secret over this method, URI, token, "
    )
    assert advice.endswith("Compare the client secret last.")


def test_control_characters_are_escaped() -> None:
    """A control character in a value is shown as an escape sequence, so it cannot control a terminal."""
    finding = Finding(Verdict.METHOD_WRONG, {"method": "\x1b[2J\n", "wanted": "POST"})
    assert message_of(finding, "en").meaning == "The method is \\x1b[2J\\n."
