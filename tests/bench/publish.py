"""Put the last figures into the documentation. Run `python -m tests.bench.publish` after a run on an idle machine."""

import shutil
from pathlib import Path

from tests.bench.servers import REPORTS, ROOT

CHART = Path(".assets/throughput.svg")
BEGIN, END = "<!-- throughput: tests/bench/publish.py -->\n", "<!-- /throughput -->\n"


def publish(page: Path, table: str) -> None:
    """Replace the text between the two markers of a page.

    Raises:
        ValueError: A marker is missing.
    """
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        message = f"{page} lacks the markers for the figures: {BEGIN}{END}"
        raise ValueError(message)
    page.write_text(f"{before}{BEGIN}\n```text\n{table}```\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Publish table and chart of the last run."""
    table = (REPORTS / "throughput.txt").read_text(encoding="utf-8")
    shutil.copyfile(REPORTS / "throughput.svg", ROOT / CHART)
    for page in sorted(ROOT.glob("docs/*/performance.md")):
        publish(page, table)


if __name__ == "__main__":
    main()
