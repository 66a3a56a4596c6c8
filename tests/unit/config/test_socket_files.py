"""The path of a Unix socket."""

from pathlib import Path

import pytest

from handlers.config.socket_files import LONGEST_PATH
from tests.settings_text import loaded, mistakes_in

CLIENT = '\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'


def _mistake(file: Path, value: object) -> str:
    (found,) = mistakes_in(file, f"[server]\nsocket = {value}{CLIENT}")
    return found


@pytest.mark.parametrize("value", ["1", '""'])
def test_only_text_is_a_path(settings_file: Path, value: str) -> None:
    """A number and an empty text are no path."""
    assert _mistake(settings_file, value) == "server.socket: must be the path of a socket"


def test_a_path_has_as_many_bytes_as_the_kernel_takes(settings_file: Path, tmp_path: Path) -> None:
    """The longest path is accepted, and one byte more is a mistake."""
    longest = "a" * (LONGEST_PATH - len(f"{tmp_path}/"))
    assert loaded(settings_file, f'[server]\nsocket = "{longest}"{CLIENT}').server.socket == tmp_path / longest
    assert f"must have at most {LONGEST_PATH} bytes; choose a shorter path" in _mistake(settings_file, f'"{longest}a"')
    assert "must have at most" in _mistake(settings_file, r'"a\u0000"')


def test_the_folder_must_be_there(settings_file: Path, tmp_path: Path) -> None:
    """The folder of the socket must be a folder that exists."""
    found = _mistake(settings_file, '"none/a.sock"')
    assert found == (
        f"server.socket: the folder {tmp_path}/none cannot be used: No such file or directory; "
        "make it, or choose another one"
    )
    assert _mistake(settings_file, '"IONPAYTEST.pem/a.sock"').endswith("is no folder; choose another path")


def test_nobody_else_may_replace_the_socket(settings_file: Path, tmp_path: Path) -> None:
    """A folder in which every user can replace files is a mistake, unless it has the sticky bit."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    assert f"every user can replace files in {folder}; run: chmod o-w {folder}" in _mistake(
        settings_file, '"open/a.sock"'
    )
    folder.chmod(0o1777)
    assert loaded(settings_file, f'[server]\nsocket = "open/a.sock"{CLIENT}').server.socket
