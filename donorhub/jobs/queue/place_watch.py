"""Looking by the clock whether this process still runs where its base belongs, and noting a new place."""

from __future__ import annotations

from collections.abc import Sequence

from structlog import get_logger

from donorhub.db import db, read_only
from donorhub.services.access import instance

log = get_logger(__name__)


class PlaceWatch:
    """Remembers why nothing was let out at the last look, to log only what changed."""

    def __init__(self) -> None:
        self._reasons: Sequence[str] = ()

    def look_around(self) -> int:
        """Judge this place, and note what nobody had noted of it; return 1 where it is held."""
        with read_only():
            hold = instance.judge_place()
            is_new = hold is None and instance.has_new_facts()
            db.session.rollback()
        if is_new:
            instance.settle_place()
            db.session.commit()
        reasons = hold.reasons if hold else ()
        if reasons != self._reasons:
            log.warning("instance_held" if reasons else "instance_released", reasons=list(reasons))
            self._reasons = reasons
        return int(bool(reasons))
