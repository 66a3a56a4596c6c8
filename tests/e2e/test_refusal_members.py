"""`refusal_members_file` with the real server behind real nginx, with the file of `docs/deploy`."""

import json
from pathlib import Path

import pytest

from tests.e2e import proxies
from tests.e2e.process import COMMAND, run
from tests.e2e.stage import INQUIRY, PAYMENT, NicoCall, asymmetric, settings, staged
from tests.nicepay import Nicepay

TEMPLATE = {"virtualAccountData": {"inquiryStatus": "01", "virtualAccountNo": "$body.virtualAccountNo"}}
CALLED = json.dumps({"virtualAccountNo": '  11223000001 "\\'}).encode()


def _settings(folder: Path, nicepay: Nicepay) -> Path:
    file = settings(folder, nicepay, "memory://", 'accel_redirect = "@merchant"')
    path = f'path = "{INQUIRY}"'
    file.write_text(file.read_text().replace(path, f'{path}\nrefusal_members_file = "refusal.json"'))
    return file


def test_nginx_passes_the_members_on(tmp_path: Path, nicepay: Nicepay) -> None:
    """A repeated call gets the members through nginx. A 401 and another service do not.

    A changed file is read again. A file with a mistake is refused, and the old one stays in force.
    """
    template = tmp_path / "refusal.json"
    template.write_text(json.dumps(TEMPLATE))
    with staged(_settings(tmp_path, nicepay), nicepay, proxies.nginx) as stage:
        token = stage.token()

        def refused(path: str) -> dict[str, object]:
            call = NicoCall(token, "ordNo1", asymmetric(nicepay), path, CALLED)
            body: dict[str, object] = stage.send(call).json()
            return body

        stage.deliver(NicoCall(token, "ordNo1", asymmetric(nicepay), INQUIRY, CALLED))
        conflict = {"responseCode": "4099100", "responseMessage": "Conflict"}
        data = {"inquiryStatus": "01", "virtualAccountNo": '  11223000001 "\\'}
        assert refused(INQUIRY) == conflict | {"virtualAccountData": data}
        assert refused(PAYMENT) == {"responseCode": "4099200", "responseMessage": "Conflict"}
        forged = NicoCall(token, "ordNo2", lambda *_: "AAAA", body=CALLED)
        assert set(stage.send(forged).json()) == {"responseCode", "responseMessage"}

        template.write_text(json.dumps({"status": "$header.X-EXTERNAL-ID"}))
        assert stage.server.err.event("settings.read")["services_changed"] == [INQUIRY]
        assert refused(INQUIRY) == conflict | {"status": "ordNo1"}
        template.write_text('{"responseCode": "2002400"}')
        (mistake,) = stage.server.err.event("settings.refused")["mistakes"]
        assert mistake.endswith("refusal.json: responseCode: the server sets this member; remove it")
        assert refused(INQUIRY) == conflict | {"status": "ordNo1"}


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ("{", "it is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"responseMessage": ""}', "responseMessage: the server sets this member; remove it"),
        ('{"a": 1, "a": 2}', "a: the member occurs twice in one object"),
    ],
)
def test_a_wrong_file_prevents_the_start(tmp_path: Path, nicepay: Nicepay, content: str, mistake: str) -> None:
    """The start ends with exit status 2, and one line names the file and the place."""
    file = _settings(tmp_path, nicepay)
    (tmp_path / "refusal.json").write_text(content)
    done = run(COMMAND, "serve", "--check", "--config", file)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"snap-token: {file}: services[0].refusal_members_file: {tmp_path}/refusal.json: {mistake}"
    ]
