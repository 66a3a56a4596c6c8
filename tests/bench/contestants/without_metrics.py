"""The product without metrics: the same command, but nothing is counted, measured or sampled."""

import sys
from contextlib import nullcontext
from datetime import datetime

from starlette.types import Send

from handlers.cli import main as snap_token
from handlers.server.http.response import Response
from handlers.server.observability import decision_log
from handlers.server.observability.metrics.definitions import OTHER
from handlers.server.observability.metrics.samples import Samples
from handlers.server.openapi.error_middleware import ErrorMiddleware
from handlers.server.openapi.exchange import Exchange
from handlers.server.process import assembly
from handlers.timing import untimed
from tests.bench.contestants import place


async def _answer(
    _self: ErrorMiddleware, send: Send, exchange: Exchange, response: Response, now: datetime, client_key: object
) -> None:
    await response.send(send, now, exchange.request_id, client_key)


def main() -> int:
    replaced = {
        (assembly, "StateTimer"): untimed,
        (assembly, "time_verification"): untimed,
        (decision_log, "record_clock_skew"): lambda *_fields: None,
        (ErrorMiddleware, "_answer"): _answer,
        (ErrorMiddleware, "_operation"): lambda *_scope: OTHER,
        (Samples, "running"): lambda _samples: nullcontext(),
        (decision_log.DecisionLog, "_count"): property(lambda _log: lambda *_decision: None, lambda _log, _count: None),
    }
    for (owner, name), replacement in replaced.items():
        assert hasattr(owner, name) or name == "_count"
        setattr(owner, name, replacement)
    return snap_token(["serve", "--config", str(place.folder() / "snap-token.toml")])


if __name__ == "__main__":
    sys.exit(main())
