"""The settings about the calls of a client and of a service: allowed values, and contradictions."""

from pathlib import Path

import pytest

from tests.settings_text import loaded, mistakes_in

pytestmark = pytest.mark.usefixtures("secret_file")

CLIENT = '[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'
SYMMETRIC = 'call_signature = "symmetric"\nclient_secret_file = "a.secret"\n'
SERVICE = '[[services]]\npath = "/a"\nservice_code = "24"\nforms = [{}]\n'
BODY_SIGNED = SERVICE.format('"body-signed"')
NO_PATH = "must be a path such as /v1.0/transfer-va/inquiry, without a query, % or a slash at its end"
DOTS = "must not contain the path segments . and .."
NO_EFFECT = "has no effect, because no service accepts a form of call in which this client signs its path and its body"
VISIBLE = "must be 1 to 36 visible ASCII characters; found"
ORIGIN = "must be 1 to 255 visible ASCII characters; found"


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("partner_id = []", "partner_id: at least 1 required"),
        (f"partner_id = {[f'P{number}' for number in range(17)]}", "partner_id: at most 16 allowed, not 17"),
        ('partner_id = ["P", "Q", "P"]', "partner_id: contains the same partner ID twice"),
        ('partner_id = ["P", ""]', f"partner_id[1]: {VISIBLE} 0 characters"),
        ('partner_id = "A B"', f"partner_id: {VISIBLE} 3 characters; character 2 is U+0020 SPACE"),
        ("partner_id = 5", "partner_id: must be text in quotes"),
        ("partner_id = { a = 1 }", "partner_id: must be text in quotes"),
        ('channel_id = ""', f"channel_id: {VISIBLE} 0 characters"),
        ("channel_id = 95231", "channel_id: must be text in quotes"),
        (f'channel_id = "{"9" * 37}"', f"channel_id: {VISIBLE} 37 characters"),
        ('origin = "a b"', f"origin: {ORIGIN} 3 characters; character 2 is U+0020 SPACE"),
        (f'origin = "{"a" * 256}"', f"origin: {ORIGIN} 256 characters"),
        (
            'external_id_format = "digits"',
            'external_id_format: must be "visible", "alphanumeric" or "numeric"',
        ),
        ("external_id_max_length = 0", "external_id_max_length: must be at least 1, not 0"),
        ("external_id_max_length = 41", "external_id_max_length: must be at most 40, not 41"),
        ("external_id_max_length = true", "external_id_max_length: must be a whole number, without quotes"),
        ('body_hash = "BASE64"', 'body_hash: must be "hex" or "base64"'),
        ('empty_token_slot = "yes"', "empty_token_slot: must be true or false, without quotes"),
        ('path_prefix_not_signed = "merchant"', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = "/"', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = ""', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = "/merchant/"', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = "https://a.example/x"', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = "/merchant?a=b"', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = "/merchant#a"', f"path_prefix_not_signed: {NO_PATH}"),
        ('path_prefix_not_signed = "/a/../merchant"', f"path_prefix_not_signed: {DOTS}"),
        ('path_prefix_not_signed = "/./merchant"', f"path_prefix_not_signed: {DOTS}"),
        ("path_prefix_not_signed = 5", "path_prefix_not_signed: must be text in quotes"),
        (
            "empty_token_slot = true",
            'empty_token_slot: only the symmetric string to sign has a token; set call_signature = "symmetric"',
        ),
    ],
)
def test_a_mistake_of_a_client_is_one_line(settings_file: Path, line: str, mistake: str) -> None:
    """The message has the key, and says what is allowed."""
    assert mistakes_in(settings_file, BODY_SIGNED + CLIENT + line) == [f"clients[0].{mistake}"]


@pytest.mark.parametrize(
    ("forms", "value", "mistake"),
    [
        ('"token"', '"/qr?a=b"', NO_PATH),
        ('"token"', '"/qr/.."', DOTS),
        ('"token"', '"qr"', NO_PATH),
        ('"token"', '""', NO_PATH),
        ('"notification"', '"/qr"', "has no effect, because a notification signs no path; remove it"),
    ],
)
def test_a_mistake_of_a_signed_path_is_one_line(settings_file: Path, forms: str, value: str, mistake: str) -> None:
    """The path that clients sign is a path without a query, of a service whose calls sign a path."""
    text = f"{SERVICE.format(forms)}signed_path = {value}\n{CLIENT}"
    assert mistakes_in(settings_file, text) == [f"services[0].signed_path: {mistake}"]


@pytest.mark.parametrize("line", ['body_hash = "base64"', 'path_prefix_not_signed = "/m"', "empty_token_slot = true"])
@pytest.mark.parametrize("forms", [None, '"token"', '"notification"', '"body-signed"', '"token", "notification"'])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_setting_without_effect_is_a_mistake(
    settings_file: Path, line: str, forms: str | None, *, symmetric: bool
) -> None:
    """A setting about the string to sign needs calls that sign path and body."""
    has_effect = forms in {None, '"token"', '"body-signed"', '"token", "notification"'} and symmetric
    has_effect = has_effect or (forms == '"body-signed"' and not line.startswith("empty"))
    text = (SERVICE.format(forms) if forms else "") + CLIENT + (SYMMETRIC if symmetric else "") + line
    if has_effect:
        loaded(settings_file, text)
    else:
        rule = 'only the symmetric string to sign has a token; set call_signature = "symmetric"'
        empty_without_secret = line.startswith("empty") and not symmetric
        expected = rule if empty_without_secret else NO_EFFECT
        assert mistakes_in(settings_file, text) == [f"clients[0].{line.partition(' ')[0]}: {expected}"]


def test_a_mistake_in_the_services_causes_no_second_one(settings_file: Path) -> None:
    """If the services have a mistake, nobody knows their forms, so nothing is reported about them."""
    assert len(mistakes_in(settings_file, SERVICE.format('"tokens"') + CLIENT + 'body_hash = "base64"')) == 1


def test_the_values_of_a_client(settings_file: Path) -> None:
    """Each key has the configured value."""
    lines = (
        'partner_id = ["P", "Q"]\nchannel_id = "95231"\norigin = "bank.example"\nexternal_id_format = "numeric"\n'
        'external_id_max_length = 12\nbody_hash = "base64"\nempty_token_slot = true\npath_prefix_not_signed = "/m"\n'
    )
    client = loaded(settings_file, CLIENT + SYMMETRIC + lines).clients[0]
    assert (client.partner_id, client.partner_ids) == ("P", ("P", "Q"))
    assert (client.channel_id, client.origin, client.external_id_format) == ("95231", "bank.example", "numeric")
    assert (client.external_id_max_length, client.body_hash) == (12, "base64")
    assert (client.empty_token_slot, client.path_prefix_not_signed) == (True, "/m")


def test_the_defaults_of_a_client(settings_file: Path) -> None:
    """By default, every value of a header is accepted, and the string to sign is that of the standard."""
    client = loaded(settings_file, CLIENT).clients[0]
    assert (client.partner_ids, client.channel_id, client.origin) == (("A",), None, None)
    assert (client.external_id_format, client.external_id_max_length) == ("visible", 40)
    assert (client.body_hash, client.empty_token_slot, client.path_prefix_not_signed) == ("hex", False, None)


@pytest.mark.parametrize(("first", "second"), [('["P", "Q"]', '"Q"'), ('"Q"', '["P", "Q"]'), ('["B"]', '["P"]')])
@pytest.mark.parametrize("form", ["token", "body-signed"])
def test_each_partner_id_names_one_client_where_it_has_to(
    settings_file: Path, form: str, first: str, second: str
) -> None:
    """If calls name their client by X-PARTNER-ID alone, no two clients have one in common."""
    other = CLIENT.replace('"A"', '"B"')
    accepting = SERVICE.format(f'"{form}"')
    text = f"{accepting}{CLIENT}partner_id = {first}\n{other}partner_id = {second}"
    if form == "token" or ('"P"' in second and '"B"' in first):
        assert len(loaded(settings_file, text).clients) == 2
    else:
        rule = 'another client has this partner_id, but /a accepts "body-signed", whose calls name no other id'
        assert mistakes_in(settings_file, text) == [f"clients[1].partner_id: {rule}"]
