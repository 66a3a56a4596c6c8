"""`allowed_networks` with the real server, directly and behind nginx and Caddy with the files of `docs/deploy`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.e2e import proxies
from tests.e2e.instances import signed_now
from tests.e2e.process import COMMAND, PATIENCE, run, running
from tests.e2e.proxies import HOST
from tests.e2e.stage import INQUIRY, TOKEN, NicoCall, ProxyOf, Stage, asymmetric, settings, staged
from tests.nicepay import BODY, Nicepay

INSIDE, OUTSIDE = "127.0.0.2", "127.0.0.3"
SPOOFED = [
    {},
    {"X-Forwarded-For": INSIDE},
    {"X-Forwarded-For": f"{INSIDE}, {HOST}"},
    {"Forwarded": f"for={INSIDE}"},
    {"Forwarded": f'for={INSIDE};x="'},
    {"X-Forwarded-For": INSIDE, "Forwarded": f"for={INSIDE}", "X-Real-IP": INSIDE},
]
NGINX, CADDY = 'accel_redirect = "@merchant"', 'call_headers = "x-forwarded"'


def _appending(text: str) -> str:
    """The file as it is often written: nginx appends to the header of the caller, and passes Forwarded on."""
    text, count = re.subn(r"X-Forwarded-For \$remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", text)
    assert count == 3
    return re.sub(r"proxy_set_header Forwarded .*", "", text)


PROXIES = [
    pytest.param(proxies.nginx, NGINX, id="nginx"),
    pytest.param(partial(proxies.nginx, edit=_appending), NGINX, id="nginx that appends"),
    pytest.param(proxies.caddy, CADDY, id="caddy"),
]


def _settings(folder: Path, nicepay: Nicepay, internal: str, *, trusted: bool) -> Path:
    file = settings(folder, nicepay, "memory://", internal)
    trusting = f'[server]\ntrusted_proxies = ["{HOST}"]' if trusted else "[server]"
    file.write_text(file.read_text().replace("[server]", trusting) + f'\nallowed_networks = ["{INSIDE}"]\n')
    return file


@contextmanager
def _from(address: str, stage: Stage) -> Iterator[httpx.Client]:
    """An HTTP client of the proxy that connects from this address."""
    transport = httpx.HTTPTransport(local_address=address, verify=stage.proxy.tls or False)
    with httpx.Client(base_url=stage.outside.base_url, transport=transport, timeout=PATIENCE) as client:
        yield client


@pytest.mark.parametrize(("proxy", "internal"), PROXIES)
def test_no_header_of_the_caller_replaces_its_address(
    tmp_path: Path, nicepay: Nicepay, proxy: ProxyOf, internal: str
) -> None:
    """Behind a proxy, the allowed address gets its token and its call. Another address gets neither, however it asks.

    The other address even has a genuine token.
    """
    with staged(_settings(tmp_path, nicepay, internal, trusted=True), nicepay, proxy) as stage:
        with _from(INSIDE, stage) as inside:
            issued = inside.post(TOKEN, headers=signed_now(nicepay), content=BODY)
            token = issued.json()["accessToken"]
            call = NicoCall(token, "ordNo1", asymmetric(nicepay))
            genuine = inside.post(INQUIRY, headers=call.headers(nicepay.client_key), content=call.body)
        assert (issued.status_code, genuine.status_code) == (200, 200)
        stage.merchant.received()
        with _from(OUTSIDE, stage) as outside:
            for number, spoofed in enumerate(SPOOFED):
                refused = outside.post(TOKEN, headers=signed_now(nicepay) | spoofed, content=BODY)
                assert refused.json()["responseMessage"] == "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
                call = NicoCall(token, f"other{number}", asymmetric(nicepay), added=spoofed)
                answer = outside.post(INQUIRY, headers=call.headers(nicepay.client_key), content=call.body)
                assert (refused.json()["responseCode"], answer.json()["responseCode"]) == ("4017300", "4019100")
                for event in ("token.refused", "call.refused"):
                    line = stage.server.err.event(event)
                    assert line["reason"] == line["verdict"] == "client.address_not_allowed"
                    assert line["remote"] == OUTSIDE
        assert stage.merchant.calls.empty()


def test_a_proxy_that_is_not_trusted_shuts_everybody_out(tmp_path: Path, nicepay: Nicepay) -> None:
    """Without `trusted_proxies` the start warns, calls and token requests are refused, and the log says what to set."""
    file = _settings(tmp_path, nicepay, NGINX, trusted=False)
    checked = run(COMMAND, "serve", "--check", "--config", file)
    assert "IONPAYTEST has allowed_networks, but server.trusted_proxies is empty" in checked.stderr
    with staged(file, nicepay, proxies.nginx) as stage, _from(INSIDE, stage) as inside:
        assert inside.post(TOKEN, headers=signed_now(nicepay), content=BODY).status_code == 401
        assert stage.server.err.event("token.refused")["remote"] == HOST
        with httpx.Client(base_url=stage.internal, trust_env=False) as proxy:
            headers = {"X-CLIENT-KEY": nicepay.client_key, "X-Original-Method": "POST", "X-Original-URI": INQUIRY}
            proxy.get("/readyz").raise_for_status()
            assert proxy.post("/authorize", headers=headers).status_code == 400


def test_a_caller_without_a_proxy_has_its_own_address(tmp_path: Path, nicepay: Nicepay) -> None:
    """Directly, the address of the connection decides. `explain` names a wrong one.

    A changed list is in force without a restart.
    """
    file = _settings(tmp_path, nicepay, "", trusted=False)
    (tmp_path / "captures").mkdir(mode=0o700)
    file.write_text('[debug]\ncapture_dir = "captures"\n' + file.read_text())
    with running(COMMAND, "serve", "--config", file) as server:
        endpoint = server.err.event("server.listening")["endpoint"]

        def ask(address: str) -> int:
            transport = httpx.HTTPTransport(local_address=address)
            with httpx.Client(transport=transport, timeout=PATIENCE) as client:
                forged = {"X-Forwarded-For": INSIDE, "Forwarded": f"for={INSIDE}"}
                return client.post(endpoint, headers=signed_now(nicepay) | forged, content=BODY).status_code

        assert (ask(INSIDE), ask(OUTSIDE)) == (200, 401)
        line = server.err.event("token.refused")
        assert line["remote"] == OUTSIDE
        explained = run(COMMAND, "explain", "--config", file, "--request-id", line["request_id"])
        assert explained.stdout.startswith("client.address_not_allowed (")
        assert f"The request came from {OUTSIDE}." in explained.stdout
        file.write_text(file.read_text().replace(f'["{INSIDE}"]', f'["{OUTSIDE}/32"]'))
        assert server.err.event("settings.read")["clients_changed"] == {nicepay.client_key: ["allowed_networks"]}
        assert (ask(INSIDE), ask(OUTSIDE)) == (401, 200)


def _only(text: str) -> str:
    """Remove the # signs as the comments say, and put the tests' network in place of NICEPAY's."""
    text = text.replace("# @outside", "@outside").replace("# error @outside", "error @outside")
    text = re.sub(r"# (allow 1|deny all)", r"\1", text)
    assert text.count("103.20.51.0/24") == text.count("103.117.8.0/24") == 1
    return text.replace("103.20.51.0/24", INSIDE)


@pytest.mark.parametrize(
    ("proxy", "internal", "codes"),
    [
        (partial(proxies.nginx, edit=_only), NGINX, {TOKEN: "4037300", "/api/v1.0/transfer-va/inquiry": "4032400"}),
        (partial(proxies.caddy, edit=_only), CADDY, {TOKEN: "4037300", INQUIRY: "4030000"}),
    ],
    ids=["nginx", "caddy"],
)
def test_the_proxy_can_refuse_other_networks_itself(
    tmp_path: Path, nicepay: Nicepay, proxy: ProxyOf, internal: str, codes: dict[str, str]
) -> None:
    """With the commented lines of its file, the proxy refuses other addresses with a SNAP body, and asks nobody."""
    with staged(settings(tmp_path, nicepay, "memory://", internal), nicepay, proxy) as stage:
        with _from(INSIDE, stage) as inside:
            assert inside.post(TOKEN, headers=signed_now(nicepay), content=BODY).status_code == 200
        with _from(OUTSIDE, stage) as outside:
            for path, code in codes.items():
                answer = outside.post(path, headers=signed_now(nicepay), content=BODY)
                assert (answer.status_code, answer.json()) == (
                    403,
                    {"responseCode": code, "responseMessage": "Forbidden"},
                )
