"""`make fuzz-nightly`: run `st fuzz` for some minutes, half of them against each listener of a started server."""

import subprocess
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence

from tests.fuzz.passes import GENUINE, SIGNED, Pass
from tests.fuzz.run import CONFIG, PYTHON, REPORTS, ROOT, Target, started

MOST_MINUTES = 720
# In schemathesis 4.32.5 this check makes `st fuzz` fail: it adds a case to the dictionary that is being read.
# `make fuzz` runs it.
EXCLUDED = "ignored_auth"
PASSES = (SIGNED, GENUINE)


def minutes(text: str) -> int:
    """The number of minutes: a whole number from 1 to 720."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_MINUTES):
        message = f"{text!r} is no whole number from 1 to {MOST_MINUTES}"
        raise ArgumentTypeError(message)
    return int(text)


def fuzz(fuzz_pass: Pass, target: Target, seconds: int) -> int:
    """Run `st fuzz` for these seconds, and return its exit status. The report has each request and answer."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    options = (
        f"--max-time={seconds}",
        f"--exclude-checks={EXCLUDED}",
        f"--report-har-path={REPORTS / fuzz_pass.name}-nightly.har",
    )
    command = (PYTHON.with_name("st"), "--config-file", CONFIG, "fuzz", fuzz_pass.document, "--url", target.url)
    return subprocess.run([*command, *options], cwd=ROOT, env=target.environment(fuzz_pass), check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both passes and return the exit status, which is 1 if one of them finds a failure."""
    parser = ArgumentParser(prog="python -m tests.fuzz.nightly", description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=minutes, required=True, help=f"a whole number from 1 to {MOST_MINUTES}")
    seconds = parser.parse_args(arguments).minutes * 60 // len(PASSES)
    failed = []
    for fuzz_pass in PASSES:
        with started(fuzz_pass) as target:
            if fuzz(fuzz_pass, target, seconds):
                failed.append(fuzz_pass.name)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
