"""The PyPI package `doku-python-library` with Flask, for gunicorn.

It does the same as `DokuSNAP.validate_signature_and_generate_token`, without the constructor, which calls DOKU over the
network.
"""

from doku_python_library.src.controller.token_controller import (  # type: ignore[import-not-found]  # in its own
    TokenController,
)
from flask import Flask  # type: ignore[import-not-found]  # environment

from tests.bench.contestants import place

_PUBLIC = place.text(place.CLIENT_PEM)
_PRIVATE = place.text(place.OWN_PEM)


def issue() -> tuple[dict[str, object], int, dict[str, str]]:
    if not TokenController.validate_signature(place.CLIENT_KEY, _PUBLIC):
        refused = TokenController.generate_invalid_signature_response()
        return refused.body.json(), 401, {}
    issued = TokenController.generate_token_b2b(900, "bench", _PRIVATE, place.CLIENT_KEY)
    return issued.body.json(), 200, issued.header.json()


app = Flask(__name__)
app.add_url_rule(place.PATH, view_func=issue, methods=["POST"])
