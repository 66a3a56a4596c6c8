"""`make fuzz`: run schemathesis against a started server, in two passes for each document, and check the results.

Public document: in the pass *signed*, hooks sign each request as NICEPAY does, except for the parts that the case has
broken on purpose. The pass *unsigned* has no hooks.
Internal document: in the pass *genuine*, hooks send calls that NICEPAY has signed, with the same exception. The pass
*wrong-secret* has no hooks and sends a wrong proxy secret.
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
from tests.e2e.process import COMMAND, FREE_PORT, environment, running
from tests.fuzz.passes import OTHER_ANSWERS, PASSES, WRONG_SECRET, Pass
from tests.fuzz.tally import Tally, failures
from tests.internal import PROXY_SECRET, SYMMETRIC, write_internal_settings
from tests.merchant import write_settings
from tests.nicepay import BODY, CLIENT_KEY, Nicepay, jakarta

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
REPORTS = ROOT / ".reports" / "fuzz"
PYTHON = Path(sys.executable)
# schemathesis.toml is for both documents, and schemathesis refuses it if one of these variables is absent.
_DEFAULTS = {"FUZZ_TOKEN": "none", "FUZZ_PROXY_SECRET": "none"}


@dataclass(frozen=True)
class Target:
    """A server to fuzz, and the environment variables for the hooks."""

    url: str
    variables: Mapping[str, str]

    @classmethod
    def public(cls, url: str, private_key_file: Path) -> Self:
        """The public listener, and the private key that signs requests."""
        return cls(url, {"FUZZ_CLIENT_KEY": CLIENT_KEY, "FUZZ_PRIVATE_KEY_FILE": str(private_key_file)})

    @classmethod
    def internal(cls, url: str, private_key_file: Path, token: Callable[[str], str]) -> Self:
        """The internal listener, with the private key, a token for each of two clients, and the proxy's secret."""
        tokens = {"FUZZ_TOKEN": token(CLIENT_KEY), "FUZZ_SYMMETRIC_TOKEN": token(SYMMETRIC)}
        return cls(url, {**tokens, "FUZZ_PRIVATE_KEY_FILE": str(private_key_file), "FUZZ_PROXY_SECRET": PROXY_SECRET})

    def environment(self, fuzz_pass: Pass) -> dict[str, str]:
        """The environment of schemathesis for a pass. An HTTP proxy of the environment is not used."""
        secret = {"FUZZ_PROXY_SECRET": "a-secret-that-is-not-the-proxy-s"} if fuzz_pass is WRONG_SECRET else {}
        own = {"SCHEMATHESIS_HOOKS": fuzz_pass.hooks, "no_proxy": "127.0.0.1"}
        return environment(**{**_DEFAULTS, **self.variables, **secret, **own})


@contextmanager
def started(fuzz_pass: Pass) -> Iterator[Target]:
    """Run `snap-token serve` with new keys until the block ends."""
    serve = _public if fuzz_pass.document == document.PATH else _internal
    with TemporaryDirectory() as folder, serve(Path(folder)) as target:
        yield target


@contextmanager
def _public(folder: Path) -> Iterator[Target]:
    nicepay, key = Nicepay(), folder / "private.pem"
    key.write_text(nicepay.private_pem)
    serve = (COMMAND, "serve", "--config", write_settings(folder, nicepay))
    with running(*serve, env=environment(**FREE_PORT)) as process:
        url = process.err.event("server.listening")["endpoint"].removesuffix(document.TOKEN_PATH)
        yield Target.public(url, key)


@contextmanager
def _internal(folder: Path) -> Iterator[Target]:
    nicepay, key = Nicepay(), folder / "private.pem"
    key.write_text(nicepay.private_pem)
    settings = write_internal_settings(folder, nicepay, internal='accel_redirect = "@merchant"', secret=True)
    with running(COMMAND, "serve", "--config", settings, env=environment(**FREE_PORT)) as process:
        issue = process.err.event("server.listening")["endpoint"]
        authorize = process.err.event("internal.listening")["endpoint"]
        yield Target.internal(authorize.removesuffix("/authorize"), key, partial(_request_token, issue, nicepay))


def _request_token(endpoint: str, nicepay: Nicepay, client_key: str) -> str:
    """Request a token from the public listener as NICEPAY does."""
    headers = replace(nicepay, client_key=client_key).headers(jakarta(datetime.now(UTC)))
    token: str = httpx.post(endpoint, headers=headers, content=BODY, trust_env=False).json()["accessToken"]
    return token


@dataclass(frozen=True)
class Reports:
    """The report files of one pass."""

    junit: Path
    har: Path
    json: Path

    @classmethod
    def of(cls, fuzz_pass: Pass, folder: Path) -> Self:
        """The paths of new reports. Old reports are deleted, so that they are not read by mistake."""
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{fuzz_pass.name}.{kind}" for kind in ("xml", "har", "json")]
        for each in files:
            each.unlink(missing_ok=True)
        return cls(*files)


def run_schemathesis(
    fuzz_pass: Pass, target: Target, reports: Reports, *options: str, capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `st run` for a pass."""
    report_options = (f"--report-{kind}-path={path}" for kind, path in vars(reports).items())
    command = (PYTHON.with_name("st"), "--config-file", CONFIG, "run", fuzz_pass.document, "--url", target.url)
    return subprocess.run(
        [*command, *report_options, *options],
        cwd=ROOT,
        env=target.environment(fuzz_pass),
        stdin=subprocess.DEVNULL,
        capture_output=capture,
        text=True,
        check=False,
    )


def fuzz(fuzz_pass: Pass, examples: int, seed: int) -> Iterator[str]:
    """Run one pass, print its tally, and yield each failure."""
    reports = Reports.of(fuzz_pass, REPORTS)
    count = max(1, int(examples * fuzz_pass.share_of_examples))
    with started(fuzz_pass) as target:
        done = run_schemathesis(fuzz_pass, target, reports, f"--max-examples={count}", f"--seed={seed}")
    if done.returncode:
        yield f"schemathesis ended with status {done.returncode}"
    if not (reports.har.exists() and reports.json.exists()):
        yield "schemathesis wrote no reports"
        return
    tally = Tally.of(fuzz_pass, reports.har, reports.json)
    _write("", f"{fuzz_pass.name}: {tally}", "")
    yield from failures(fuzz_pass, tally)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all passes and return the exit status, which is 1 if a pass fails."""
    parser = ArgumentParser(prog="python -m tests.fuzz.run", description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--examples",
        type=int,
        default=500,
        help="number of random examples in a pass (default: 500); the passes of the internal document use fewer",
    )
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(2**32), help="seed of the random examples (default: random)"
    )
    options = parser.parse_args(arguments)
    failed = [f"{each.name}: {failure}" for each in PASSES for failure in fuzz(each, options.examples, options.seed)]
    for path, tests in OTHER_ANSWERS.items():
        _write(f"These tests get the other answers of {path.name}:")
        _write(*(f"  {status}  {test}" for status, test in tests.items()))
    _write(f"Reports: {REPORTS.relative_to(ROOT)}", f"Seed: {options.seed}", *(failed or ["All passes succeeded."]))
    return int(bool(failed))


def _write(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
