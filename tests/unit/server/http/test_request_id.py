"""The request ID."""

import re
import subprocess
import sys
from typing import Any

import pytest

from handlers.server.http.request_id import identify, is_request_id

OURS = re.compile(r"[0-9a-f]{32}")


def _identified(*sent: bytes) -> str:
    return identify({"headers": [(b"host", b"a"), *((b"x-request-id", each) for each in sent)]})


@pytest.mark.parametrize("sent", ["a", "0f" * 16, "6f1f42f2-6bd7-4c2c-a9f1-0a4a9e6c3c9b", "A.b_c-9", "x" * 64])
def test_a_valid_id_of_the_proxy_is_used(sent: str) -> None:
    """One ID of 1 to 64 letters, digits, dots, underscores and hyphens is the request ID."""
    assert _identified(sent.encode()) == sent
    assert is_request_id(sent)


@pytest.mark.parametrize(
    "sent",
    [(), (b"",), (b"x" * 65,), (b"a b",), (b"a\n",), (b"a/b",), (b"a,b",), (b"\xe9",), (b"a\x00",), (b"a", b"a")],
)
def test_an_invalid_id_is_replaced(sent: tuple[bytes, ...]) -> None:
    """If the ID is absent, malformed or repeated, each request gets a new ID."""
    first, second = _identified(*sent), _identified(*sent)
    assert OURS.fullmatch(first)
    assert OURS.fullmatch(second)
    assert first != second


def test_each_middleware_gets_the_same_id() -> None:
    """A second call for the same request returns the same ID."""
    scope: dict[str, Any] = {"headers": []}
    assert identify(scope) == identify(scope)


FORK = """
import os
from handlers.server.http.request_id import identify
identify({"headers": []})
child = os.fork()
if child:
    os.waitpid(child, 0)
print(identify({"headers": []}), flush=True)
"""


def test_a_forked_process_has_ids_of_its_own() -> None:
    """Two processes never give the same ID, even if one is a fork of the other."""
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True)
    first, second = done.stdout.split()
    assert first != second
