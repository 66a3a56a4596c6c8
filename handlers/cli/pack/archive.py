"""The pack as one ZIP file. The same input gives the same bytes, at any time and on any machine."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from string import Template
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from handlers.cli.pack.document import as_json, for_server, parsed
from handlers.cli.pack.page import html_page
from handlers.cli.pack.vectors import token_request, vectors
from handlers.server.openapi.documents import TOKEN_PATH

FOLDER = "snap-token"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16
_UNIX = 3
_LANGUAGES = ("en", "id")


def contents(text: str, base_url: str) -> dict[str, str]:
    """The files of the pack by name, made from the text of the document. No other file of the merchant is read."""
    yaml = for_server(text, base_url)
    document = parsed(yaml)
    return {
        "snap-token.yaml": yaml,
        "snap-token.json": as_json(document),
        "snap-token.html": html_page(document, f"{document['info']['title']}: {base_url}"),
        "vectors.json": as_json(vectors(document, base_url)),
        "token-request.sh": f"{token_request(document, base_url).as_curl()}\n",
        **{f"checklist.{language}.md": _checklist(language, base_url) for language in _LANGUAGES},
    }


def zip_archive(files: Mapping[str, str]) -> bytes:
    """The ZIP file: sorted, without times, and not compressed, because compressors differ between machines."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name in sorted(files):
            entry = ZipInfo(f"{FOLDER}/{name}", _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, files[name].encode())
    return buffer.getvalue()


def _checklist(language: str, base_url: str) -> str:
    text = (Path(__file__).parent / f"checklist.{language}.md").read_text(encoding="utf-8")
    return Template(text).substitute(base_url=base_url, token_url=f"{base_url}{TOKEN_PATH}")
