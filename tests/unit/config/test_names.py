"""Unknown names in the settings: each is one line with the name that was meant, and nothing else is reported."""

from pathlib import Path

import pytest

from handlers.config.names import similar
from tests.settings_text import mistakes_in

UNKNOWN = "there is no such key"
CLIENT = '\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'
TWO_BRACKETS = "clients: write [[clients]], with two brackets on each side"
WIDE = "clients[0].clock_tolerance_seconds: must be less than half of token.lifetime_seconds, which is 1"
SECRET_FILE = "did you mean client_secret_file?"
OTHERS = 'id = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("[[client]]\n" + OTHERS, [f"client: {UNKNOWN}; did you mean [[clients]]?"]),
        ("[client]\n" + OTHERS, [f"client: {UNKNOWN}; did you mean [[clients]]?", TWO_BRACKETS]),
        ("[[Clients]]\n" + OTHERS, [f"Clients: {UNKNOWN}; did you mean [[clients]]?"]),
        ("[[merchants]]\n" + OTHERS, [f"merchants: {UNKNOWN}; did you mean [[clients]]?"]),
        ("[clients]\n" + OTHERS, [TWO_BRACKETS]),
        ("[clients.first]\n" + OTHERS, [TWO_BRACKETS]),
        ('[clients.A]\npublic_keys = ["IONPAYTEST.pem"]\n', [TWO_BRACKETS]),
        ('client_id = "A"' + CLIENT, [f"client_id: {UNKNOWN}; did you mean id in [[clients]]?"]),
        ("[[server]]\nport = 9\n" + CLIENT, ["server: write [server], with one bracket on each side, and only once"]),
        ("[server.http]\nport = 1" + CLIENT, [f"server.http: {UNKNOWN}"]),
        ("[server.internal]\nport = 1" + CLIENT, [f"server.internal: {UNKNOWN}; write [internal]"]),
        ("[srever]\nport = 9080\n[internal]\nport = 8080" + CLIENT, [f"srever: {UNKNOWN}; did you mean [server]?"]),
        ("[server]\nprot = 9080\n[internal]\nport = 8080" + CLIENT, [f"server.prot: {UNKNOWN}; did you mean port?"]),
        ("[tokens]\nlifetime_seconds = 1" + CLIENT, [f"tokens: {UNKNOWN}; did you mean [token]?", WIDE]),
        ('[token]\nkeys = "nowhere"' + CLIENT, [f"token.keys: {UNKNOWN}; did you mean keys_file?"]),
        ("port = 1" + CLIENT, [f"port: {UNKNOWN}; it belongs to [server] or [internal]"]),
        ("prot = 1" + CLIENT, [f"prot: {UNKNOWN}; did you mean port in [server]?"]),
        (CLIENT + "port = 1", [f"clients[0].port: {UNKNOWN}; it belongs to [server] or [internal]"]),
        ("public_keys = []\n[[clients]]\nid = 'A'", [f"public_keys: {UNKNOWN}; it belongs to [[clients]]"]),
        (CLIENT.replace("public_keys", "publicKeys"), [f"clients[0].publicKeys: {UNKNOWN}; did you mean public_keys?"]),
        (CLIENT.replace("public_keys", "public-key"), [f"clients[0].public-key: {UNKNOWN}; did you mean public_keys?"]),
        (CLIENT + CLIENT.replace('id = "A"', 'ID = "B"'), [f"clients[1].ID: {UNKNOWN}; did you mean id?"]),
        (CLIENT + 'secret = "x"\ncall_signature = "symmetric"', [f"clients[0].secret: {UNKNOWN}; {SECRET_FILE}"]),
        ('[internal]\nhost = "::"\nsecret = "x"' + CLIENT, [f"internal.secret: {UNKNOWN}; did you mean secret_file?"]),
        ("[server]\nport = 1\nPort = 2" + CLIENT, [f"server.Port: {UNKNOWN}; did you mean port?"]),
        ('[[service]]\npath = "/a"\nservice_code = "24"' + CLIENT, [f"service: {UNKNOWN}; did you mean [[services]]?"]),
        ("[server]\ncolour = 1" + CLIENT, [f"server.colour: {UNKNOWN}"]),
        ("[colour]\nserver = 1" + CLIENT, [f"colour: {UNKNOWN}"]),
        ("colour = []" + CLIENT, [f"colour: {UNKNOWN}"]),
        ("[colour]\nhost = 1" + CLIENT, [f"colour: {UNKNOWN}"]),
        ("server = [1]" + CLIENT, ["server: must be a table"]),
        ("server = [[]]" + CLIENT, ["server: must be a table"]),
    ],
)  # fmt: skip
def test_a_wrong_name_is_one_line(settings_file: Path, text: str, mistakes: list[str]) -> None:
    """A wrong name of a table or a key is one line with the nearest name, and other lines do not follow from it."""
    assert mistakes_in(settings_file, text) == mistakes


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("baseUrl", None),
        ("basepath", "base_path"),
        ("BASE_PATH", "base_path"),
        ("hots", "host"),
        ("path", "base_path"),
        ("trusted", "trusted_proxies"),
        ("", None),
        ("é", None),
        ("x", None),
    ],
)
def test_the_nearest_name_is_found(name: str, meant: str | None) -> None:
    """Case, hyphens and a wrong letter do not matter, and one word of a name is enough if no other name has it."""
    assert similar(name, ["host", "port", "base_path", "trusted_proxies"]) == meant


def test_a_word_of_two_names_names_neither() -> None:
    """If several names have the word, none is named."""
    assert similar("secret", ["secret_of_the_client_file", "secret_of_the_listener_file"]) is None
