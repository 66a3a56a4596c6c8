"""`snap-token share`: create the integration pack for NICEPAY."""

import sys
from pathlib import Path

from handlers.cli.errors import load_settings
from handlers.cli.files.atomic_write import write_new
from handlers.cli.pack.address import base_url as checked_base_url
from handlers.cli.pack.archive import contents, zip_archive
from handlers.cli.pack.document import BASE_PATH
from handlers.server.openapi.documents import DOCUMENT


def share(*, base_url: str, output: Path, config: Path | None = None) -> None:
    """Create a pack to e-mail to NICEPAY: the API document with your URL, test vectors, and a checklist.

    The checklist is in English and Indonesian. The pack contains no secret. The same command creates the same file,
    byte for byte.

    Example: snap-token share --base-url https://merchant.example --output pack.zip --config snap-token.toml

    Args:
        base_url: The https:// URL at which NICEPAY reaches this server, with or without the base path.
        output: The new ZIP file.
        config: The settings file. Its server.base_path is added to a URL without a path. Default: /api/v1.0.
    """
    base_path = load_settings(config).server.base_path if config else BASE_PATH
    files = contents(DOCUMENT.read_text(encoding="utf-8"), checked_base_url(base_url, base_path))
    write_new(output, zip_archive(files), secret=False)
    sys.stdout.write("".join(f"{name}\n" for name in (f"{output}:", *(f"  {each}" for each in sorted(files)))))
