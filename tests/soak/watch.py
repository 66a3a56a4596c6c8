"""What is measured during a soak: what the workers use, and when the machine did not let them work.

A busy machine has such moments. No server can answer then.
"""

import os
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Self

from tests.soak.ledger import Fault, Usage
from tests.soak.site import Site

PERIOD_SECONDS = 0.25
SAMPLE_EVERY = 8
"""What the workers use is measured once in so many periods."""
STALL_SECONDS = 0.2
"""A wait that counts as a stall. The state store has 0.5 s for an answer, for several steps."""
MARGIN_SECONDS = 0.5
"""How long before and after a stall a request may feel it: the time that the state store has for an answer."""


class Watch:
    """A thread that measures how long the workers wait for a processor, and how long the disk takes to flush a byte."""

    def __init__(self, site: Site) -> None:
        self.stalls: list[Fault] = []
        self.usages: list[Usage] = []
        self._site, self._canary = site, site.folder / "canary"
        self._waited: dict[Path, float] = {}
        self._is_over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        start = time.time()
        for period in count():
            if self._is_over.wait(PERIOD_SECONDS):
                return
            if not period % SAMPLE_EVERY:
                self.usages.extend(self._site.usages())
            processor, disk = self._longest_wait(), self._flush_seconds()
            if max(processor, disk) > STALL_SECONDS:
                name = "no processor" if processor > disk else "slow disk"
                self.stalls.append(Fault(name, start - MARGIN_SECONDS, time.time() + MARGIN_SECONDS))
            start = time.time()

    def _longest_wait(self) -> float:
        """The longest wait of a thread of a worker for a processor since the last call, in seconds."""
        before, self._waited = self._waited, {}
        for pid in self._site.workers_of_all():
            with suppress(FileNotFoundError, ProcessLookupError):  # It has just ended.
                for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                    self._waited[file] = int(file.read_text().split()[1]) / 1e9
        return max((waited - before[file] for file, waited in self._waited.items() if file in before), default=0)

    def _flush_seconds(self) -> float:
        start = time.monotonic()
        with self._canary.open("wb") as file:
            file.write(b"\0")
            os.fsync(file.fileno())
        return time.monotonic() - start
