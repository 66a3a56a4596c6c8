"""Scenarios whose requests are signed once for all tests, because the clock of the tests shows the same time."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from handlers.judge.exchange import Request
from handlers.judge.scenario import Scenario
from handlers.judge.signer import Signer


def with_presigned_requests(scenarios: Sequence[Scenario], signer: Signer) -> list[Scenario]:
    """Return the scenarios with requests that are signed now. Scenarios that share requests still share them."""
    presigned = {make: make(signer) for make in {scenario.requests: None for scenario in scenarios}}

    def reuse(requests: Sequence[Request]) -> Callable[[Signer], Sequence[Request]]:
        return lambda _signer: requests

    reused = {make: reuse(requests) for make, requests in presigned.items()}
    return [replace(scenario, requests=reused[scenario.requests]) for scenario in scenarios]
