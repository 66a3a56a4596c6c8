"""Settings that say nothing of a state: a file beside them keeps it, from one process to the next."""

from pathlib import Path
from stat import S_IMODE

from tests.e2e.instances import TABLES, instances, signed_now
from tests.merchant import write_settings
from tests.nicepay import Nicepay


def test_the_state_is_a_file_beside_the_settings(tmp_path: Path, nicepay: Nicepay) -> None:
    """Without a table for it the state is in `state.db` beside the settings, which its owner alone can use."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    said = settings.read_text().replace('[state]\nurl = "memory://"', "")
    settings.write_text(said.replace("[token]", '[token]\nrepeat = "refuse"'))
    signed = signed_now(nicepay)
    with instances(settings) as (served,), served.public() as connection:
        assert connection.ask(signed).code == "2007300"
        modes = {file.name: S_IMODE(file.stat().st_mode) for file in tmp_path.glob("state.db*")}
    with instances(settings) as (served,), served.public() as connection:
        assert connection.ask(signed).code == "4097300"
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
