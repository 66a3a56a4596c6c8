"""Token keys are rotated while two processes serve: no token is refused for it, and nothing restarts."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Event

import pytest

from handlers.cli import main
from handlers.cli.files.atomic_write import replace
from handlers.config.token_key_file import TokenKeyFile
from tests.e2e.instances import TABLES, Instance, instances
from tests.merchant import write_settings
from tests.nicepay import Nicepay, jakarta

CALLS = 4_000
"""At the least, in each of the tests: with three of them, 10,000 in all."""

CALLERS = 2
"""For each of the two ways between the processes."""

SETTINGS, KEYS = "snap-token.toml", "token.keys"


@dataclass
class Load:
    """Tokens of one process, introspected at the other, in both ways."""

    served: Sequence[Instance]
    nicepay: Nicepay
    over: Event = field(default_factory=Event)
    outcomes: Counter[object] = field(default_factory=Counter)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Until the block has ended and there were enough calls."""
        ways = [(0, 1), (1, 0)] * CALLERS
        with ThreadPoolExecutor(len(ways)) as pool:
            callers = [pool.submit(self._call, *(self.served[place] for place in way)) for way in ways]
            try:
                yield
            finally:
                self.over.set()
        for each in callers:
            self.outcomes += each.result()

    def _call(self, issuer: Instance, other: Instance) -> Counter[object]:
        outcomes: Counter[object] = Counter()
        headers = lru_cache(self.nicepay.headers)  # One signature a second; each repeat has a token of its own.
        with issuer.public() as public, other.internal() as internal:
            while outcomes.total() < CALLS / 2 / CALLERS or not self.over.is_set():
                answer = public.ask(headers(jakarta(datetime.now(UTC))))
                outcomes[answer.code] += 1
                outcomes[internal.introspect(answer.token).content["active"]] += 1
        return outcomes


@dataclass(frozen=True)
class Desk:
    """Where an operator rotates."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / SETTINGS

    def rotate(self) -> list[str]:
        """Take the next step, as if the one before were long enough ago; the keys' fingerprints after it."""
        keys = self.folder / KEYS
        long_ago = (datetime.now(UTC) - timedelta(seconds=11)).strftime("published %Y-%m-%dT%H:%M:%SZ")
        replace(keys, re.sub(r"published \S+", long_ago, keys.read_text()))
        assert main(["keys", "rotate", "--config", str(self.settings)]) == 0
        return [line.fingerprint for line in TokenKeyFile.parse(keys, keys.read_text()).lines]

    def copied_to(self, folder: Path) -> Path:
        """Settings and keys of another host."""
        return Path(shutil.copytree(self.folder, folder)) / SETTINGS

    def copy_keys_to(self, settings: Path) -> None:
        """Over the old file, as `cp` does: for a moment there is half of it."""
        settings.with_name(KEYS).write_text((self.folder / KEYS).read_text())


@pytest.fixture
def desk(tmp_path: Path, nicepay: Nicepay) -> Desk:
    """One token key, not rotated yet."""
    folder = tmp_path / "desk"
    folder.mkdir()
    write_settings(folder, nicepay, extra=TABLES)
    return Desk(folder)


def _await_keys(served: Instance, fingerprints: list[str]) -> None:
    """Until its log says that the process has read these keys."""
    while served.process.err.event("settings.read")["token_keys"] != fingerprints:
        pass


def _assert_nobody_was_refused(load: Load) -> None:
    assert load.outcomes.keys() == {"2007300", True}
    assert load.outcomes.total() >= CALLS


@pytest.mark.parametrize("orders", [((0, 1), (0, 1)), ((0, 1), (1, 0))], ids=["one after the other", "crosswise"])
def test_copies_may_be_rotated_in_any_order(
    desk: Desk, tmp_path: Path, nicepay: Nicepay, orders: Sequence[Sequence[int]]
) -> None:
    """Whichever process has its copy of the published key, and of the minting key, first: no token is refused."""
    settings = [desk.copied_to(tmp_path / host) for host in ("one", "two")]
    with instances(*settings) as served:
        load = Load(served, nicepay)
        with load.under_way():
            for order in orders:
                fingerprints = desk.rotate()
                for place in order:
                    desk.copy_keys_to(settings[place])
                    _await_keys(served[place], fingerprints)
    _assert_nobody_was_refused(load)


def test_a_shared_file_is_rotated(desk: Desk, nicepay: Nicepay) -> None:
    """Two processes that read one file of token keys refuse no token while it is rotated."""
    with instances(desk.settings, desk.settings) as served:
        load = Load(served, nicepay)
        with load.under_way():
            for _ in ("published", "minting"):
                fingerprints = desk.rotate()
                for each in served:
                    _await_keys(each, fingerprints)
    _assert_nobody_was_refused(load)
