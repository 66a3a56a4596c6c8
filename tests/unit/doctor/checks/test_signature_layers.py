"""The layers around a signature: anybody can send one, so hostile texts must not cost more than linear time."""

import pytest

from handlers.doctor.checks.signature_layers import layers

LENGTH = 200_000
"""Characters. Work that grows with the square of this takes half an hour."""


@pytest.mark.parametrize(
    "piece", ["-", "--BEGIN a--", "--BEGIN a----END -", "eyJ", "eyJ.", "; ", "a ", '"', "\"'", "data:", ",sig="]
)
def test_a_hostile_text_takes_linear_time(piece: str) -> None:
    """A text of the signs that begin a layer, and of no whole layer, is searched in linear time, so this test ends."""
    text = "A" * 20 + piece * (LENGTH // len(piece)) + "!"
    for hostile in (text, text[20:]):
        assert all(len(inner) <= len(hostile) for _, inner in layers(hostile))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("-----BEGIN SIGNATURE-----\nQUJDREVG\n-----END SIGNATURE-----", "PEM"),
        ("-- BEGIN SIGNATURE --\nQUJD-REVG_\n-- END SIGNATURE --", "PEM"),
        ("eyJhbGciOiJSUzI1NiJ9.e30.QUJDREVGQUJDREVGQUJDREVG", "JWS"),
        ("sha256=QUJDREVGQUJDREVGQUJDREVG;", "sha256=;"),
        ("QUJDREVGQUJDREVGQUJDREVG; ", ";"),
        ("'''QUJDREVG'''", "quotes"),
    ],
)
def test_a_layer_is_removed(text: str, form: str) -> None:
    """The signature in each of these layers is found without the layer."""
    inner = {layer.form: inner for layer, inner in layers(text)}[form]
    assert inner.strip() in text
    assert inner.strip().startswith("QUJD")
