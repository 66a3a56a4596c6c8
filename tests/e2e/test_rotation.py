"""Rotation of token keys while two processes serve: no token is refused, and no process restarts."""

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
"""The least number of calls in each test."""

CALLERS = 2
"""Callers for each of the two directions between the processes."""

SETTINGS, KEYS = "snap-token.toml", "token.keys"


@dataclass
class Load:
    """Callers that get a token from one process and introspect it at the other, in both directions."""

    served: Sequence[Instance]
    nicepay: Nicepay
    over: Event = field(default_factory=Event)
    outcomes: Counter[object] = field(default_factory=Counter)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Run the callers until the block has ended and there were enough calls."""
        directions = [(0, 1), (1, 0)] * CALLERS
        with ThreadPoolExecutor(len(directions)) as pool:
            callers = [pool.submit(self._call, self.served[issuer], self.served[other]) for issuer, other in directions]
            try:
                yield
            finally:
                self.over.set()
        for each in callers:
            self.outcomes += each.result()

    def _call(self, issuer: Instance, other: Instance) -> Counter[object]:
        outcomes: Counter[object] = Counter()
        headers = lru_cache(self.nicepay.headers)  # One signature a second. Each repeat gets a new token.
        with issuer.public() as public, other.internal() as internal:
            while outcomes.total() < CALLS / 2 / CALLERS or not self.over.is_set():
                answer = public.ask(headers(jakarta(datetime.now(UTC))))
                outcomes[answer.code] += 1
                outcomes[internal.introspect(answer.token).content["active"]] += 1
        return outcomes


@dataclass(frozen=True)
class Operator:
    """An operator with a folder of settings and token keys."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / SETTINGS

    def rotate(self) -> list[str]:
        """Take the next step of the rotation, as if the last step were long ago, and return the keys' fingerprints."""
        keys = self.folder / KEYS
        long_ago = (datetime.now(UTC) - timedelta(seconds=11)).strftime("published %Y-%m-%dT%H:%M:%SZ")
        replace(keys, re.sub(r"published \S+", long_ago, keys.read_text()))
        assert main(["keys", "rotate", "--config", str(self.settings)]) == 0
        return [line.fingerprint for line in TokenKeyFile.parse(keys, keys.read_text()).lines]

    def copied_to(self, folder: Path) -> Path:
        """Copy settings and keys to the folder of another host, and return the path of its settings."""
        return Path(shutil.copytree(self.folder, folder)) / SETTINGS

    def copy_keys_to(self, settings: Path) -> None:
        """Overwrite the key file of a host, as `cp` does. For a moment the file is incomplete."""
        settings.with_name(KEYS).write_text((self.folder / KEYS).read_text())


@pytest.fixture
def operator(tmp_path: Path, nicepay: Nicepay) -> Operator:
    """An operator with one token key."""
    folder = tmp_path / "operator"
    folder.mkdir()
    write_settings(folder, nicepay, extra=TABLES)
    return Operator(folder)


def _await_keys(served: Instance, fingerprints: list[str]) -> None:
    """Wait until the log says that the process has read these keys."""
    while served.process.err.event("settings.read")["token_keys"] != fingerprints:
        pass


def _assert_no_token_was_refused(load: Load) -> None:
    assert load.outcomes.keys() == {"2007300", True}
    assert load.outcomes.total() >= CALLS


@pytest.mark.parametrize("orders", [((0, 1), (0, 1)), ((0, 1), (1, 0))], ids=["one after the other", "crosswise"])
def test_copies_may_be_rotated_in_any_order(
    operator: Operator, tmp_path: Path, nicepay: Nicepay, orders: Sequence[Sequence[int]]
) -> None:
    """No token is refused in whatever order the processes get their copies of the published and the minting key."""
    settings = [operator.copied_to(tmp_path / host) for host in ("one", "two")]
    with instances(*settings) as served:
        load = Load(served, nicepay)
        with load.under_way():
            for order in orders:
                fingerprints = operator.rotate()
                for place in order:
                    operator.copy_keys_to(settings[place])
                    _await_keys(served[place], fingerprints)
    _assert_no_token_was_refused(load)


def test_a_shared_file_is_rotated(operator: Operator, nicepay: Nicepay) -> None:
    """Two processes that read the same file of token keys refuse no token during a rotation."""
    with instances(operator.settings, operator.settings) as served:
        load = Load(served, nicepay)
        with load.under_way():
            for _ in ("published", "minting"):
                fingerprints = operator.rotate()
                for each in served:
                    _await_keys(each, fingerprints)
    _assert_no_token_was_refused(load)
