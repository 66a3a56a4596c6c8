"""The generated tables of the page on sizing."""

from collections.abc import Sequence

from handlers.request_limits import CLIENT_REQUESTS
from tests.generated import Region
from tests.pages import ROOT
from tests.sizing import measured, window, words
from tests.sizing.model import FACTORS, PARTS, REDIS_BYTES, Load, Part, cpu
from tests.sizing.words import LANGUAGES, Language

_UNITS = ("B", "kB", "MB", "GB", "TB")
_SEPARATORS = str.maketrans(",.", ".,")

Row = Sequence[str]


def number(value: float, language: Language) -> str:
    """Two digits, or all digits before the point: `0.42`, `2.1`, `417`, `10,000`."""
    text = f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
    return text.translate(_SEPARATORS) if language == "id" else text


def size(count: float, language: Language) -> str:
    """Bytes in the largest unit that leaves at least one."""
    unit = 0
    while count >= 999.5:
        count, unit = count / 1_000, unit + 1
    return f"{number(count, language)} {_UNITS[unit]}"


def percent(share: float, language: Language) -> str:
    """A share in percent, such as `0.07 %`."""
    return f"{number(share, language)} %"


def times(factor: float, language: Language) -> str:
    """A factor, after a multiplication sign."""
    return f"\N{MULTIPLICATION SIGN} {number(factor, language)}"


def table(*rows: Row) -> str:
    """Rows in Markdown. The first one is the head."""
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *others))


def costs(language: Language) -> str:
    """The CPU time of a request."""
    words_, figures = words.REQUESTS[language], dict[str, Row]()
    figures |= {kind: [number(each, language) for each in values] for kind, values in measured.CPU.items()}
    same = {"audit": measured.AUDIT, "durable": measured.DURABLE_AUDIT, "limits": measured.LIMITS}
    same |= {"metrics": measured.METRICS, "rsa": measured.SIGNATURE}
    figures |= {name: [number(each, language)] * len(measured.ENGINES) for name, each in same.items()}
    for place, name in enumerate(("alone", "together")):
        engines = [measured.ENGINE_CPU.get(engine) for engine in measured.ENGINES]
        figures[name] = [number(each[place], language) if each else "-" for each in engines]
    return table([words_["head"], *measured.ENGINES], *([words_[name], *each] for name, each in figures.items()))


def state(language: Language) -> str:
    """The bytes of a record."""
    words_ = words.BYTES[language]
    rows = ([words_[kind], *(number(each, language) for each in values)] for kind, values in measured.BYTES.items())
    return table([words_["head"], *measured.ENGINES], *rows)


def lines(language: Language) -> str:
    """The bytes of a line in log and audit trail."""
    words_, files = words.LINES[language], {"log": measured.LOG, "audit": measured.AUDIT_LINE}
    rows = [
        [words_[f"{file} {kind}"], *(number(each, language) for each in values)]
        for file, kinds in files.items()
        for kind, values in kinds.items()
    ]
    return table([words_["head"], words_["plain"], words_["compressed"]], *rows)


def loads(language: Language) -> str:
    """What each load needs."""
    words_ = words.LOADS[language]
    columns = [_needs(Load(factor), language) for factor in FACTORS]
    rows = ([words_[name], *(column[name] for column in columns)] for name in columns[0])
    return table([words_["head"], *(times(factor, language) for factor in FACTORS)], *rows)


def _needs(load: Load, language: Language) -> dict[str, str]:
    def seconds(value: float) -> str:
        return words.LOADS[language]["seconds"].format(number(value, language))

    return {
        "calls": number(load.calls, language),
        "fewest": number(load.fewest_tokens, language),
        "tokens": number(load.tokens, language),
        "rate": number(load.rate, language),
        "peak": number(load.peak, language),
        "cpu": percent(100 * load.cores("SQLite", load.rate), language),
        "cpu peak": percent(100 * load.cores("SQLite", load.peak), language),
        "sqlite": size(load.state("SQLite"), language),
        "sqlite restarted": size(load.state("SQLite", restarted=True), language),
        "redis": size(load.state("Redis"), language),
        "postgresql": size(load.state("PostgreSQL"), language),
        "postgresql restarted": size(load.state("PostgreSQL", restarted=True), language),
        "start": seconds(load.start_seconds()),
        "log": size(load.log(), language),
        "audit": size(load.audit(), language),
        "years": size(load.audit_of_years(), language),
        "verify": seconds(load.verify_seconds()),
    }


_DIVISORS = {
    "limits": CLIENT_REQUESTS,
    "core": cpu("SQLite"),
    "redis": measured.ENGINE_CPU["Redis"][0],
    "redis memory": REDIS_BYTES / 1e9,
    "postgresql": measured.ENGINE_CPU["PostgreSQL"][0],
    "audit": measured.APPEND[False][0],
    "durable audit": measured.APPEND[True][1],
}
"""The numbers in the names of the parts."""


def parts(language: Language) -> str:
    """The parts, in the order in which they are full."""
    words_ = words.PARTS[language]
    rows = (_part(part, language) for part in PARTS)
    return table([words_[name] for name in ("head", "holds", "needs", "full")], *rows)


def _part(part: Part, language: Language) -> Row:
    words_ = words.PARTS[language]
    name = words_[part.name].format(number(_DIVISORS.get(part.name, 0), language))
    if part.name == "redis memory":
        amounts = [size(each, language) for each in (part.holds, part.needs)]
    else:
        amounts = [words_["rate"].format(number(each, language)) for each in (part.holds, part.needs)]
    return [name, *amounts, times(part.factor, language)]


def retries(language: Language) -> str:
    """How calls end on a bad network."""
    words_, columns = words.RETRIES[language], ("success", "repeat", "unanswered", "twice")
    rows = []
    for name, policy in window.POLICIES.items():
        wide, narrow = window.outcome(policy), window.outcome(policy, tolerance=60)
        shares = [*(wide.share(column) for column in columns), narrow.share("refused")]
        rows.append([words_[name], *(percent(share, language) for share in shares)])
    return table([words_[name] for name in ("head", *columns, "narrow")], *rows)


TABLES = {
    "sizing-costs": costs,
    "sizing-state": state,
    "sizing-lines": lines,
    "sizing-loads": loads,
    "sizing-parts": parts,
    "sizing-retries": retries,
}


def write() -> None:
    """Write the tables into each page."""
    for language in LANGUAGES:
        for name, make in TABLES.items():
            Region(name).write(ROOT / "docs" / language / "sizing.md", make(language))
