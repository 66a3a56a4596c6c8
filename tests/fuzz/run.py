"""`make fuzz`: schemathesis against a started server, in two passes for each document, and whether they count.

*Signed*: hooks sign each request as NICEPAY would, save what the case has broken on purpose. *Unsigned*: no hooks.
*Genuine*: hooks make calls of a proxy that NICEPAY has signed, save the same. *Strange*: no hooks, and a wrong secret.
"""

import secrets
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import httpx

from tests import document
from tests.e2e.process import environment, run, running
from tests.fuzz.passes import ELSEWHERE, PASSES, STRANGE, Pass
from tests.fuzz.tally import Tally, shortcomings
from tests.internal import PROXY_SECRET, SYMMETRIC, write_internal_settings
from tests.nicepay import BODY, CLIENT_KEY, Nicepay, jakarta

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
REPORTS = ROOT / ".reports" / "fuzz"
PYTHON = Path(sys.executable)
COMMAND = PYTHON.with_name("snap-token")
# As `init` makes it, without the pages, on a free port.
# The configuration of both documents is one file, and it is not read without them.
_IN_THE_CONFIGURATION = {"FUZZ_TOKEN": "none", "FUZZ_PROXY_SECRET": "none"}
_FREE_PORT = {"SNAP_TOKEN__SERVER__PORT": "0"}
_SETTINGS = {"SNAP_TOKEN__SANDBOX__ENABLED": "false", **_FREE_PORT}


@dataclass(frozen=True)
class Target:
    """A server to be fuzzed, and the variables that tell the hooks what they need to know."""

    url: str
    variables: Mapping[str, str]

    @classmethod
    def public(cls, url: str, private_key_file: Path) -> Self:
        """Whoever has this key signs."""
        return cls(url, {"FUZZ_CLIENT_KEY": CLIENT_KEY, "FUZZ_PRIVATE_KEY_FILE": str(private_key_file)})

    @classmethod
    def internal(cls, url: str, private_key_file: Path, token: Callable[[str], str]) -> Self:
        """The same, with a token for each of two clients, and the proxy's secret."""
        tokens = {"FUZZ_TOKEN": token(CLIENT_KEY), "FUZZ_SYMMETRIC_TOKEN": token(SYMMETRIC)}
        return cls(url, {**tokens, "FUZZ_PRIVATE_KEY_FILE": str(private_key_file), "FUZZ_PROXY_SECRET": PROXY_SECRET})

    def environment(self, wanted: Pass) -> dict[str, str]:
        """The hooks, if the pass has any, and what they ask for. A proxy of the environment is for other machines."""
        secret = {"FUZZ_PROXY_SECRET": "a-secret-that-is-not-the-proxy-s"} if wanted is STRANGE else {}
        steering = {"SCHEMATHESIS_HOOKS": wanted.hooks, "no_proxy": "127.0.0.1"}
        return environment(**{**_IN_THE_CONFIGURATION, **self.variables, **secret, **steering})


@contextmanager
def started(wanted: Pass) -> Iterator[Target]:
    """`snap-token serve` in a process of its own, with new keys, until the block ends."""
    serve = _public if wanted.document == document.PATH else _internal
    with TemporaryDirectory() as folder, serve(Path(folder)) as target:
        yield target


@contextmanager
def _public(folder: Path) -> Iterator[Target]:
    sandbox = folder / "sandbox"
    run(COMMAND, "init", sandbox).check_returncode()
    serve = (COMMAND, "serve", "--config", sandbox / "snap-token.toml")
    with running(*serve, env=environment(**_SETTINGS)) as process:
        url = process.err.event("server.listening")["endpoint"].removesuffix(document.TOKEN_PATH)
        yield Target.public(url, sandbox / "nicepay-private.pem")


@contextmanager
def _internal(folder: Path) -> Iterator[Target]:
    nicepay, key = Nicepay(), folder / "private.pem"
    key.write_text(nicepay.private_pem)
    settings = write_internal_settings(folder, nicepay, internal='accel_redirect = "@merchant"', secret=True)
    with running(COMMAND, "serve", "--config", settings, env=environment(**_FREE_PORT)) as process:
        issue = process.err.event("server.listening")["endpoint"]
        authorize = process.err.event("internal.listening")["endpoint"]
        yield Target.internal(authorize.removesuffix("/authorize"), key, partial(_token, issue, nicepay))


def _token(endpoint: str, nicepay: Nicepay, client_key: str) -> str:
    """A token from the public listener, as NICEPAY gets it."""
    headers = replace(nicepay, client_key=client_key).headers(jakarta(datetime.now(UTC)))
    token: str = httpx.post(endpoint, headers=headers, content=BODY, trust_env=False).json()["accessToken"]
    return token


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
        [PYTHON.with_name("st"), "--config-file", CONFIG, "run", wanted.document, "--url", target.url, *kept, *options],
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
    with started(wanted) as target:
        done = run_schemathesis(
            wanted, target, reports, f"--max-examples={max(1, int(examples * wanted.share))}", f"--seed={seed}"
        )
    if done.returncode:
        yield f"schemathesis ended with status {done.returncode}"
    if not (reports.har.exists() and reports.json.exists()):
        yield "schemathesis has left no reports"
        return
    tally = Tally.of(wanted, reports.har, reports.json)
    _say("", f"{wanted.name}: {tally}", "")
    yield from shortcomings(wanted, tally)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all passes; the exit status is 1 if any fails or does not count."""
    parser = ArgumentParser(prog="python -m tests.fuzz.run", description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--examples", type=int, default=500, help="of the random phase, in a pass; fewer in those of several operations"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="a new one unless given")
    options = parser.parse_args(arguments)
    wrong = [f"{wanted.name}: {each}" for wanted in PASSES for each in fuzz(wanted, options.examples, options.seed)]
    for path, tests in ELSEWHERE.items():
        _say(
            f"The other answers of {path.name} are got by:", *(f"  {status}  {test}" for status, test in tests.items())
        )
    _say(f"Reports: {REPORTS.relative_to(ROOT)}", f"Seed: {options.seed}", *(wrong or ["The run counts."]))
    return int(bool(wrong))


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
