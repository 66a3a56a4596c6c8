"""Parts of the documentation that `make reference` writes, between two markers in a page."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Region:
    """The part between `<!-- name: make reference -->` and `<!-- /name -->`."""

    name: str

    def text(self, page: Path) -> str:
        """The current text of the part in a page.

        Raises:
            ValueError: A marker is missing.
        """
        return self._split(page)[1].strip()

    def write(self, page: Path, text: str) -> None:
        """Replace the part in a page with the text.

        Raises:
            ValueError: A marker is missing.
        """
        before, _, after = self._split(page)
        page.write_text(f"{before}\n{text}\n\n{after}", encoding="utf-8")

    def _split(self, page: Path) -> tuple[str, str, str]:
        begin, end = f"<!-- {self.name}: make reference -->\n", f"<!-- /{self.name} -->\n"
        before, found, rest = page.read_text(encoding="utf-8").partition(begin)
        text, closed, after = rest.partition(end)
        if not (found and closed):
            message = f"{page} lacks the markers {begin}{end}"
            raise ValueError(message)
        return before + begin, text, end + after
