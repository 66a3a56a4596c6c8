"""The document as one HTML page that needs no network. It contains Swagger UI, its style and the document.

The Content-Security-Policy of the page forbids every request (CSP 3: `default-src 'none'`), and allows only the scripts
and the style whose hashes it names.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from handlers.server.sandbox.pages import PAGES, SWAGGER_UI

_HERE = Path(__file__).parent
_SOURCE_MAP = re.compile(r"\n?(//|/\*)# sourceMappingURL=[^\s*]*( ?\*/)?\s*\Z")
# Text that would begin or end a script inside a script (HTML, 4.12.1.3). \x3C means < in strings and expressions.
_SCRIPT_MARK = re.compile(r"<(?=!--|/?script)", re.IGNORECASE)


def html_page(document: Mapping[str, object], title: str) -> str:
    """The HTML of the page."""
    style = "\n".join(_SOURCE_MAP.sub("", _read(file)) for file in _styles())
    scripts = [_script(file) for file in _scripts()]
    return Template(_read(_HERE / "page.html")).substitute(
        title=escape(title),
        policy=_policy(style, scripts),
        style=style,
        document=json.dumps(document, ensure_ascii=False).replace("<", "\\u003c"),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def _styles() -> tuple[Path, ...]:
    return SWAGGER_UI / "swagger-ui.css", PAGES / "theme.css", _HERE / "page.css"


def _scripts() -> tuple[Path, ...]:
    return SWAGGER_UI / "swagger-ui-bundle.js", PAGES / "theme.js", _HERE / "page.js"


def _script(file: Path) -> str:
    return _SCRIPT_MARK.sub(r"\\x3C", _SOURCE_MAP.sub("", _read(file)))


def _policy(style: str, scripts: list[str]) -> str:
    hashes = " ".join(map(_hash, scripts))
    return f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {hashes}; base-uri 'none'"


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
