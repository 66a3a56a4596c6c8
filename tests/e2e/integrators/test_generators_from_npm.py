"""Clients from the generators on npm: openapi-typescript with openapi-fetch, and @hey-api/openapi-ts."""

import json

import pytest

from tests.e2e.integrators.conftest import NodePrograms
from tests.e2e.integrators.generated import INTERNAL_DOCUMENT, TOKEN_DOCUMENT, Workshop
from tests.e2e.integrators.merchant import Merchant

_DOCUMENTS = {"token": TOKEN_DOCUMENT, "internal": INTERNAL_DOCUMENT}
_COMPILER_OPTIONS = {
    "strict": True,
    "target": "es2022",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    "module": "commonjs",
    "moduleResolution": "node10",
    "esModuleInterop": True,
}


@pytest.fixture
def workshop(node_programs: NodePrograms, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """An empty folder with the npm packages."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(node_programs.packages)
    return Workshop(folder, node_programs.env)


def _compile(workshop: Workshop, node_programs: NodePrograms, caller: str) -> None:
    """Compile a caller and the generated code with the strict rules."""
    settings = {"compilerOptions": _COMPILER_OPTIONS, "files": [workshop.add_caller(caller).name]}
    (workshop.folder / "tsconfig.json").write_text(json.dumps(settings))
    workshop.run(node_programs.command("tsc"))


def test_openapi_typescript(workshop: Workshop, node_programs: NodePrograms, merchant: Merchant) -> None:
    """The types of openapi-typescript pass tsc's strict rules, and openapi-fetch parses each answer with them."""
    for name, document in _DOCUMENTS.items():
        workshop.run(node_programs.command("openapi-typescript"), document, "--output", f"{name}.d.ts")
    _compile(workshop, node_programs, "openapi_fetch.ts")
    assert workshop.report(merchant, node_programs.node, "openapi_fetch.js") == merchant.report()


def test_hey_api(workshop: Workshop, node_programs: NodePrograms, merchant: Merchant) -> None:
    """The clients of @hey-api/openapi-ts pass tsc's strict rules and parse each answer."""
    for name, document in _DOCUMENTS.items():
        command = (node_programs.command("openapi-ts"), "--input", document, "--output", f"hey_{name}")
        workshop.run(*command, "--client", "@hey-api/client-fetch", "--no-log-file")
    _compile(workshop, node_programs, "hey_api.ts")
    assert workshop.report(merchant, node_programs.node, "hey_api.js") == merchant.report()
