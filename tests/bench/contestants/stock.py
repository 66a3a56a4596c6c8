"""Stock Connexion with the same document and handler, on stock uvicorn. Headers come from `connexion.request`."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import uvicorn
import yaml
from connexion import AsyncApp, request
from connexion.resolver import Resolver

from handlers.access_token import issue_access_token
from handlers.config.settings import Settings
from handlers.server.openapi.documents import DOCUMENT
from handlers.server.process import assembly
from tests.bench.contestants import place
from tests.calls import loaded_revocations
from tests.merchant import services_of

_SETTINGS = Settings.load(place.folder() / "snap-token.toml")
_SERVICES = replace(services_of(_SETTINGS, assembly.system_clock), revocations=loaded_revocations())


async def issue() -> Mapping[str, object]:
    return await issue_access_token(
        _SERVICES,
        x_timestamp=request.headers["x-timestamp"],
        x_client_key=request.headers["x-client-key"],
        x_signature=request.headers["x-signature"],
    )


def _resolve(_operation_id: str) -> Callable[..., object]:
    return issue


def main() -> None:
    app = AsyncApp(__name__)
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    app.add_api(document, base_path=_SETTINGS.server.base_path, resolver=Resolver(_resolve))
    uvicorn.run(app, port=place.port(), loop="uvloop", http="httptools", log_config=None, access_log=False)


if __name__ == "__main__":
    main()
