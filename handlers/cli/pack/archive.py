"""The pack as one ZIP file. The same input gives the same bytes, at any time and on any machine."""

from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path
from string import Template
from types import MappingProxyType
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from handlers.cli.pack.collections.build import collections
from handlers.cli.pack.document import Contract, as_json, for_internal_server, for_server, parsed, with_contact
from handlers.cli.pack.page import html_page
from handlers.cli.pack.vectors import vectors
from handlers.cli.pack.vectors_table import table
from handlers.server.openapi.bundle import bundled
from handlers.server.openapi.documents import INTERNAL_DOCUMENT, SNIPPETS, TEST_PRIVATE_KEY, TEST_PUBLIC_KEY, TOKEN_PATH
from handlers.server.openapi.edition_3_1 import as_3_1

FOLDER = "snap-token"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644
_EXECUTABLE = 0o100755
_UNIX = 3
# Each file, and its words for the contact if no other is known.
_CHECKLISTS = {"checklist.en.md": "the sender of this pack", "checklist.id.md": "pengirim paket ini"}
_NO_CONTACT: Mapping[str, str] = MappingProxyType({})
_EXAMPLE_URL = "https://merchant.example/api/v1.0"


Contributor = Callable[[Contract], Mapping[str, str]]
"""Makes some files of a pack."""


def contents(text: str, base_url: str, contact: Mapping[str, str] = _NO_CONTACT) -> dict[str, str]:
    """The files of the pack by name, made from the text of the document. No other file of the merchant is read."""
    yaml = with_contact(for_server(text, base_url), contact)
    return _files(_CONTRIBUTORS, Contract(yaml, base_url, contact=contact))


def internal_contents(text: str, base_url: str, contact: Mapping[str, str] = _NO_CONTACT) -> dict[str, str]:
    """The files of the pack for the merchant's own team, made from the text of the internal document."""
    yaml = with_contact(for_internal_server(text, base_url), contact)
    return _files(_INTERNAL_CONTRIBUTORS, Contract(yaml, base_url, "internal"))


def _files(contributors: Iterable[Contributor], contract: Contract) -> dict[str, str]:
    return {name: content for files in contributors for name, content in files(contract).items()}


def zip_archive(files: Mapping[str, str], folder: str = FOLDER) -> bytes:
    """The ZIP file: sorted, without times, and not compressed, because compressors differ between machines."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name in sorted(files):
            entry = ZipInfo(f"{folder}/{name}", _EPOCH)
            mode = _EXECUTABLE if name.endswith(".sh") else _READABLE
            entry.create_system, entry.external_attr = _UNIX, mode << 16
            archive.writestr(entry, files[name].encode())
    return buffer.getvalue()


def _document(contract: Contract) -> dict[str, str]:
    return {f"{contract.name}.yaml": contract.yaml, f"{contract.name}.json": as_json(contract.document)}


def _editions(contract: Contract) -> dict[str, str]:
    return {
        f"{contract.name}.3.1.yaml": as_3_1(contract.yaml),
        f"{contract.name}.bundled.json": as_json(bundled(contract.document)),
    }


def _page(contract: Contract) -> dict[str, str]:
    title = f"{contract.document['info']['title']}: {contract.base_url}"
    return {f"{contract.name}.html": html_page(contract.document, title)}


def _vectors(contract: Contract) -> dict[str, str]:
    """The vectors in two formats, the key pair that signs them, and the programs that try them."""
    made = vectors(contract.document, contract.base_url)
    return {
        "vectors.json": as_json(made),
        "vectors.tsv": table(made),
        **{file.name: file.read_text(encoding="ascii") for file in (TEST_PRIVATE_KEY, TEST_PUBLIC_KEY)},
        **{f"snippets/{file.name}": file.read_text(encoding="utf-8") for file in SNIPPETS.iterdir() if file.is_file()},
    }


def _token_request(contract: Contract) -> dict[str, str]:
    return {"token-request.sh": _text("token-request.sh").replace(_EXAMPLE_URL, contract.base_url)}


def _collections(contract: Contract) -> dict[str, str]:
    internal = parsed(INTERNAL_DOCUMENT.read_text(encoding="utf-8"))
    return collections(contract.document, internal, contract.base_url)


def _checklists(contract: Contract) -> dict[str, str]:
    values = {"base_url": contract.base_url, "token_url": f"{contract.base_url}{TOKEN_PATH}"}
    contact = ", ".join(value if kind == "name" else f"<{value}>" for kind, value in contract.contact.items())
    return {
        name: Template(_text(name)).substitute(values, contact=contact or sender)
        for name, sender in _CHECKLISTS.items()
    }


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


# Each function returns some files of the pack. No two return a file of the same name.
_CONTRIBUTORS: tuple[Contributor, ...] = (
    _document,
    _editions,
    _page,
    _vectors,
    _token_request,
    _collections,
    _checklists,
)
_INTERNAL_CONTRIBUTORS: tuple[Contributor, ...] = (_document, _editions, _page)
