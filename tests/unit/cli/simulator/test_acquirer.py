"""What the settings say about a call, and what is usual without them."""

from pathlib import Path

import pytest

from handlers.cli.simulator.acquirer import Acquirer
from handlers.config.settings import Settings
from handlers.snap.particulars import USUAL
from handlers.snap.service import Service


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    """A client with a preset and a secret, and a service with a fixed path."""
    settings_file.with_name("client.secret").write_text("a client secret of this test")
    settings_file.with_name("client.secret").chmod(0o600)
    client = 'preset = "bca"\npartner_id = ["1", "2"]\nclient_secret_file = "client.secret"\n'
    service = '[[services]]\npath = "/a"\nservice_code = "24"\nforms = ["notification", "body-signed"]\n'
    settings_file.write_text(f'{settings_file.read_text()}\n{client}{service}signed_path = "/b"\n')
    return Settings.load(settings_file)


def test_the_settings_describe_the_client_and_the_service(settings: Settings) -> None:
    """Particulars come from the client and its preset, and form and signed path from the service of the path."""
    acquirer = Acquirer.of(settings, settings.clients[0].id, "/a?b")
    assert (acquirer.particulars.channel_id, acquirer.particulars.external_id_max_length) == ("95231", 36)
    assert (acquirer.partner_id, acquirer.secret) == ("1", b"a client secret of this test")
    assert (acquirer.is_symmetric, acquirer.form) == (True, "notification")
    assert acquirer.service.signed_path == "/b"


def test_a_client_and_a_path_that_the_settings_do_not_name_are_usual(settings: Settings) -> None:
    """Without settings, or with settings that name neither, the common values stay."""
    for acquirer in (Acquirer.of(settings, "OTHER", "/c"), Acquirer.of(None, "OTHER", "/a")):
        assert (acquirer.particulars, acquirer.service) == (USUAL, Service(""))
        assert (acquirer.partner_id, acquirer.secret) == ("OTHER", None)
        assert (acquirer.is_symmetric, acquirer.form) == (False, "token")
