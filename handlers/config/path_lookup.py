"""The names that the system looks up on the way to a file."""

import errno
import os
from collections import deque
from pathlib import Path

MOST_LINKS = 40
"""Maximum number of symbolic links on the way to a file, as in Linux (path_resolution(7))."""


def looked_up_names(path: Path) -> list[Path]:
    """Return every name on the way to a file. No folder of these paths is a symbolic link. The last path is the file.

    For `/var/run/secret`, where `/var/run` is a link to `/run`, they are `/`, `/var`, `/var/run`, `/`, `/run` and
    `/run/secret`. Who can replace one of them can put another file in the place of this file.

    Raises:
        OSError: There are more than `MOST_LINKS` links, or somebody removed a link while it was read.
    """
    folder, pending, names, links = Path(), deque(path.absolute().parts), list[Path](), 0
    while pending:
        part = pending.popleft()
        if part == "..":
            folder = folder.parent
            continue
        names.append(folder / part)  # The part `/` begins at the root again.
        if not names[-1].is_symlink():
            folder = names[-1]
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        pending.extendleft(reversed(names[-1].readlink().parts))
    return names
