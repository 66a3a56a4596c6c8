"""The collection for Bruno and its command line (Bru Lang v2)."""

import json
import re
from collections.abc import Iterator, Mapping
from textwrap import indent

from handlers.cli.pack.collections.answers import Answer
from handlers.cli.pack.collections.readme import NAME, about
from handlers.cli.pack.collections.request import SECRETS, Folder, Request
from handlers.cli.pack.collections.signing import signing_code
from handlers.cli.pack.collections.urls import urls

FOLDER = "bruno"
ENVIRONMENT = "snap-token"

_MANIFEST = {"version": "1", "name": NAME, "type": "collection", "ignore": []}
_BEFORE = """\
const snap = require("./signing.js");
const get = (name) => bru.getVar(name) || bru.getEnvVar(name);
const set = (name, value) => bru.setVar(name, value);
"""
_AFTER = """\
const set = (name, value) => bru.setVar(name, value);
const status = res.getStatus();
const header = (name) => res.getHeader(name.toLowerCase());
const body = res.getBody();
"""


def files(folders: tuple[Folder, ...], base_url: str) -> dict[str, str]:
    """The files of the collection. Their names begin with `bruno/`."""
    named = {
        "bruno.json": f"{json.dumps(_MANIFEST, indent=2)}\n",
        "collection.bru": _block("docs", about("Bruno")),
        f"environments/{ENVIRONMENT}.bru": _block("vars", _pairs(_variables(base_url))),
        "signing.js": f"{signing_code()}\nmodule.exports = snap;\n",
        ".gitignore": ".env\n",
        **dict(_of_folders(folders)),
    }
    return {f"{FOLDER}/{name}": text for name, text in named.items()}


def _variables(base_url: str) -> dict[str, str]:
    return {name: _process_variable(name) if name in SECRETS else value for name, value in urls(base_url).items()}


def _process_variable(name: str) -> str:
    """A reference to an environment variable of the process, such as `SNAP_PRIVATE_KEY`."""
    words = re.sub("([A-Z])", r"_\1", name).upper()
    return f"{{{{process.env.SNAP_{words}}}}}"


def _of_folders(folders: tuple[Folder, ...]) -> Iterator[tuple[str, str]]:
    for place, folder in enumerate(folders, 1):
        name = _file_name(folder.name)
        meta = _block("meta", _pairs({"name": folder.name, "seq": str(place)}))
        yield f"{name}/folder.bru", f"{meta}\n{_block('docs', folder.about)}"
        for seq, request in enumerate(folder.requests, 1):
            yield f"{name}/{_file_name(request.name)}.bru", _request(request, seq)


def _file_name(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def _request(request: Request, seq: int) -> str:
    blocks = [
        _block("meta", _pairs({"name": request.name, "type": "http", "seq": str(seq)})),
        _block(request.method.lower(), _pairs({"url": request.url, "body": _mode(request), "auth": "none"})),
        _block("headers", _pairs(request.headers)),
        *([_block(f"body:{_mode(request)}", request.body)] if request.body else []),
        *([_block("script:pre-request", _BEFORE + request.script)] if request.script else []),
        _block("tests", _AFTER + request.tests),
        _block("docs", request.about),
        *(_example(request, answer) for answer in request.shown),
    ]
    return "\n".join(blocks)


def _mode(request: Request) -> str:
    return "json" if request.body else "none"


def _example(request: Request, answer: Answer) -> str:
    body = f"type: json\ncontent: '''\n{indent(json.dumps(answer.body, indent=2), '  ')}\n'''"
    status = _pairs({"code": str(answer.status), "text": answer.phrase})
    response = "\n\n".join(
        _nested(name, text) for name, text in (("headers", _pairs(answer.headers)), ("status", status), ("body", body))
    )
    asked = _pairs({"url": request.url, "method": request.method.lower(), "mode": _mode(request)})
    return _block(
        "example", f"name: {answer.summary}\n\n{_nested('request', asked)}\n\n{_nested('response', response)}"
    )


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in values.items())


def _nested(name: str, text: str) -> str:
    return f"{name}: {{\n{indent(text, '  ')}\n}}"


def _block(name: str, text: str) -> str:
    return f"{name} {{\n{indent(text.strip(), '  ')}\n}}\n"
