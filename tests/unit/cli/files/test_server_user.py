"""Root acts as the server's user."""

import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handlers.cli.files.server_user import acting_as_server_user
from handlers.cli.settings_file import load_settings
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.users import OPERATOR, OPERATORS_GROUP, SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder

ROOT = 0
Identity = tuple[int, int, set[int]]


def _who() -> Identity:
    return os.geteuid(), os.getegid(), set(os.getgroups())


@pytest.fixture
def of_user(nicepay: Nicepay) -> Iterator[Callable[[int, str], Path]]:
    """Creates settings with this state URL in a folder whose files all belong to this user."""
    with open_folder() as folder:

        def settings(user: int, url: str) -> Path:
            file = write_settings(folder, nicepay, extra=f'[state]\nurl = "{url}"')
            give_all(folder, user, SERVER_GROUP if user else ROOT)
            return file

        yield settings


def test_root_is_the_server_s_user(of_user: Callable[[int, str], Path]) -> None:
    """In the block root acts as the owner of the settings. After the block, even after an error, root is root again."""
    file, before = of_user(SERVER_USER, "sqlite:///state.db"), _who()
    settings = load_settings(file)
    with acting_as_server_user(settings):
        assert _who() == (SERVER_USER, SERVER_GROUP, set())
    assert _who() == before
    with pytest.raises(ZeroDivisionError), acting_as_server_user(settings):
        raise ZeroDivisionError
    assert _who() == before


def test_the_user_has_all_of_its_groups(of_user: Callable[[int, str], Path]) -> None:
    """A user with a name is in all of its groups."""
    nobody = pwd.getpwnam("nobody")
    file = of_user(nobody.pw_uid, "sqlite:///state.db")
    with acting_as_server_user(load_settings(file)):
        assert _who() == (nobody.pw_uid, SERVER_GROUP, set(os.getgrouplist("nobody", SERVER_GROUP)))


@pytest.mark.parametrize(
    ("user", "url"), [(ROOT, "sqlite:///state.db"), (SERVER_USER, "unix:///s?db=0"), (SERVER_USER, "memory://")]
)
def test_root_stays_root(of_user: Callable[[int, str], Path], user: int, url: str) -> None:
    """If the settings belong to root, or the state is not a file, root stays root."""
    file, before = of_user(user, url), _who()
    with acting_as_server_user(load_settings(file)):
        assert _who() == before


def test_other_users_do_not_change(of_user: Callable[[int, str], Path]) -> None:
    """A user who is not root stays the same user."""
    file = of_user(SERVER_USER, "sqlite:///state.db")
    settings = load_settings(file)
    with acting_as(OPERATOR, OPERATORS_GROUP, SERVER_GROUP):
        before = _who()
        with acting_as_server_user(settings):
            assert _who() == before
