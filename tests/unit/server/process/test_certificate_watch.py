"""Warnings about certificates that time brings."""

import io
import json
from datetime import timedelta
from pathlib import Path

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.process.certificate_watch import CertificateWatch
from tests.merchant import NOON, Clock, write_settings
from tests.nicepay import Nicepay
from tests.tls_pair import CERTIFICATE_FILE, TLS, rsa_key, self_signed, write_certificate, write_pair

DAY = timedelta(days=1)


def test_a_certificate_that_ends_while_the_server_runs(tmp_path: Path, nicepay: Nicepay) -> None:
    """The log has each warning once, when it begins to apply. What applied at the start is in the log of the start."""
    stream, clock = io.StringIO(), Clock(NOON)
    configure.set_up(stream)
    write_pair(tmp_path)
    certificate = self_signed(rsa_key(), begin=NOON.replace(microsecond=0) - DAY, lifetime=90 * DAY, has_names=False)
    write_certificate(tmp_path / CERTIFICATE_FILE, certificate)
    watch = CertificateWatch(Settings.load(write_settings(tmp_path, nicepay, extra=f"[server]\n{TLS}")), clock)
    for days in (1, 70, 71, 89, 90):
        clock.now = NOON + days * DAY
        watch.look()
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ["tls.certificate_ends", "tls.certificate_expired"]
