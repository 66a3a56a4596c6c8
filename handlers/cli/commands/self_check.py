"""`snap-token self-check`: examine the installation itself."""

import sys
from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.self_check import run
from handlers.cli.self_check.http_client import parsed_url
from handlers.cli.self_check.report import as_json, as_text, sorted_findings
from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings
from handlers.snap.masking import SecretMasker


def self_check(  # noqa: PLR0913  a command's options
    *,
    config: Path,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    verbose: Annotated[bool, Parameter(negative=())] = False,
    strict: Annotated[bool, Parameter(negative=())] = False,
    time_source: str | None = None,
    proxy_url: str | None = None,
    ca_file: Path | None = None,
) -> int:
    """Examine this installation: settings, files, keys, clock, state store, listeners and proxy.

    Each line has a severity, the name of the check, what it found, and what to do. Good checks have their names only.
    Exit status 1 if there is an error.
    Run it as the server's user, on the server's machine. The server may run meanwhile. Nothing is changed. But the
    requests to the listener and to the proxy make lines in the log of a running server: they have no signature, and
    are refused.

    Example: snap-token self-check --config snap-token.toml

    Example with clock and proxy: snap-token self-check --config snap-token.toml --time-source https://time.example
    --proxy-url https://merchant.example

    Args:
        config: The settings file.
        json_: Print JSON in place of lines of text.
        verbose: Also print what the good checks found.
        strict: Also exit with status 1 for warnings.
        time_source: The URL of a web server. The time in its answer is compared with the clock of this machine.
        proxy_url: The URL of your proxy, as the acquirers know it, without a path. Requests without a signature show
            whether it answers as the files in docs/deploy do, and whether it hides the internal operations.
        ca_file: A PEM file with the certificate authorities to trust for https://. Default: those of the system.
    """
    outside = run.Outside(parsed_url(time_source, "--time-source"), _proxy(proxy_url), ca_file)
    settings = run.load(config)
    masker = SecretMasker(secrets_to_mask(settings) if isinstance(settings, Settings) else ())
    findings = sorted_findings(list(run.findings(settings, outside)), masker.masked)
    sys.stdout.write(as_json(config, findings) if json_ else as_text(config, findings, verbose=verbose))
    failing = {"error", "warning"} if strict else {"error"}
    return int(any(each.severity in failing for each in findings))


def _proxy(text: str | None) -> httpx.URL | None:
    url = parsed_url(text, "--proxy-url")
    if url and (url.path != "/" or url.query):
        message = "--proxy-url: name the URL without a path, such as https://merchant.example"
        raise UsageError(message)
    return url
