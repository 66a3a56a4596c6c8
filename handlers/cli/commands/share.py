"""`snap-token share`: the pack that a merchant e-mails to NICEPAY."""

import sys
from pathlib import Path

from handlers.cli.errors import settings_of
from handlers.cli.files.atomic_write import write_new
from handlers.cli.pack.address import base_url as checked
from handlers.cli.pack.archive import archived, contents
from handlers.cli.pack.document import BASE_PATH
from handlers.server.openapi.documents import DOCUMENT


def share(*, base_url: str, output: Path, config: Path | None = None) -> None:
    """Make the pack to e-mail to NICEPAY: the document with your URL, test vectors, and a checklist in two languages.

    Nothing secret of yours is in it. The same call makes the same file, byte for byte.

    Example: snap-token share --base-url https://merchant.example --output pack.zip --config snap-token.toml

    Args:
        base_url: Where NICEPAY reaches this server, https; with the base path, or without one.
        output: The ZIP file to make.
        config: The settings whose server.base_path is taken for a URL without a path, in place of /api/v1.0.
    """
    base_path = settings_of(config).server.base_path if config else BASE_PATH
    files = contents(DOCUMENT.read_text(encoding="utf-8"), checked(base_url, base_path))
    write_new(output, archived(files), secret=False)
    sys.stdout.write("".join(f"{name}\n" for name in (f"{output}:", *(f"  {each}" for each in sorted(files)))))
