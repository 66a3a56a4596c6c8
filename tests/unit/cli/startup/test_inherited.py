"""What the server mends of what it inherits."""

import signal
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.startup.inherited import ENOUGH_FILES, FEWEST_FILES, limit_of_files, mend_inheritance


@pytest.mark.parametrize(
    ("soft", "hard", "limit"),
    [
        (1_024, 1_048_576, ENOUGH_FILES),
        (1_024, RLIM_INFINITY, ENOUGH_FILES),
        (8_192, 8_192, 8_192),
        (RLIM_INFINITY, RLIM_INFINITY, RLIM_INFINITY),
        (FEWEST_FILES, FEWEST_FILES, FEWEST_FILES),
    ],
)
def test_the_limit_of_open_files_is_raised(soft: int, hard: int, limit: int) -> None:
    """It is enough for all connections, if the hard limit allows that. It is never lowered."""
    assert limit_of_files(soft, hard) == limit


def test_too_few_files_are_a_mistake() -> None:
    """The message has both numbers, and says where the limit is set."""
    with pytest.raises(UsageError) as error:
        limit_of_files(10, FEWEST_FILES - 1)
    assert str(error.value) == "this process may open 63 files; allow 2100, with ulimit -n or LimitNOFILE="


def test_signals_and_the_limit_of_this_process_are_mended() -> None:
    """Signals that the parent blocked or ignored work again."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    child = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    setrlimit(RLIMIT_NOFILE, (FEWEST_FILES, hard))
    try:
        mend_inheritance()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
        assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
        assert getrlimit(RLIMIT_NOFILE)[0] > FEWEST_FILES
    finally:
        setrlimit(RLIMIT_NOFILE, (soft, hard))
        signal.signal(signal.SIGCHLD, child)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
