"""The pages of the sandbox."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.server.sandbox.page_api import SandboxApi
from handlers.server.sandbox.pages import SandboxPages
from tests.document import PATH, RAW
from tests.merchant import BASE_PATH, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay


@pytest.fixture(scope="module")
def sandbox(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server with the sandbox's pages."""
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("sandbox"), nicepay))
    desk = SandboxApi(nicepay.private_key, Clock(), lambda _refused: {})
    with running(settings, Clock(), partial(SandboxPages, base_path=BASE_PATH, api=desk)) as merchant:
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
    assert "://" not in page.text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"swagger-ui-bundle.js", "swagger-ui.css", "desk.js", "desk.css"} <= set(parts)
    assert all(sandbox.client.get(f"/ui/{part}").status_code == 200 for part in parts)


@pytest.mark.parametrize("path", ["/ui/", "/ui/desk.js", "/ui/swagger-ui.css"])
def test_the_policy_lets_no_other_host_in(sandbox: Merchant, path: str) -> None:
    """The page and its parts carry a policy whose every source is this server, and no inline script may run."""
    headers = sandbox.client.get(path).headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    own, nothing = dict.fromkeys(("script-src", "style-src", "connect-src"), "'self'"), "'none'"
    closed = dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), nothing)
    assert policy == {**own, **closed, "img-src": "'self' data:"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["index.html", "oauth2-redirect.html", "index.j2", "..%2fdesk.py"])
def test_nothing_else_of_swagger_ui_is_served(sandbox: Merchant, name: str) -> None:
    """Only the named parts are there: not what else lies beside them."""
    assert sandbox.send({}, b"", method="GET", path=f"/ui/{name}").status_code == 404


def test_without_its_slash_the_page_is_found(sandbox: Merchant) -> None:
    """Who types /ui is sent to /ui/, by a path and not by a Host that the caller chose."""
    response = sandbox.client.get("/ui", headers={"Host": "elsewhere.example"})
    assert response.status_code == 303
    assert response.headers["location"] == "/ui/"


def test_no_other_path_is_redirected(sandbox: Merchant) -> None:
    """A slash too many is no page, and no reason to answer with the caller's Host."""
    response = sandbox.client.get("/openapi.yaml/", headers={"Host": "elsewhere.example"})
    assert response.json()["responseCode"] == "4047300"


def test_a_server_without_a_base_path_is_at_the_root(nicepay: Nicepay, tmp_path: Path) -> None:
    """The page's copy of the document has a URL even then: an empty one is none."""
    settings = Settings.load(write_settings(tmp_path, nicepay))
    desk = SandboxApi(nicepay.private_key, Clock(), lambda _refused: {})
    with running(settings, Clock(), partial(SandboxPages, base_path="", api=desk)) as merchant:
        assert merchant.client.get("/ui/openapi.json").json()["servers"][0]["url"] == "/"


def test_what_is_not_there_is_a_snap_answer(sandbox: Merchant, nicepay: Nicepay) -> None:
    """A missing page and another method are refused like everything else, and tokens are issued beside the pages."""
    assert sandbox.send({}, b"", method="GET", path="/ui/missing.js").status_code == 404
    assert sandbox.client.post("/openapi.yaml").json()["responseCode"] == "4057300"
    assert sandbox.ask(nicepay).status_code == 200
