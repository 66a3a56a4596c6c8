"""Forged calls of all four forms, over HTTP: none is let through, and none uses anything up."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from tests.forms import BODY
from tests.fuzz.forged_calls import FORMS, Form, Scene
from tests.internal import running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import Nicepay, jakarta

LEAST = 200
"""The least number of different forgeries of each form."""


@pytest.fixture
def scene(nicepay: Nicepay, stranger: Nicepay, tmp_path: Path) -> Iterator[Scene]:
    """A server with services of every form. It has seen no X-EXTERNAL-ID."""
    settings = write_internal_settings(tmp_path, nicepay)
    with running_internal(Settings.load(settings), Clock()) as listener:
        yield Scene(listener, nicepay, stranger)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    """One of the four forms."""
    return FORMS[request.param]


def test_no_forged_call_is_let_through(scene: Scene, form: Form) -> None:
    """At least 200 different forgeries are refused with 400, 401, 404 or 405, and then the genuine call passes."""
    genuine = form.genuine(scene)
    forgeries = list(form.forgeries(scene))
    statuses = {name: scene.target.authorize(headers, body).status_code for name, headers, body in forgeries}
    assert len({(*sorted(headers.items()), body) for _, headers, body in forgeries}) >= LEAST
    assert {name: status for name, status in statuses.items() if status not in {400, 401, 404, 405}} == {}
    assert scene.target.authorize(genuine, BODY).status_code == 200


def test_no_two_forgeries_share_a_name(scene: Scene, form: Form) -> None:
    """Each forgery counts by its name, so a second one with the same name would hide the answer to the first."""
    names = Counter(name for name, _, _ in form.forgeries(scene))
    assert [name for name, number in names.items() if number > 1] == []


def test_no_time_outside_the_window_is_let_through(scene: Scene, form: Form) -> None:
    """A call is refused if its client has signed it too early or too late, though its token is valid."""
    now = scene.target.clock.now
    token = {name: value for name, value in form.genuine(scene).items() if name == "Authorization"}
    for seconds in (*range(-1_000, -300, 100), *range(400, 1_000, 100)):
        scene.target.clock.now = now + timedelta(seconds=seconds)
        headers = form.genuine(scene) | token
        scene.target.clock.now = now
        assert headers["X-TIMESTAMP"] == jakarta(now + timedelta(seconds=seconds))
        assert scene.target.authorize(headers, BODY).json()["responseMessage"] == "Unauthorized. X-TIMESTAMP"
