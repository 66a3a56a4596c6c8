"""`make contract`: fails if a change since the last release is not announced, and prints such changes.

With `--all` (`make contract ALL=1`) it prints every change.

The exit status is 0, 1 if a change is not announced, and 2 if a file cannot be read.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.contract.release import CHANGELOG, CORRECTIONS, Comparison, Version, has_entry

OPENAPI = Path(__file__).parents[2] / "openapi"
ALL = "--all"
DOCUMENTS = ("snap-token.yaml", "internal.yaml")


def main(folder: Path = OPENAPI, *, every: bool = False) -> int:
    """Check the documents of a folder. Print every change, or one line with the number of those that are announced."""
    try:
        results = {file: list(lines) for file, lines in _results(folder)}
    except (OSError, ValueError) as error:
        sys.stderr.write(f"make contract: {error}\n")
        return 2
    except (AttributeError, KeyError, TypeError) as error:
        advice = f"run openapi-spec-validator, and compare {CORRECTIONS} with its first lines"
        sys.stderr.write(f"make contract: a file has another form: {error!r}; {advice}\n")
        return 2
    printed = [line for file, lines in results.items() for line in _printed(file, lines, every=every)]
    sys.stdout.write("".join(f"{line}\n" for line in printed))
    return int(any(is_failure for lines in results.values() for _, is_failure in lines))


def _printed(file: str, lines: Sequence[tuple[str, bool]], *, every: bool) -> Iterator[str]:
    announced = sum(not is_failure for _, is_failure in lines)
    yield from (line for line, is_failure in lines if every or is_failure)
    if announced and not every:
        yield f"{file}: {announced} changes are announced or listed as corrections; print them: make contract ALL=1"


def _results(folder: Path) -> Iterator[tuple[str, Iterator[tuple[str, bool]]]]:
    """For each document, one line for each change and each missing entry, and whether it fails the check."""
    corrections = _read(folder / CORRECTIONS) or {}
    changelog = (folder / CHANGELOG).read_text(encoding="utf-8")
    for file in DOCUMENTS:
        released, document = _read(folder / "released" / file), _read(folder / file)
        patterns = [each["change"] for each in corrections.get(file, ())]
        yield file, _lines(Comparison(file, released, document, patterns), changelog)


def _lines(comparison: Comparison, changelog: str) -> Iterator[tuple[str, bool]]:
    yield from comparison.lines()
    version = Version.of(comparison.document)
    if version != Version.of(comparison.released) and not has_entry(changelog, version):
        yield f'{CHANGELOG}: no entry for {comparison.file} {version}; add "## {version}" and what has changed', True


def _read(file: Path) -> Any:  # noqa: ANN401  YAML
    try:
        return yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except yaml.YAMLError as error:
        message = f"{file}: {' '.join(str(error).split())}"
        raise ValueError(message) from error


if __name__ == "__main__":
    folders = [Path(each) for each in sys.argv[1:] if each != ALL]
    sys.exit(main(*folders, every=ALL in sys.argv))
