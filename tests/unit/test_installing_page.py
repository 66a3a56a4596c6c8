"""The page on installing: its command for nginx fits the shipped file."""

import re

import pytest

from tests.e2e.process import run
from tests.pages import DEPLOY, ROOT, page

PATHS = re.compile(r"(?:^pid|error_log|access_log|_temp_path) +([\w./]+)", re.MULTILINE)


@pytest.mark.parametrize("language", ["en", "id"])
def test_nginx_gets_the_paths_of_debian(language: str) -> None:
    """The command gives each file that nginx writes a whole path, and changes nothing else in the shipped file."""
    (command,) = re.findall(r"^ *(sed .*) > /etc/nginx/nginx.conf$", page("installing", language), re.MULTILINE)
    shipped, changed = (DEPLOY / "nginx.conf").read_text(), run("sh", "-c", command, cwd=ROOT).stdout
    paths = PATHS.findall(changed)
    assert len(paths) == len(PATHS.findall(shipped)) == 8
    assert [path for path in paths if not path.startswith(("/run/", "/var/"))] == []
    assert PATHS.sub("", changed) == PATHS.sub("", shipped)
