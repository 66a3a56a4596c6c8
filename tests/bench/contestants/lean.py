"""The product without its log: the same application on the same server, every log line dropped at its level."""

import logging

import structlog

from handlers.server import start
from handlers.server.application import application, public_api
from handlers.server.settings import Settings
from tests.bench.contestants import place
from tests.merchant import services_of


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = Settings.load(place.folder() / "snap-token.toml")
    services = services_of(settings, start.system_clock)
    app = application(public_api(settings.server.base_path), lambda: services)
    start.server(app).run(sockets=[start.listen("127.0.0.1", place.port())])


if __name__ == "__main__":
    main()
