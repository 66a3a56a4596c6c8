"""The product without log and without state: the same application on the same server."""

import logging
from dataclasses import replace
from datetime import datetime

import structlog

from handlers.config.settings import Settings
from handlers.server.openapi.application import application, public_api
from handlers.server.process import assembly, lifecycle, uvicorn_server
from handlers.state.memory import MemoryState
from tests.bench.contestants import place
from tests.calls import loaded_revocations
from tests.listening import listening_on
from tests.merchant import services_of


class _NoState(MemoryState):
    async def first_seen(self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None) -> None:
        """Treat every request as new."""


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = Settings.load(place.folder() / "snap-token.toml")
    assembled = services_of(settings, assembly.system_clock)
    services = replace(assembled, state=_NoState(), revocations=loaded_revocations())
    app = application(public_api(settings.server.base_path), lambda: services)
    lifecycle.freeze_long_lived_objects()
    uvicorn_server.make_server(app).run(sockets=[listening_on("127.0.0.1", place.port())])


if __name__ == "__main__":
    main()
