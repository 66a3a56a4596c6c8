"""The page on sizing in both languages, held to its calculation, and the simulation behind its plot."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from handlers.access_token import issue_access_token
from handlers.config.tables import ClientTable
from handlers.server.process.uvicorn_server import MOST_CONNECTIONS
from handlers.server.process.workers.worker import LONGEST_START_SECONDS
from handlers.services import Services
from handlers.snap.token import LIFETIME
from handlers.state.memory import MemoryState
from handlers.state.port import LOSS_SECONDS, TIMEOUT_SECONDS
from handlers.state.sqlite.file import CHECKPOINT_PAGES
from tests.calls import services
from tests.generated import Region
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta
from tests.pages import DEPLOY, ROOT, page
from tests.sizing import measured, model, plot, window
from tests.sizing.model import MARK_SECONDS, PARTS, Load
from tests.sizing.page import TABLES, number
from tests.sizing.words import LANGUAGES, Language

in_both_languages = pytest.mark.parametrize("language", LANGUAGES)
TOLERANCE = int(ClientTable.model_fields["clock_tolerance_seconds"].default)
NARROW = 60
CRYSTAL = plot.CRYSTAL_SECONDS
SIGNED_AT = NOON.replace(microsecond=0)

FACTS = [
    (CRYSTAL, "{} seconds a day", "{} detik per hari"),
    (TOLERANCE / CRYSTAL, "after {} days", "setelah {} hari"),
    (NARROW / CRYSTAL, "after {} days", "setelah {} hari"),
    (MARK_SECONDS, "{} seconds, which is twice", "{} detik, yaitu dua kali"),
    (2 * TOLERANCE, "and {} seconds longer", "dan {} detik lebih lama"),
    (2 * TOLERANCE, "up to {} seconds longer", "sampai {} detik lebih lama"),
    (LOSS_SECONDS, "{} seconds", "{} detik"),
    (model.RESTART_DAYS, "records of {} days", "catatan dari {} hari"),
    (LIFETIME.total_seconds(), "lives for {} seconds", "berlaku {} detik"),
    (Load(1).fewest_tokens, "asks {} times a day", "meminta {} kali per hari"),
    (100 * model.BUSIEST_HOUR, "has {} % of the requests", "mendapat {} % dari request"),
    (model.BURST, "has {} times the mean", "mendapat {} kali rata-rata"),
    (model.CALLS_OF_A_TOKEN, "for every {} calls", "untuk setiap {} call"),
    (PARTS[0].factor, "means {} merchants", "berarti {} merchant"),
    (measured.SIGNATURE, "is {} of the", "adalah {} dari"),
    (measured.CPU["token"][0], "of the {} us of a token", "dari {} us sebuah request token"),
    (measured.BUSY_LOAD, "At a load average of {},", "Pada load average {},"),
    (measured.BUSY_REDIS, "cost Redis {} us", "memakan {} us di Redis"),
    (measured.ALONE, "{} us with SQLite", "{} us dengan SQLite"),
    (measured.ALONE / measured.CPU["token"][0], "up to {} times as much", "sampai {} kali lipat"),
    (measured.CPU["token"][0], "in place of {} us", "bukan {} us"),
    (CHECKPOINT_PAGES * 4_096 / 1e6, "at most {} MB", "paling banyak {} MB"),
    (measured.APPEND[True][0] / 1_000, "took {} ms here", "memakan {} ms"),
    (measured.TWO_WORKERS, "[{} times]", "[{} kali]"),
    (measured.WORKER_MEGABYTES, "needs {} MB of memory", "memerlukan {} MB memori"),
    (measured.CONNECTIONS, "has {} connections to Redis", "punya {} koneksi ke Redis"),
    (measured.THOUSAND_CLIENTS[0], "starts {} seconds later", "mulai {} detik lebih lambat"),
    (measured.THOUSAND_CLIENTS[1], "needs {} MB more", "memerlukan {} MB lebih banyak"),
    (measured.ENGINE_CPU["PostgreSQL"][1], "costs {} us instead", "memakan {} us, bukan"),
    (measured.ENGINE_CPU["PostgreSQL"][0], "instead of {} us", "bukan {} us"),
    (LONGEST_START_SECONDS, "within {} seconds", "dalam {} detik"),
    (MOST_CONNECTIONS, "accepts {} connections", "menerima {} koneksi"),
    (1_000 * TIMEOUT_SECONDS, "after {} milliseconds", "setelah {} milidetik"),
    (TOLERANCE, "at most {} seconds before", "paling jauh {} detik sebelum"),
    (100 * window.LOSS, "loses {} % of the requests", "menghilangkan {} % request"),
    (100 * window.SLOW_SHARE, "{} % of the requests come", "{} % request datang"),
    (window.SLOW_SECONDS, "come {} seconds late", "datang {} detik terlambat"),
]
"""Numbers in the prose, each with the words around it in both languages."""


@in_both_languages
@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_calculated(name: str, language: Language) -> None:
    """Each table is what the calculation gives now; else: `make reference`."""
    assert Region(name).text(ROOT / "docs" / language / "sizing.md") == TABLES[name](language), "run `make reference`"


@in_both_languages
def test_the_plot_is_that_of_the_simulation(language: Language) -> None:
    """The plot shows what the simulation gives now; else: `make reference`."""
    assert (ROOT / plot.file(language)).read_text(encoding="utf-8") == plot.svg(language), "run `make reference`"
    assert f"(../../{plot.file(language)})" in page("sizing", language)


@pytest.mark.parametrize(("value", "english", "indonesian"), FACTS)
def test_the_prose_has_the_numbers_of_the_calculation(value: float, english: str, indonesian: str) -> None:
    """Each number in the prose is the one that is measured, calculated or set in the code."""
    assert english.format(number(value, "en")) in page("sizing", "en")
    assert indonesian.format(number(value, "id")) in page("sizing", "id")


@in_both_languages
def test_the_limits_of_other_files_are_told(language: Language) -> None:
    """The page has the limit of descriptors of the shipped unit, and the pauses of the simulated clients."""
    text, (*most, last) = page("sizing", language), window.PAUSES
    (descriptors,) = (each for each in (DEPLOY / "snap-token.service").read_text().split() if "NOFILE" in each)
    assert f"`{descriptors}`" in text
    assert ", ".join(map(str, most)) + {"en": f" and {last} s", "id": f", dan {last} d"}[language] in text


def test_the_summary_is_true() -> None:
    """Ten times needs less than 3 % of a core, a thousand times less than one, and two parts are full before a core."""
    assert Load(10).cores("SQLite", Load(10).peak) * measured.ALONE / measured.CPU["token"][0] < 0.03
    assert Load(1_000).cores("SQLite", Load(1_000).peak) < 1
    assert [part.name for part in PARTS[:3]] == ["limits", "redis memory", "core"]
    assert PARTS[1].factor < 1_000 < PARTS[2].factor


def test_a_load_follows_from_its_calls() -> None:
    """10,000 calls and their 5,000 token requests are 1,500 requests in the busiest hour, and scale with the factor."""
    assert Load(1).rate * 3_600 == pytest.approx(1_500)
    assert Load(10).peak == pytest.approx(10 * Load(1).peak)


def test_redis_holds_the_calls_of_two_days() -> None:
    """Redis keeps each record one day longer, and a file of which nothing is deleted for a week has those of 8 days."""
    call, token = (measured.BYTES[kind] for kind in ("call", "token"))
    marks = MARK_SECONDS / 86_400
    assert Load(1).state("Redis") == pytest.approx(20_000 * call[1] + (1 + marks) * 5_000 * token[1])
    assert Load(1).state("SQLite") == pytest.approx(10_000 * call[0] + marks * 5_000 * token[0])
    assert Load(1).state("SQLite", restarted=True) == pytest.approx(8 * (10_000 * call[0] + 5_000 * token[0]))


def test_a_clock_is_refused_when_it_leaves_the_window() -> None:
    """No request is refused if the clock is off by less than the tolerance, and half are if by up to twice that."""
    assert window.refused_percent(9, 300, 30) == 0
    assert window.refused_percent(20, 300, 30) == pytest.approx(50, abs=1)
    assert window.refused_percent(20, 60, 30) > window.refused_percent(20, 300, 30)


def test_only_one_state_store_keeps_a_call_from_coming_twice() -> None:
    """A call that is sent again is a repeat where one store decides, and comes twice where two decide alone."""
    same, regions = window.outcome(window.POLICIES["same"]), window.outcome(window.POLICIES["regions"])
    assert same.twice == 0
    assert same.repeat > 0
    assert regions.twice == pytest.approx(same.repeat, rel=0.1)
    assert window.outcome(window.POLICIES["new id"]).twice == regions.twice


def test_an_old_signature_leaves_a_narrow_window() -> None:
    """The last attempt with an old signature is refused if the tolerance is 60 seconds, and one that is new is not."""
    assert window.outcome(window.POLICIES["same"], tolerance=60).refused > 0
    assert window.outcome(window.POLICIES["anew"], tolerance=60).refused == 0


def test_every_call_ends_in_one_way() -> None:
    """The ways in which calls end add up to all calls."""
    for policy in window.POLICIES.values():
        outcome = window.outcome(policy)
        assert outcome.success + outcome.repeat + outcome.refused + outcome.unanswered == outcome.calls


def test_a_copy_in_another_region_gains_the_width_of_the_window() -> None:
    """If two regions decide alone, a copied token request gets a token that lives up to twice the tolerance longer."""
    nicepay, width = Nicepay(), timedelta(seconds=2 * TOLERANCE)
    here = services(nicepay)
    there = replace(here, state=MemoryState())
    first = _issued_at(here, nicepay, SIGNED_AT - width / 2)
    assert _issued_at(there, nicepay, SIGNED_AT + width / 2) - first == width
    assert _issued_at(here, nicepay, SIGNED_AT + width / 2) == first


def _issued_at(region: Services, nicepay: Nicepay, now: datetime) -> datetime:
    """When the token was issued that a region gives at this time for a request that was signed at noon."""
    answer = issue_access_token(
        replace(region, now=lambda: now),
        x_timestamp=jakarta(SIGNED_AT),
        x_client_key=CLIENT_KEY,
        x_signature=nicepay.signature(jakarta(SIGNED_AT)),
    )
    token = str(asyncio.run(answer)["accessToken"])
    return region.token_keys.verify(token, now).issued_at


@in_both_languages
def test_the_date_and_the_load_of_the_measurement_are_told(language: Language) -> None:
    """The page says when the figures were measured, and how busy the machine was."""
    text = page("sizing", language)
    assert measured.DATE in text
    assert f"(load average {measured.LOAD[language]})" in text


@in_both_languages
def test_figures_of_the_page_on_performance_are_still_there(language: Language) -> None:
    """The figures that come from the page on performance are on that page."""
    text = page("performance", language)
    assert f"| {measured.ALONE} |" in text
    assert number(measured.RECORDS_A_SECOND_IN_SQLITE, language) in text
    assert f"{measured.TWO_WORKERS:.2f}".replace(".", {"en": ".", "id": ","}[language]) in text
