"""Who performs tasks in this home: the first one learns that all others are dead.

Where one process does everything, the tasks it had claimed need not wait for their leases when it was
killed. Of processes on other machines it knows nothing: they have Redis and leases.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from donorhub.db import db
from donorhub.services.work import claims


class Presence:
    """A lock on a file that everyone at work shares; the kernel lets go of it when a process dies."""

    def __init__(self, home: Path) -> None:
        self._path = home / "working.lock"
        self._file: IO[str] | None = None

    def enter_work(self) -> int:
        """Be at work until :meth:`leave_work`; the first to come frees the tasks that the dead had claimed.

        Return how many were freed. Call it inside an application context.
        """
        self._file = self._path.open("a")
        count = 0
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            count = claims.free_leases()
            db.session.commit()
        fcntl.flock(self._file, fcntl.LOCK_SH)  # whoever has it alone lets go in a moment
        return count

    def leave_work(self) -> None:
        """Let go of the lock; a second call does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None
