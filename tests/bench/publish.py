"""The last figures, put into the documentation and beside it: `python -m tests.bench.publish` after a quiet run."""

import shutil
from pathlib import Path

from tests.bench.servers import REPORTS, ROOT

CHART = Path(".assets/throughput.svg")
BEGIN, END = "<!-- throughput: tests/bench/publish.py -->\n", "<!-- /throughput -->\n"


def publish(page: Path, table: str) -> None:
    """Replace what stands between the two marks; ValueError if a mark is not there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        message = f"{page} has no place for the figures: {BEGIN}{END}"
        raise ValueError(message)
    page.write_text(f"{before}{BEGIN}\n```text\n{table}```\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Table and chart of the last run."""
    table = (REPORTS / "throughput.txt").read_text(encoding="utf-8")
    shutil.copyfile(REPORTS / "throughput.svg", ROOT / CHART)
    for page in sorted(ROOT.glob("docs/*/performance.md")):
        publish(page, table)


if __name__ == "__main__":
    main()
