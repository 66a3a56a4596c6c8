"""schemathesis without our hooks finds nothing in either document, with the secret given as a header."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e.process import COMMAND, FREE_PORT, environment, run, running
from tests.fuzz.passes import GENUINE, SIGNED, Pass
from tests.fuzz.run import PYTHON, started
from tests.internal import PROXY_SECRET, write_internal_settings
from tests.nicepay import Nicepay

CONFIG = Path(__file__).with_name("plain.toml")
SECRET = f"Bearer {PROXY_SECRET}"
HEADERS = ("--header", f"Authorization: {SECRET}", "--header", f"X-Internal-Authorization: {SECRET}")


@contextmanager
def _without_secret() -> Iterator[str]:
    """Run an internal listener that needs no secret, and yield its URL."""
    with TemporaryDirectory() as folder:
        settings = write_internal_settings(Path(folder), Nicepay(), internal='accel_redirect = "@merchant"')
        with running(COMMAND, "serve", "--config", settings, env=environment(**FREE_PORT)) as process:
            yield process.err.event("internal.listening")["endpoint"].removesuffix("/authorize")


@pytest.mark.parametrize(
    ("fuzz_pass", "options"), [(SIGNED, ()), (GENUINE, ("--config-file", CONFIG))], ids=["public", "internal"]
)
def test_a_plain_run_finds_nothing(fuzz_pass: Pass, options: tuple[str | Path, ...], tmp_path: Path) -> None:
    """All checks pass. For the internal document, a file allows the refusals that no schema can describe."""
    with started(fuzz_pass) as target:
        secret = HEADERS if fuzz_pass is GENUINE else ()
        _assert_no_finding(fuzz_pass.document, target.url, options, secret, tmp_path)


def test_a_plain_run_without_a_secret_finds_nothing(tmp_path: Path) -> None:
    """All checks pass on loopback without a secret too."""
    with _without_secret() as url:
        _assert_no_finding(GENUINE.document, url, ("--config-file", CONFIG), (), tmp_path)


def _assert_no_finding(
    document: Path, url: str, options: tuple[str | Path, ...], headers: tuple[str, ...], folder: Path
) -> None:
    command = (PYTHON.with_name("st"), *options, "run", document, "--url", url)
    few = ("--checks", "all", "--max-examples", "10", "--seed", "1")
    found = run(*command, *few, *headers, cwd=folder, env=environment(no_proxy="127.0.0.1"), patience=300)
    assert found.returncode == 0, found.stdout
