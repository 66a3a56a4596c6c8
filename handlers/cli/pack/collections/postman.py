"""The collection and the environment for Postman and newman (Postman Collection Format v2.1)."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.cli.pack.collections.answers import Answer
from handlers.cli.pack.collections.readme import NAME, about
from handlers.cli.pack.collections.request import SECRETS, Folder, Request
from handlers.cli.pack.collections.signing import signing_code
from handlers.cli.pack.collections.urls import urls

COLLECTION = "snap-token.postman_collection.json"
ENVIRONMENT = "snap-token.postman_environment.json"

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_BEFORE = """\
const snap = new Function(pm.collectionVariables.get("signing"))();
const get = (name) => pm.variables.get(name);
const set = (name, value) => pm.collectionVariables.set(name, value);
"""
_AFTER = """\
const set = (name, value) => pm.collectionVariables.set(name, value);
const { test, expect } = pm;
const status = pm.response.code;
const header = (name) => pm.response.headers.get(name);
const body = pm.response.json();
"""


def files(folders: tuple[Folder, ...], base_url: str) -> dict[str, str]:
    """The collection and its environment."""
    return {COLLECTION: _json(_collection(folders)), ENVIRONMENT: _json(_environment(base_url))}


def _collection(folders: tuple[Folder, ...]) -> dict[str, Any]:
    return {
        "info": {"name": NAME, "description": about("Postman"), "schema": _SCHEMA},
        "item": [_folder(folder) for folder in folders],
        "variable": [{"key": "signing", "value": f"{signing_code()}\nreturn snap;", "type": "string"}],
    }


def _environment(base_url: str) -> dict[str, Any]:
    values = [
        {"key": name, "value": value, "type": "secret" if name in SECRETS else "default", "enabled": True}
        for name, value in urls(base_url).items()
    ]
    return {"name": NAME, "values": values, "_postman_variable_scope": "environment"}


def _folder(folder: Folder) -> dict[str, Any]:
    return {"name": folder.name, "description": folder.about, "item": [_item(each) for each in folder.requests]}


def _item(request: Request) -> dict[str, Any]:
    before = [_event("prerequest", _BEFORE + request.script)] if request.script else []
    return {
        "name": request.name,
        "event": [*before, _event("test", _AFTER + request.tests)],
        "request": _request(request),
        "response": [_response(request, each) for each in request.shown],
    }


def _request(request: Request) -> dict[str, Any]:
    body = {"body": {"mode": "raw", "raw": request.body}} if request.body else {}
    return {
        "method": request.method,
        "header": _headers(request.headers),
        **body,
        "url": request.url,
        "description": request.about,
    }


def _response(request: Request, answer: Answer) -> dict[str, Any]:
    return {
        "name": answer.summary,
        "originalRequest": _request(request),
        "status": answer.phrase,
        "code": answer.status,
        "_postman_previewlanguage": "json",
        "header": _headers(answer.headers),
        "body": json.dumps(answer.body, indent=2),
    }


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in headers.items()]


def _event(name: str, script: str) -> dict[str, Any]:
    return {"listen": name, "script": {"type": "text/javascript", "exec": script.splitlines()}}


def _json(value: object) -> str:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"
