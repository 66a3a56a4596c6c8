"""Settings without a table `[state]`: a file beside the settings keeps the state."""

from pathlib import Path
from stat import S_IMODE

from tests.e2e.instances import TABLES, instances, signed_now
from tests.merchant import write_settings
from tests.nicepay import Nicepay


def test_the_state_is_a_file_beside_the_settings(tmp_path: Path, nicepay: Nicepay) -> None:
    """By default the state is in `state.db` beside the settings, survives a restart, and only its owner can read it."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    text = settings.read_text().replace('[state]\nurl = "memory://"', "")
    settings.write_text(text.replace("[token]", '[token]\nrepeat = "refuse"'))
    signed = signed_now(nicepay)
    with instances(settings) as (served,):
        assert served.ask(signed).code == "2007300"
        modes = {file.name: S_IMODE(file.stat().st_mode) for file in tmp_path.glob("state.db*")}
    with instances(settings) as (served,):
        assert served.ask(signed).code == "4097300"
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
