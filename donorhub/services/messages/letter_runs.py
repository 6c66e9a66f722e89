"""Letters and labels for many donors: who gets one, who is left out and why, and what a person posts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from donorhub.db import db
from donorhub.domain.messages.written import WritingCategory
from donorhub.errors import NotFound, Rejected
from donorhub.models import Donor, Message, Task
from donorhub.models.states import HeldReason
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.messages import gate, letters, messages, writing
from donorhub.services.messages.writing import Wish
from donorhub.services.paging import Page
from donorhub.services.work import tasks

MOST: Final = 500  # donors of one run; more are gathered by a narrower list
AT_ONCE: Final = 100
SUBJECT_TYPE: Final = "letters"
_TIME_TO_POST: Final = timedelta(days=3)
ReadPage = Callable[[str | None, int], Page[Donor]]


class LeftOut(NamedTuple):
    """A donor of the list who gets none, and why."""

    donor_id: int
    name: str
    reason: HeldReason


@dataclass(frozen=True, slots=True)
class Audience:
    """Who of a list gets post, in the order in which it is posted, and who does not."""

    category: WritingCategory
    recipients: Sequence[tuple[Donor, tuple[str, ...]]]
    left_out: Sequence[LeftOut]

    @property
    def digest(self) -> str:
        """Return what stands for all whom the page counts."""
        return shown.compute_digest(
            [
                self.category,
                [[donor.id, *lines] for donor, lines in self.recipients],
                [list(one) for one in self.left_out],
            ]
        )

    def compute_digest_of(self, wish: Wish) -> str:
        """Return what stands for a letter to all of them."""
        return shown.compute_digest([self.digest, wish.subject, wish.text])


def read_audience(read_page: ReadPage, category: WritingCategory, *, now: datetime) -> Audience:
    """Return who of a list gets post for this reason: the gate is asked for each. Raise Rejected for a list
    that is too long.
    """
    recipients: list[tuple[Donor, tuple[str, ...]]] = []
    left_out: list[LeftOut] = []
    for donor in _read_all(read_page):
        lines = () if donors.has_made_up_name(donor) else letters.list_address_lines(donor)
        held = gate.find_hold(donor, category, "post", at=now) or (None if lines else "no_address")
        if held:
            left_out.append(LeftOut(donor.id, donor.name, held))
        else:
            recipients.append((donor, lines))
    home = organisation.get_organisation().country
    recipients.sort(key=lambda one: (_find_order(one[0], home), one[0].id))
    return Audience(category, recipients, left_out)


def write_letters(
    audience: Audience,
    wish: Wish,
    *,
    digest: str,
    key: str,
    author: str,
    now: datetime,
    actor: str,
    domain: str,
    title: str,
) -> tuple[Task, bool]:
    """Write a letter to each of an audience, and a task to post them; return it and whether it is new.

    The same key again changes nothing. Raise Changed where it is not what was shown, Rejected for nobody.
    """
    task_key = f"letters:{actor}:{key}"
    if (earlier := tasks.find_task(task_key)) is not None:
        return earlier, False
    shown.refuse_changed(digest, shown.ShownRow(audience, audience.compute_digest_of(wish)))
    if not audience.recipients:
        raise Rejected("nobody of this list gets a letter", code="nobody_to_write_to")
    task = Task(
        key=task_key,
        kind="by_hand",
        performer="person",
        subject_type=SUBJECT_TYPE,
        subject_id=0,
        title=title,
        due_at=now + _TIME_TO_POST,
        created_at=now,
    )
    db.session.add(task)
    db.session.flush()  # the letters name it, and it names itself
    task.subject_id = task.id
    for donor, _lines in audience.recipients:
        _write_letter(donor, wish, task.id, author=author, now=now, domain=domain)
    data = {"count": len(audience.recipients), "left_out": len(audience.left_out)}
    audit.record_action(actor, "task.letters_written", ("task", task.id), now=now, data=data)
    return task, True


def get_run(task_id: int) -> tuple[Task, Sequence[Message]]:
    """Return the task of a run and its letters; raise NotFound where there is none."""
    task = tasks.get_task(task_id)
    if task.subject_type != SUBJECT_TYPE:
        raise NotFound(f"there is no run of letters {task_id}")
    return task, letters.list_letters(task_id)


def mark_run_as_posted(task_id: int, *, now: datetime, actor: str) -> int:
    """Record that the letters of a run were posted, and its task is done; return how many were not before."""
    task, message_rows = get_run(task_id)
    waiting = [message for message in message_rows if message.state == "planned"]
    count = letters.mark_as_posted(waiting, now=now, actor=actor)
    tasks.complete_task(task.id, outcome="", now=now, actor=actor)
    return count


def record_labels(audience: Audience, digest: str, *, now: datetime, actor: str) -> None:
    """Record that addresses left as labels; raise Changed where they are not those that were shown."""
    shown.refuse_changed(digest, audience)
    if not audience.recipients:
        raise Rejected("nobody of this list gets a label", code="nobody_to_write_to")
    audit.record_action(
        actor, "labels.printed", ("labels", 0), now=now, data={"count": len(audience.recipients)}
    )


def _write_letter(donor: Donor, wish: Wish, task_id: int, *, author: str, now: datetime, domain: str) -> None:
    draft = writing.draft_message(donor, wish, author=author, now=now)
    messages.write_message(
        draft.text,
        key=f"letters:{task_id}:{donor.id}",
        category=draft.category,
        task_id=task_id,
        donor=donor,
        to_address=draft.to_address,
        now=now,
        domain=domain,
        channel="post",
    )


def _read_all(read_page: ReadPage) -> Sequence[Donor]:
    """Return the donors of a list, read whole before the gate is asked for any; raise Rejected if too
    many.
    """
    rows: list[Donor] = []
    after: str | None = None
    while True:
        page = read_page(after, AT_ONCE)
        rows += page.rows
        if len(rows) > MOST:
            raise Rejected(f"a run is for {MOST} donors: narrow the list", code="run_too_long", most=MOST)
        after = page.cursor
        if after is None:
            return rows


def _find_order(donor: Donor, home: str) -> tuple[bool, str, str]:
    country = donor.country or home
    return country != home, country, donor.postcode
