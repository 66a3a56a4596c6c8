"""The page about `snap-token self-check`: it has every check, and the numbers of the code."""

import re
from typing import get_args

import pytest

from handlers.cli.self_check import folders, key_ages, latency, postgresql_store
from handlers.cli.self_check.clock import ADVISED_DIFFERENCE
from handlers.cli.self_check.completion import LONGEST_SECONDS
from handlers.cli.self_check.finding import CheckName, Severity
from handlers.cli.self_check.redis_store import FULL, OLDEST_VERSION
from handlers.cli.startup.inherited import RESERVED_FILES
from handlers.config.setting_warning import SOON
from handlers.server.process.uvicorn_server import MOST_CONNECTIONS
from handlers.snap.keys import ADVISED_BITS
from tests.pages import ROOT

PAGES = sorted(ROOT.glob("docs/*/self-check.md"))
both_pages = pytest.mark.parametrize("page", [page.read_text() for page in PAGES], ids=["en", "id"])


def _rows(page: str) -> dict[str, str]:
    """The rows of all tables whose first cell is one constant."""
    rows = (line.strip("| ").partition("` |") for line in page.splitlines() if line.startswith("| `"))
    return {name.strip("`"): cells for name, _, cells in rows}


@both_pages
def test_the_page_has_every_severity_and_every_check(page: str) -> None:
    """Each name that the command can print has its row, in the order of the code."""
    assert list(_rows(page)) == [*get_args(Severity), *get_args(CheckName)]


@both_pages
def test_the_page_has_the_numbers_of_the_code(page: str) -> None:
    """A number that decides about a severity is in the row of its check."""
    rows = {name: cells.replace("1.0", "1,0").replace("2.0", "2,0") for name, cells in _rows(page).items()}
    numbers = {
        "files.room": (folders.LEAST_ROOM // folders.MEBIBYTE, folders.ADVISED_ROOM // folders.MEBIBYTE),
        "keys.token": (key_ages.OLDEST_KEY.days, key_ages.LONGEST_ROTATION.days),
        "keys.clients": (ADVISED_BITS,),
        "keys.certificates": (SOON.days,),
        "clock.difference": (ADVISED_DIFFERENCE.seconds,),
        "state.latency": (latency.ROUND_TRIPS, round(latency.SLOW_SECONDS * 1_000)),
        "state.version": (OLDEST_VERSION, postgresql_store.OLDEST_VERSION),
        "state.memory": (round(FULL * 100),),
        "listeners.descriptors": (MOST_CONNECTIONS, RESERVED_FILES),
        "proxy.certificate": (SOON.days,),
    }
    assert {
        name: [f"{each:,}" for each in each_row if f" {each:,}" not in rows[name]] for name, each_row in numbers.items()
    } == {name: [] for name in numbers}


@both_pages
def test_the_page_has_the_time_limit_of_the_code(page: str) -> None:
    """The time limit of a check stands in the section about running the command."""
    assert re.search(rf" {LONGEST_SECONDS:.0f} (seconds|detik)\. .*`\[\[services\]\]`", page.replace("\n", " "))
