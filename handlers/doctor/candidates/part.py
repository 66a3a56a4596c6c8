"""One part of a string to sign."""

from dataclasses import dataclass

from handlers.doctor.verdicts import Evidence, Finding, Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the string to sign, or the secret. `finding` is the mistake, or None for the right value."""

    value: bytes
    finding: Finding | None = None


def wrong(value: str | bytes, verdict: Verdict, **evidence: str | int) -> Part:
    """Return a wrong value with the mistake that it shows."""
    shown: Evidence = evidence
    return Part(
        value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape"), Finding(verdict, shown)
    )
