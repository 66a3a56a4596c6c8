"""The pages of the sandbox."""

from collections.abc import Iterator
from functools import partial

import pytest

from handlers.server.sandbox import SandboxPages
from handlers.server.settings import Settings
from tests.document import PATH, RAW
from tests.merchant import BASE_PATH, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay


@pytest.fixture(scope="module")
def sandbox(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server with the sandbox's pages."""
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("sandbox"), nicepay))
    with running(settings, Clock(), partial(SandboxPages, base_path=BASE_PATH)) as merchant:
        yield merchant


def test_the_document_is_served_as_written(sandbox: Merchant) -> None:
    """The document at /openapi.yaml is the file, byte for byte."""
    response = sandbox.client.get("/openapi.yaml")
    assert response.content == PATH.read_bytes()
    assert response.headers["content-type"] == "application/yaml"


def test_the_page_uses_a_copy_with_this_server_s_address(sandbox: Merchant) -> None:
    """The page's copy differs from the document in its servers alone."""
    copy = sandbox.client.get("/ui/openapi.json").json()
    assert copy["servers"] == [{"url": BASE_PATH, "description": "This sandbox"}]
    assert {**copy, "servers": RAW["servers"]} == RAW


def test_the_page_and_what_it_loads_come_from_here(sandbox: Merchant) -> None:
    """Swagger UI and its parts are served from this server, and the page names no other."""
    page = sandbox.client.get("/ui/")
    assert page.status_code == 200
    assert '"openapi.json"' in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    for part in ("swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui-standalone-preset.js"):
        assert sandbox.client.get(f"/ui/{part}").status_code == 200


def test_without_its_slash_the_page_is_found(sandbox: Merchant) -> None:
    """Who types /ui is sent to /ui/, by a path and not by a Host that the caller chose."""
    response = sandbox.client.get("/ui", headers={"Host": "elsewhere.example"})
    assert response.status_code == 303
    assert response.headers["location"] == "/ui/"


def test_what_is_not_there_is_a_snap_answer(sandbox: Merchant, nicepay: Nicepay) -> None:
    """A missing page and another method are refused like everything else, and tokens are issued beside the pages."""
    assert sandbox.send({}, b"", method="GET", path="/ui/missing.js").status_code == 404
    assert sandbox.client.post("/openapi.yaml").json()["responseCode"] == "4057300"
    assert sandbox.ask(nicepay).status_code == 200
