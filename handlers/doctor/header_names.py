"""Finds headers that a request has under a wrong name: with underscores, misspelt, or with another word."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType

from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_ID_SHOWN, Finding, Verdict
from handlers.snap.call_form import CallForm
from handlers.snap.masking import masked_prefix

OF_TOKEN_REQUEST = ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")
OF_CALL: Mapping[CallForm, tuple[str, ...]] = MappingProxyType(
    {
        "token": ("Authorization", "X-TIMESTAMP", "X-PARTNER-ID", "X-SIGNATURE", "X-EXTERNAL-ID"),
        "notification": ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE"),
        "body-signed": ("X-TIMESTAMP", "X-PARTNER-ID", "X-SIGNATURE", "X-EXTERNAL-ID"),
    }
)
"""The mandatory headers of a token request, and of a call by its form."""

_OTHER_WORDS = {
    "X-CLIENT-ID": "X-CLIENT-KEY",
    "CLIENT-ID": "X-CLIENT-KEY",
    "X-CLIENT-SECRET": "X-CLIENT-KEY",
    "X-PARTNER-ID": "X-CLIENT-KEY",
    "X-SIGN": "X-SIGNATURE",
    "X-DATE": "X-TIMESTAMP",
    "X-EXTERNAL-REF": "X-EXTERNAL-ID",
    "X-ACCESS-TOKEN": "AUTHORIZATION",
    "ACCESS-TOKEN": "AUTHORIZATION",
    "X-AUTH-TOKEN": "AUTHORIZATION",
}
_CLOSE = 0.815
"""The similarity from which a name counts as misspelt. Two other letters in X-SIGNATURE are still misspelt."""

_MOST_NAMES = 64
"""Names of a request that are compared. A request with more headers is refused."""


def renamed(request: Request, wanted: Sequence[str]) -> tuple[Request, list[Finding]]:
    """Return the request with the right names for these headers, and what is wrong with the names.

    A header that the request already has keeps its name.
    """
    names = dict(_names(request, wanted))
    headers = tuple((names.get(name, name), value) for name, value in request.headers)
    return replace(request, headers=headers), list(_findings(names)) if names else []


def _names(request: Request, wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each wrong name, and the name that was meant. Each name is meant once, and a similar name goes first."""
    missing = {name.upper(): name for name in wanted if not request.get(name)}
    sent_names = [name for name, value in request.headers[:_MOST_NAMES] if value]
    spelt = {name: name.upper().replace("_", "-").removeprefix("HTTP-") for name in sent_names}
    for sent, text in spelt.items():
        for meant in get_close_matches(text, missing, 1, _CLOSE):
            yield sent, missing.pop(meant)
    for sent, text in spelt.items():
        meant = _OTHER_WORDS.get(text, "")
        if meant in missing and text not in wanted:
            yield sent, missing.pop(meant)


def _findings(names: Mapping[str, str]) -> Iterator[Finding]:
    with_underscores = [sent for sent, meant in names.items() if sent.upper().replace("_", "-") == meant.upper()]
    misspelt = [sent for sent in names if sent not in with_underscores]
    for verdict, sent in ((Verdict.HEADER_UNDERSCORES, with_underscores), (Verdict.HEADER_MISSPELT, misspelt)):
        if sent:
            shown = ", ".join(masked_prefix(each, LONGEST_ID_SHOWN) for each in sent)
            yield Finding(verdict, {"header": ", ".join(names[each] for each in sent), "sent": shown})


def wanted_in_call(forms: Iterable[CallForm]) -> tuple[str, ...]:
    """Return the mandatory headers of all these forms of call, each one once."""
    return tuple(dict.fromkeys(name for form in forms for name in OF_CALL[form]))


def missing(request: Request, form: CallForm) -> list[Finding]:
    """Return a finding for each mandatory header of a form that the request lacks, without those of every form."""
    names = [name for name in ("X-PARTNER-ID", "X-EXTERNAL-ID") if name in OF_CALL[form]]
    return [Finding(Verdict.HEADER_MISSING, {"header": name}) for name in names if not request.get(name)]
