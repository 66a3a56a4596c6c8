"""The collections, run by newman and by Bruno's command line against a sandbox behind nginx."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from handlers.cli.pack.collections.build import collections
from handlers.cli.pack.collections.signing import LIBRARY
from tests.document import INTERNAL_RAW, RAW
from tests.e2e import merchant_service, proxies
from tests.e2e.integrators.conftest import NodePrograms
from tests.e2e.process import COMMAND, FREE_PORT, environment, run, running
from tests.e2e.proxies import Upstreams

PATIENCE = 300
"""Seconds. A signature in JavaScript takes about 0.1 s of processor time, and 1.2 s in Bruno's safe mode."""

FILES = collections(RAW, INTERNAL_RAW, "http://127.0.0.1/api/v1.0")
INTERNAL = {"SNAP_TOKEN__INTERNAL__PORT": "0", "SNAP_TOKEN__INTERNAL__ACCEL_REDIRECT": "@merchant"}
REQUESTS = {name for name in FILES if name.endswith(".bru") and name.count("/") == 2} - {
    name for name in FILES if name.endswith("/folder.bru") or "/environments/" in name
}


@dataclass(frozen=True)
class Place:
    """A sandbox behind nginx, and the collections for it in a folder."""

    folder: Path
    base_url: str
    calls_url: str
    authority: Path
    secrets: dict[str, str]

    def postman_environment(self, **other_values: str) -> Path:
        """The environment of the collection with the values that a user enters."""
        data = json.loads((self.folder / "snap-token.postman_environment.json").read_text())
        entered = {"baseUrl": self.base_url, "callsUrl": self.calls_url, **self.secrets, **other_values}
        for each in data["values"]:
            each["value"] = entered.get(each["key"], each["value"])
        file = self.folder / "entered.json"
        file.write_text(json.dumps(data))
        return file


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The running servers."""
    folder = tmp_path_factory.mktemp("collections")
    sandbox = folder / "sandbox"
    assert run(COMMAND, "init", "--calls", sandbox).returncode == 0
    with _served(sandbox) as (base_url, calls_url):
        secrets = {
            "privateKey": (sandbox / "nicepay-private.pem").read_text(),
            "clientSecret": (sandbox / "client.secret").read_text().strip(),
            "notificationPrivateKey": (sandbox / "notification-private.pem").read_text(),
        }
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        yield Place(folder, base_url, calls_url, sandbox / "certificate.pem", secrets)


@contextmanager
def _served(sandbox: Path) -> Iterator[tuple[str, str]]:
    """The base URL of the server, and the address of nginx in front of it."""
    env = environment(**FREE_PORT, **INTERNAL)
    with (
        running(COMMAND, "serve", "--config", sandbox / "snap-token.toml", env=env) as server,
        merchant_service.running() as merchant,
    ):
        endpoint = server.err.event("server.listening")["endpoint"]
        internal = urlsplit(server.err.event("internal.listening")["endpoint"])
        upstreams = Upstreams(urlsplit(endpoint).port or 0, internal.port or 0, merchant.port)
        with proxies.nginx(sandbox, upstreams) as proxy:
            yield endpoint.removesuffix("/access-token/b2b"), f"https://127.0.0.1:{proxy.port}"


def test_newman_runs_every_request(place: Place, node_programs: NodePrograms) -> None:
    """newman runs every request of the collection, and each test of the collection passes."""
    report = place.folder / "newman.json"
    options = ("-e", place.postman_environment(), "-r", "json", "--reporter-json-export", report)
    command = (node_programs.command("newman"), "run", place.folder / "snap-token.postman_collection.json")
    done = run(*command, *options, env={**node_programs.env, **_trust(place)}, patience=PATIENCE)
    run_data = json.loads(report.read_text())["run"]
    assert run_data["failures"] == []
    assert (done.returncode, run_data["stats"]["requests"]["total"]) == (0, len(REQUESTS))
    assert run_data["stats"]["assertions"]["total"] > 2 * len(REQUESTS)


def test_newman_finds_a_wrong_answer(place: Place, node_programs: NodePrograms) -> None:
    """If the server does not know the client, so that it refuses the token, newman fails."""
    options = ("-e", place.postman_environment(clientKey="NOBODY"), "--folder", "Token")
    command = (node_programs.command("newman"), "run", place.folder / "snap-token.postman_collection.json")
    done = run(*command, *options, env=node_programs.env, patience=PATIENCE)
    assert done.returncode == 1
    assert "expected 401 to equal 200" in done.stdout


def test_the_scripts_ask_for_a_missing_key(place: Place, node_programs: NodePrograms) -> None:
    """Without a private key, the script names the variables to set."""
    options = ("-e", place.postman_environment(privateKey=""), "--folder", "Token")
    command = (node_programs.command("newman"), "run", place.folder / "snap-token.postman_collection.json")
    done = run(*command, *options, env=node_programs.env, patience=PATIENCE)
    assert done.returncode == 1
    assert "There is no unencrypted RSA private key in PEM" in done.stdout


def test_bruno_runs_every_request(place: Place, node_programs: NodePrograms) -> None:
    """Bruno runs every request of the collection in developer mode, and each test of the collection passes."""
    results = _bruno(place, node_programs, "-r", "--sandbox", "developer")
    assert {result["test"]["filename"] for result in results} == {name.removeprefix("bruno/") for name in REQUESTS}


def test_bruno_signs_in_safe_mode(place: Place, node_programs: NodePrograms) -> None:
    """The default mode of Bruno, which has no module of Node.js, makes each kind of signature."""
    symmetric = "calls-with-a-token-symmetric"
    names = (f"{symmetric}/token-of-the-symmetric-client", f"{symmetric}/inquiry", "body-signed-calls/payment")
    assert len(_bruno(place, node_programs, *(f"{name}.bru" for name in names))) == len(names)


def _bruno(place: Place, node_programs: NodePrograms, *options: str) -> list[dict[str, Any]]:
    """Run Bruno and return the results of the requests, all of which passed."""
    names = {"privateKey": "SNAP_PRIVATE_KEY", "clientSecret": "SNAP_CLIENT_SECRET"}
    names["notificationPrivateKey"] = "SNAP_NOTIFICATION_PRIVATE_KEY"
    env = {**node_programs.env, **_trust(place), **{names[key]: value for key, value in place.secrets.items()}}
    urls = ("--env-var", f"baseUrl={place.base_url}", "--env-var", f"callsUrl={place.calls_url}")
    report = place.folder / "bruno.json"
    command: tuple[str | Path, ...] = (
        node_programs.command("bru"),
        "run",
        *options,
        "--env",
        "snap-token",
        *urls,
        "--reporter-json",
        report,
    )
    done = run(*command, cwd=place.folder / "bruno", env=env, patience=PATIENCE)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    results: list[dict[str, Any]] = json.loads(report.read_text())[0]["results"]
    return results


def _trust(place: Place) -> dict[str, str]:
    return {"NODE_EXTRA_CA_CERTS": str(place.authority)}


def test_the_library_is_the_released_one(node_programs: NodePrograms) -> None:
    """The JavaScript library in the collections has the bytes of the npm package, whose hash is in the lock."""
    released = node_programs.command("newman").parents[1] / "jsrsasign" / "lib" / LIBRARY.name
    assert LIBRARY.read_bytes() == released.read_bytes()


def test_an_import_of_the_document_has_good_values(place: Place, node_programs: NodePrograms, tmp_path: Path) -> None:
    """The importer of Postman takes the sandbox as the server, and the examples of the document as values."""
    document, imported = tmp_path / "openapi.yaml", tmp_path / "imported.json"
    origin = place.base_url.removesuffix("/api/v1.0")
    document.write_bytes(httpx.get(f"{origin}/openapi.yaml", trust_env=False).content)
    options = ("-s", document, "-o", imported, "-O", "parametersResolution=Example")
    assert run(node_programs.command("openapi2postmanv2"), *options, env=node_programs.env).returncode == 0
    collection = json.loads(imported.read_text())
    (base_url,) = (each["value"] for each in collection["variable"] if each["key"] == "baseUrl")
    request = collection["item"][0]["item"][0]["item"][0]["request"]
    values = {header["key"]: header["value"] for header in request["header"]}
    assert base_url == place.base_url
    for name, parameter in RAW["components"]["parameters"].items():
        assert values[name] == parameter["example"]
    assert json.loads(request["body"]["raw"]) == {"grantType": "client_credentials", "additionalInfo": {}}
