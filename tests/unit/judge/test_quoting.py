"""What a server said, as it stands in reports."""

import pytest

from handlers.judge.quoting import quoted


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Unauthorized. X-CLIENT-KEY or X-SIGNATURE", "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"),
        ("token gAAAAABlriCCobZVpWL-aqsKGpbURghDXAr3-dlwitL", "token gAAAAABl..."),
        ("a\x1b[31m\x00\nb", "a\N{REPLACEMENT CHARACTER}[31m" + "\N{REPLACEMENT CHARACTER}" * 2 + "b"),
        ("no " * 50, ("no " * 50)[:120] + "..."),
    ],
    ids=["plain", "token", "control characters", "long"],
)
def test_nothing_secret_and_nothing_harmful_is_quoted(said: str, shown: str) -> None:
    """Tokens and signatures are cut, long texts too, and what a terminal would act on is replaced."""
    assert quoted(said) == shown
