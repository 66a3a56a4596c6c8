"""How a document is read."""

from dataclasses import replace
from pathlib import Path

import pytest
from connexion.exceptions import InvalidSpecification

from handlers.server.openapi import loading
from handlers.server.openapi.application import public_api
from handlers.server.openapi.loading import load
from handlers.server.openapi.unsupported import UnsupportedError
from tests.document import PATH, RAW


def _load(folder: Path, text: str) -> object:
    file = folder / "document.yaml"
    file.write_text(text)
    return load(replace(public_api("/base"), document=file))


def test_the_document_is_read_as_it_is(tmp_path: Path) -> None:
    """Nothing is added but the base path, and nothing taken away."""
    paths = {f"/base{path}": item for path, item in RAW["paths"].items()}
    assert _load(tmp_path, PATH.read_text()) == {**RAW, "paths": paths}


def test_a_key_that_comes_twice_stops_the_start(tmp_path: Path) -> None:
    """YAML's readers take the last of the two, and the first would be ignored."""
    text = PATH.read_text().replace("      summary: Issue", "      summary: Another\n      summary: Issue")
    with pytest.raises(UnsupportedError, match=r"summary: comes twice in the mapping at line [0-9]+$"):
        _load(tmp_path, text)


@pytest.mark.parametrize("text", ["[]", "a: 1", "openapi: 3.0.3\npaths: {/a: {get: []}}", "openapi: 3.0.3\npaths: []"])
def test_what_is_no_openapi_is_told_by_connexion(tmp_path: Path, text: str) -> None:
    """A document that is no OpenAPI at all has no operation to name."""
    with pytest.raises((InvalidSpecification, UnsupportedError)):
        _load(tmp_path, text)


def test_a_document_that_connexion_takes_is_not_served_unchecked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the check itself fails on a document that is an OpenAPI, nothing is served."""

    def fail(_document: object, _api: object) -> None:
        raise KeyError

    monkeypatch.setattr(loading, "require_supported", fail)
    with pytest.raises(KeyError):
        _load(tmp_path, PATH.read_text())
