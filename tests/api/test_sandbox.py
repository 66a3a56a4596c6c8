"""The pages of the sandbox, over HTTP."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from handlers.config.settings import Settings
from handlers.server.openapi.bundle import bundled
from handlers.server.openapi.edition_3_1 import as_3_1
from handlers.server.sandbox.page_api import SandboxApi
from handlers.server.sandbox.pages import SandboxPages
from tests.document import PATH, RAW
from tests.merchant import BASE_PATH, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay

ORIGIN = "http://127.0.0.1:8080"
ABOUT = "This sandbox. Plain HTTP, without TLS."
LOCAL = {**RAW, "servers": [{"url": ORIGIN + BASE_PATH, "description": ABOUT}, *RAW["servers"]]}


@pytest.fixture(scope="module")
def sandbox(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server with the sandbox's pages."""
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("sandbox"), nicepay))
    page_api = SandboxApi(nicepay.private_key, Clock(), lambda _refused: {})
    with running(
        settings, Clock(), partial(SandboxPages, origin=ORIGIN, base_path=BASE_PATH, api=page_api)
    ) as merchant:
        yield merchant


def test_the_document_names_the_sandbox_as_its_first_server(sandbox: Merchant) -> None:
    """The document at /openapi.yaml has one more server, and is the same text otherwise. It ignores Host."""
    response = sandbox.client.get("/openapi.yaml", headers={"Host": "elsewhere.example"})
    assert yaml.safe_load(response.text) == LOCAL
    first = response.text.replace(f'  - url: "{ORIGIN}{BASE_PATH}"\n', "").replace(f'    description: "{ABOUT}"\n', "")
    assert first == PATH.read_text(encoding="utf-8")
    assert response.headers["content-type"] == "application/yaml"


def test_the_3_1_edition_is_served_beside_it(sandbox: Merchant) -> None:
    """/openapi.3.1.yaml is the document in OpenAPI 3.1."""
    response = sandbox.client.get("/openapi.3.1.yaml")
    OpenAPIV31SpecValidator(yaml.safe_load(response.text)).validate()
    local = sandbox.client.get("/openapi.yaml").text
    assert response.text == as_3_1(local)
    assert response.headers["content-type"] == "application/yaml"


def test_the_document_without_references_is_served_beside_it(sandbox: Merchant) -> None:
    """/openapi.bundled.json is the document with its references resolved, as JSON."""
    response = sandbox.client.get("/openapi.bundled.json")
    assert response.json() == bundled(LOCAL)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/openapi.yaml", "/openapi.3.1.yaml", "/ui/", "/ui", "/ui/nothing", "/elsewhere"])
def test_every_answer_has_the_id_of_its_request(sandbox: Merchant, path: str) -> None:
    """The pages' answers have the header once, too."""
    response = sandbox.client.get(path, headers={"X-Request-ID": "mine-1"})
    assert response.headers.get_list("x-request-id") == ["mine-1"]


def test_the_page_uses_a_copy_with_this_server_s_address(sandbox: Merchant) -> None:
    """The page's copy of the document differs only in `servers`."""
    copy = sandbox.client.get("/ui/openapi.json").json()
    assert copy["servers"] == [{"url": BASE_PATH, "description": "This sandbox"}]
    assert {**copy, "servers": RAW["servers"]} == RAW


def test_the_page_loads_everything_from_this_server(sandbox: Merchant) -> None:
    """Swagger UI and its files are served from this server, and the page has no URL of another server."""
    page = sandbox.client.get("/ui/")
    assert page.status_code == 200
    assert "://" not in page.text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"swagger-ui-bundle.js", "swagger-ui.css", "signing.js", "signing.css"} <= set(parts)
    assert all(sandbox.client.get(f"/ui/{part}").status_code == 200 for part in parts)


@pytest.mark.parametrize("path", ["/ui/", "/ui/signing.js", "/ui/swagger-ui.css"])
def test_the_content_security_policy_allows_this_server_only(sandbox: Merchant, path: str) -> None:
    """The page and its files have a Content-Security-Policy that allows only this server and no inline script."""
    headers = sandbox.client.get(path).headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    own, nothing = dict.fromkeys(("script-src", "style-src", "connect-src"), "'self'"), "'none'"
    closed = dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), nothing)
    assert policy == {**own, **closed, "img-src": "'self' data:"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["index.html", "oauth2-redirect.html", "index.j2", "..%2fpages.py"])
def test_nothing_else_of_swagger_ui_is_served(sandbox: Merchant, name: str) -> None:
    """Other files of Swagger UI and of the package are not found."""
    assert sandbox.send({}, b"", method="GET", path=f"/ui/{name}").status_code == 404


def test_the_page_without_its_slash_redirects(sandbox: Merchant) -> None:
    """/ui redirects to the path /ui/, and the Host that the caller sent is not part of the location."""
    response = sandbox.client.get("/ui", headers={"Host": "elsewhere.example"})
    assert response.status_code == 303
    assert response.headers["location"] == "/ui/"


def test_no_other_path_is_redirected(sandbox: Merchant) -> None:
    """A path with an additional slash is not found, without a redirect."""
    response = sandbox.client.get("/openapi.yaml/", headers={"Host": "elsewhere.example"})
    assert response.json()["responseCode"] == "4047300"


def test_an_empty_base_path_becomes_the_root(nicepay: Nicepay, tmp_path: Path) -> None:
    """With an empty base path, the page's copy of the document has the server URL `/`."""
    settings = Settings.load(write_settings(tmp_path, nicepay))
    page_api = SandboxApi(nicepay.private_key, Clock(), lambda _refused: {})
    with running(settings, Clock(), partial(SandboxPages, origin=ORIGIN, base_path="", api=page_api)) as merchant:
        assert merchant.client.get("/ui/openapi.json").json()["servers"][0]["url"] == "/"


def test_the_sandbox_answers_like_the_server(sandbox: Merchant, nicepay: Nicepay) -> None:
    """A missing page and a wrong method get SNAP answers, and the same listener issues tokens."""
    assert sandbox.send({}, b"", method="GET", path="/ui/missing.js").status_code == 404
    assert sandbox.client.post("/openapi.yaml").json()["responseCode"] == "4057300"
    assert sandbox.ask(nicepay).status_code == 200
