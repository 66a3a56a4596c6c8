"""The editions of both documents as files. `make editions` writes them, and `make check` lints them."""

import sys
from pathlib import Path

import yaml

from handlers.cli.pack.document import as_json
from handlers.server.openapi.bundle import bundled
from handlers.server.openapi.edition_3_1 import as_3_1
from tests.document import INTERNAL_PATH, PATH


def main(folder: Path) -> None:
    """Write each document in OpenAPI 3.1, and as JSON without references."""
    folder.mkdir(exist_ok=True)
    for document in (PATH, INTERNAL_PATH):
        text = document.read_text(encoding="utf-8")
        (folder / f"{document.stem}.3.1.yaml").write_text(as_3_1(text), encoding="utf-8")
        (folder / f"{document.stem}.bundled.json").write_text(as_json(bundled(yaml.safe_load(text))), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
