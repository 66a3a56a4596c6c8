"""`snap-token share`: create the integration pack for NICEPAY."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import write_new
from handlers.cli.pack.address import base_url as checked_base_url
from handlers.cli.pack.archive import FOLDER, contents, internal_contents, zip_archive
from handlers.cli.pack.contact import contact as checked_contact
from handlers.cli.pack.document import BASE_PATH
from handlers.cli.settings_file import load_settings
from handlers.server.openapi.documents import DOCUMENT, INTERNAL_DOCUMENT


def share(
    *,
    base_url: str,
    output: Path,
    config: Path | None = None,
    contact: tuple[str, ...] = (),
    internal: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Create a pack to e-mail to NICEPAY: the API document with your URL, test vectors, collections, and a checklist.

    The checklist is in English and Indonesian. The pack contains no secret. The same command creates the same file,
    byte for byte.

    Example: snap-token share --base-url https://merchant.example --output pack.zip --config snap-token.toml

    Example for your own team: snap-token share --internal --base-url http://10.0.0.5:9080 --output internal.zip

    Args:
        base_url: The https:// URL at which NICEPAY reaches this server, with or without the base path.
        output: The new ZIP file.
        config: The settings file. Its server.base_path is added to a URL without a path. Default: /api/v1.0.
        contact: Your team, for questions: its name, e-mail address or https:// URL. Give the option once for each.
        internal: Create the pack for your own team instead, with the document of the internal listener. The base URL
            is then that of the internal listener.
    """
    if internal and config:
        message = "--config: leave it out with --internal, because the internal listener has no base path"
        raise UsageError(message)
    base_path = load_settings(config).server.base_path if config else "" if internal else BASE_PATH
    document, make, folder = (
        (INTERNAL_DOCUMENT, internal_contents, f"{FOLDER}-internal") if internal else (DOCUMENT, contents, FOLDER)
    )
    url = checked_base_url(base_url, base_path, is_internal=internal)
    files = make(document.read_text(encoding="utf-8"), url, checked_contact(contact))
    write_new(output, zip_archive(files, folder), secret=False)
    sys.stdout.write("".join(f"{name}\n" for name in (f"{output}:", *(f"  {each}" for each in _listed(files)))))


def _listed(files: Iterable[str]) -> list[str]:
    """The names, with one line for a folder."""
    return sorted({f"{folder}/" if rest else folder for folder, _, rest in (name.partition("/") for name in files)})
