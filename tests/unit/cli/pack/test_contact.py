"""The contact of the merchant in the pack."""

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.pack.contact import LONGEST, contact

NAME, EMAIL, URL = "Tim Integrasi, PT Contoh (Jakarta)", "api.team+1@shop.example.co.id", "https://a.example:8443/x/"


def test_a_contact_has_up_to_three_values() -> None:
    """The kind of each value is found from its characters, in any order."""
    assert contact([URL, EMAIL, NAME]) == {"name": NAME, "url": URL, "email": EMAIL}
    assert contact([EMAIL]) == {"email": EMAIL}
    assert contact([]) == {}


@pytest.mark.parametrize("value", ["Bü-ro", "\u1015\u103c\u100a", "24/7 O'Brien", "x" * LONGEST])
def test_a_name_may_be_in_any_script(value: str) -> None:
    """Letters, digits and marks of all scripts are allowed, and a few signs between them."""
    assert contact([value]) == {"name": value}


@pytest.mark.parametrize(
    "value",
    [*'"<>&|[]*`$#!\\{};=^\n\r\t\0\x1b\x7f\x85\u2028\u202e\u200b\ufeff\ue000', "\ud800"],
)
def test_a_character_with_a_meaning_is_refused(value: str) -> None:
    """No value has a character that means something in YAML, HTML or Markdown, or that is not visible."""
    for text in (f"a{value}b", f"a{value}b@c.example", f"https://a.example/{value}", f"https://a{value}.example"):
        with pytest.raises(UsageError) as error:
            contact([text])
        assert len(error.value.mistakes) == 1
        assert str(error.value).startswith("--contact: ")


@pytest.mark.parametrize("value", ["", " a", "a ", "-a", "(a)", "x" * (LONGEST + 1)])
def test_a_malformed_name_is_refused(value: str) -> None:
    """A name begins with a letter or digit, does not end with a space, and has a maximum length."""
    with pytest.raises(UsageError):
        contact([value])


@pytest.mark.parametrize(
    "value", ["a@b", "@b.example", "a@", "a@b@c.example", "a..b@c.example", ".a@c.example", "a@-.example", "a b@c.d",
              f"{'x' * 65}@c.example", "Team <a@b.example>"]
)  # fmt: skip
def test_a_malformed_email_is_refused(value: str) -> None:
    """An e-mail address has one @ and a host with a dot."""
    with pytest.raises(UsageError, match="an e-mail address looks like"):
        contact([value])


@pytest.mark.parametrize(
    "value", ["http://a.example", "https://", "https://a b", "javascript:alert(1)", "https://a.example?x", "a:b",
              "https://a.example:65536", "https://a.example/x//y", "data:text/html,x"]
)  # fmt: skip
def test_a_malformed_url_is_refused(value: str) -> None:
    """A URL begins with https://, and has a host, at most a port and a path."""
    with pytest.raises(UsageError, match="a URL looks like"):
        contact([value])


@pytest.mark.parametrize("values", [("a", "b"), (EMAIL, EMAIL), (URL, f"{URL}x")])
def test_two_values_of_one_kind_are_refused(values: tuple[str, str]) -> None:
    """Each kind may be given once."""
    with pytest.raises(UsageError, match="at most one name"):
        contact(values)
