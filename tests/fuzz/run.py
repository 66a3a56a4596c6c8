"""`make fuzz`: schemathesis against a started server, in two passes, and whether what came of it counts.

*Signed*: hooks sign each request as NICEPAY would, save what the case has broken on purpose. *Unsigned*: no hooks.
"""

import json
import secrets
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests import document
from tests.e2e.process import environment, run, running
from tests.fuzz.tally import ELSEWHERE, SIGNED, UNSIGNED, Pass, Tally, shortcomings
from tests.nicepay import CLIENT_KEY

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
REPORTS = ROOT / ".reports" / "fuzz"
PYTHON = Path(sys.executable)
# As `init` makes it, without the pages, on a free port.
_SETTINGS = {"SNAP_TOKEN__SANDBOX__ENABLED": "false", "SNAP_TOKEN__SERVER__PORT": "0"}


@dataclass(frozen=True)
class Target:
    """A server to be fuzzed, and the key of its one client."""

    url: str
    private_key_file: Path

    def environment(self, wanted: Pass) -> dict[str, str]:
        """The hooks, if the pass has any, and what they ask for. A proxy of the environment is for other machines."""
        return environment(
            SCHEMATHESIS_HOOKS="tests.fuzz.hooks" if wanted is SIGNED else "",
            FUZZ_CLIENT_KEY=CLIENT_KEY,
            FUZZ_PRIVATE_KEY_FILE=str(self.private_key_file),
            no_proxy="127.0.0.1",
        )


@contextmanager
def started() -> Iterator[Target]:
    """`snap-token serve` in a process of its own, with new keys, until the block ends."""
    with TemporaryDirectory() as folder:
        sandbox = Path(folder) / "sandbox"
        run(PYTHON.with_name("snap-token"), "init", sandbox).check_returncode()
        serve = (PYTHON.with_name("snap-token"), "serve", "--config", sandbox / "snap-token.toml")
        with running(*serve, env=environment(**_SETTINGS)) as process:
            listening = json.loads(next(iter(process.err)))
            url = listening["endpoint"].removesuffix(document.TOKEN_PATH)
            yield Target(url, sandbox / "nicepay-private.pem")


@dataclass(frozen=True)
class Reports:
    """What schemathesis writes of one pass."""

    junit: Path
    har: Path
    json: Path

    @classmethod
    def of(cls, wanted: Pass, folder: Path) -> Self:
        """New ones: an old one must not be taken for the news."""
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{wanted.name}.{kind}" for kind in ("xml", "har", "json")]
        for each in files:
            each.unlink(missing_ok=True)
        return cls(*files)


def run_schemathesis(
    wanted: Pass, target: Target, reports: Reports, *options: str, capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """`st run`, as a pass wants it."""
    kept = (f"--report-{kind}-path={path}" for kind, path in vars(reports).items())
    return subprocess.run(
        [PYTHON.with_name("st"), "--config-file", CONFIG, "run", document.PATH, "--url", target.url, *kept, *options],
        cwd=ROOT,
        env=target.environment(wanted),
        stdin=subprocess.DEVNULL,
        capture_output=capture,
        text=True,
        check=False,
    )


def fuzz(wanted: Pass, examples: int, seed: int) -> Iterator[str]:
    """Run one pass and print its tally; what is wrong, if anything is."""
    reports = Reports.of(wanted, REPORTS)
    with started() as target:
        done = run_schemathesis(wanted, target, reports, f"--max-examples={examples}", f"--seed={seed}")
    if done.returncode:
        yield f"schemathesis ended with status {done.returncode}"
    if not (reports.har.exists() and reports.json.exists()):
        yield "schemathesis has left no reports"
        return
    tally = Tally.of(reports.har, reports.json)
    _say("", f"{wanted.name}: {tally}", "")
    yield from shortcomings(wanted, tally)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both passes; the exit status is 1 if either fails or does not count."""
    parser = ArgumentParser(prog="python -m tests.fuzz.run", description=str(__doc__).splitlines()[0])
    parser.add_argument("--examples", type=int, default=500, help="of the random phase, in each pass")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="a new one unless given")
    options = parser.parse_args(arguments)
    wrong = [
        f"{wanted.name}: {each}"
        for wanted in (SIGNED, UNSIGNED)
        for each in fuzz(wanted, options.examples, options.seed)
    ]
    _say("The other documented answers are got by:", *(f"  {status}  {test}" for status, test in ELSEWHERE.items()))
    _say(f"Reports: {REPORTS.relative_to(ROOT)}", f"Seed: {options.seed}", *(wrong or ["The run counts."]))
    return int(bool(wrong))


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
