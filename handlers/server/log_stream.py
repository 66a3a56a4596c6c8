"""A stream that loses lines rather than fail: a full disk must not turn into a refused payment."""

import json
from contextlib import suppress
from typing import TextIO


class LossyStream:
    """Writes through to a text stream; what that cannot take is counted, and told once it can write again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> int:
        """Write the text, or count it as lost."""
        if self._lost and self._wrote(json.dumps({"event": "log.lost", "level": "error", "lines": self._lost}) + "\n"):
            self._lost = 0
        if not self._wrote(text):
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError):
            self._stream.flush()

    def _wrote(self, text: str) -> bool:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            return False
        return True
