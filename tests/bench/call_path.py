"""What a call of each form costs in this process, beside a call with a token and a symmetric signature.

Run by `make bench`. Only CPU time counts, as in `request_path.py`, so other load on the machine changes the figures
by up to a fifth. The body has white space, so there are two strings to sign: over the body as received, and
minified.
"""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.config.settings import Settings
from handlers.server.openapi.application import application, internal_api
from tests.bench.request_path import Request, compare, forgetful, switch_log_off
from tests.forms import BODY
from tests.fuzz.forged_calls import FORMS, Scene
from tests.internal import InternalListener, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import Nicepay

FIRST = "token, symmetric"


def main() -> None:
    """Measure a call of each form."""
    switch_log_off()
    nicepay = Nicepay()
    with TemporaryDirectory() as folder:
        settings = write_internal_settings(Path(folder), nicepay)
        services, internal = forgetful(settings), Settings.load(settings).internal
    assert internal
    app = application(internal_api(internal, lambda: services), lambda: services)
    scene = Scene(InternalListener("", Clock(), io.StringIO(), services), nicepay, Nicepay())
    calls = {name: Request("/authorize", form.genuine(scene), BODY) for name, form in FORMS.items()}
    compare({name: (app, calls[name]) for name in (FIRST, *(each for each in calls if each != FIRST))})


if __name__ == "__main__":
    main()
