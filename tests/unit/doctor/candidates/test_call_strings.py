"""The strings to sign of a call that covers its body."""

import pytest

from handlers.doctor.candidates import call_strings
from handlers.doctor.candidates.call_strings import SignedCallParts
from handlers.doctor.candidates.part import Part, wrong
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Verdict
from handlers.snap.call import Call
from tests.mistakes import NOW
from tests.unit.doctor.candidates.test_body_rewritings import BODY, HOSTILE


def _parts(body: bytes, target: str = "/v1/inquiry?a=1&b=2", token: str | None = "gAAAAA==") -> SignedCallParts:  # noqa: S107  no secret
    headers = (("Host", "merchant.example"), ("X-TIMESTAMP", NOW), ("X-PARTNER-ID", "P1"))
    other = wrong(b"other", Verdict.KEY_OF_ANOTHER_CLIENT, client="OTHER")
    call = Call("POST", target, token, NOW, body)
    return SignedCallParts(call, Request("POST", target, headers, body), "C1", (b"secret",), (other,))


@pytest.mark.parametrize("token", ["gAAAAA==", None], ids=["symmetric", "body-signed"])
def test_fewer_mistakes_come_first(token: str | None) -> None:
    """The right strings come first, then those with one mistake, and none has more than two."""
    strings = list(call_strings.call_strings(_parts(BODY + b" ", token=token)))
    numbers = [len(each.mistakes) for each in strings]
    assert numbers[:3] == [0, 0, 1]
    assert set(numbers) == {0, 1, 2}
    assert numbers.index(2) > 300


@pytest.mark.parametrize("body", [*HOSTILE.values(), BODY], ids=[*HOSTILE, "usual"])
@pytest.mark.parametrize("target", ["/v1/inquiry?a=1&b=2", "/a" * 20_000, "/a?" + "b=1&" * 10_000])
def test_the_work_is_limited(body: bytes, target: str) -> None:
    """There are at most 100,000 strings, and 32 MiB of them, whatever the call is."""
    strings, most = 0, 0
    for each in call_strings.call_strings(_parts(body, target)):
        strings, most = strings + 1, most + len(each.message)
    assert strings <= call_strings.MOST_STRINGS == 100_000
    assert most <= call_strings.MOST_BYTES == 33_554_432


def test_a_secret_is_not_shown() -> None:
    """The text of a string to sign contains neither the secret nor the message, because logs may show it."""
    string = next(call_strings.call_strings(_parts(b"{}")))
    assert (string.secret in repr(string).encode(), string.message in repr(string).encode()) == (False, False)
    assert "secret" not in repr(_parts(b"{}"))
    assert Part(b"a").finding is None
