"""The limits of requests a minute with the real server behind nginx, while a stranger floods it."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.e2e import proxies
from tests.e2e.instances import signed_now
from tests.e2e.process import PATIENCE
from tests.e2e.proxies import HOST
from tests.e2e.stage import INQUIRY, TOKEN, NicoCall, ProxyOf, Stage, asymmetric, settings, staged
from tests.nicepay import BODY, CLIENT_KEY, Nicepay

STRANGER, CLIENT = "203.0.113.9", "198.51.100.7"
REFUSALS = 50
FLOODERS = 4
HONEST = 30


def _with_addresses(text: str) -> str:
    """All callers of a test are on this machine, so nginx takes their addresses from a header of the test."""
    return text.replace(
        "    server {", "    set_real_ip_from 127.0.0.0/8;\n    real_ip_header X-Test-Address;\n\n    server {"
    )


def _appending(text: str) -> str:
    """nginx as it is often set up: it appends to the header of the caller."""
    text, count = re.subn(r"X-Forwarded-For \$remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", text)
    assert count == 3
    return _with_addresses(text)


NGINX = pytest.mark.parametrize(
    "proxy",
    [partial(proxies.nginx, edit=_with_addresses), partial(proxies.nginx, edit=_appending)],
    ids=["as shipped", "that appends"],
)


def _settings(folder: Path, nicepay: Nicepay) -> Path:
    file = settings(folder, nicepay, "memory://", 'accel_redirect = "@merchant"')
    limits = f"[limits]\naddress_refusals_per_minute = {REFUSALS}"
    text = file.read_text().replace("[server]", f'{limits}\n[server]\ntrusted_proxies = ["{HOST}"]')
    file.write_text(text)
    return file


@contextmanager
def _from(address: str, stage: Stage) -> Iterator[httpx.Client]:
    transport = httpx.HTTPTransport(verify=stage.proxy.tls or False)
    headers = {"X-Test-Address": address}
    with httpx.Client(
        base_url=stage.outside.base_url, transport=transport, timeout=PATIENCE, headers=headers
    ) as client:
        yield client


def _forged(headers: dict[str, str], number: int) -> dict[str, str]:
    """A wrong signature in the name of the client, with its address and with another one in the usual headers."""
    spoofed = CLIENT if number % 2 else f"192.0.2.{number % 250}"
    return headers | {
        "X-SIGNATURE": "AAAA",
        "X-Forwarded-For": f"{spoofed}, {spoofed}",
        "Forwarded": f"for={spoofed}",
        "X-Real-IP": spoofed,
    }


def _flood(stage: Stage, nicepay: Nicepay, is_over: threading.Event) -> Counter[str]:
    """Send forged token requests and calls until the honest client has its answers."""
    codes: Counter[str] = Counter()
    with _from(STRANGER, stage) as stranger:
        while not is_over.is_set() or sum(codes.values()) < REFUSALS:
            number = sum(codes.values())
            call = NicoCall("forged", f"forged{number}", asymmetric(nicepay)).headers(CLIENT_KEY)
            for path, headers in ((TOKEN, signed_now(nicepay)), (INQUIRY, call)):
                answer = stranger.post(path, headers=_forged(headers, number), content=BODY)
                codes[answer.json()["responseCode"]] += 1
                assert answer.headers.get("Retry-After") in ({"1", "2"} if answer.status_code == 429 else {None})
    return codes


@NGINX
def test_a_flood_with_spoofed_addresses_makes_no_client_wait(tmp_path: Path, nicepay: Nicepay, proxy: ProxyOf) -> None:
    """Under a flood of forged requests in its name, the client gets every token and every answer to its calls.

    The stranger gets 429, whatever address it writes into its headers.
    """
    with staged(_settings(tmp_path, nicepay), nicepay, proxy) as stage, ThreadPoolExecutor(FLOODERS) as pool:
        is_over = threading.Event()
        floods = [pool.submit(_flood, stage, nicepay, is_over) for _ in range(FLOODERS)]
        try:
            with _from(CLIENT, stage) as client:
                stage.server.err.event("token.refused")
                for number in range(HONEST):
                    issued = client.post(TOKEN, headers=signed_now(nicepay), content=BODY)
                    assert issued.status_code == 200
                    call = NicoCall(issued.json()["accessToken"], f"ordNo{number}", asymmetric(nicepay))
                    assert client.post(INQUIRY, headers=call.headers(CLIENT_KEY), content=call.body).status_code == 200
        finally:
            is_over.set()
        codes: Counter[str] = sum((flood.result() for flood in floods), Counter())
        assert codes.keys() == {"4017300", "4019101", "4297300", "4299100"}
