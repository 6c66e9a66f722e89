"""Letters and labels for many donors: who gets one, who is left out and why, and what a person posts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.messages.written import WritingCategory
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Donor, Message, Task
from donorhub.models.states import FAILED_TASKS, HeldReason
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors, positions
from donorhub.services.messages import gate, letters, messages, writing
from donorhub.services.messages.writing import Draft, Wish
from donorhub.services.paging import Page
from donorhub.services.work import tasks

MOST: Final = 500  # donors of one run; more are gathered by a narrower list
AT_ONCE: Final = 100
PART: Final = 25  # letters between two commits, so that nobody waits for us
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


@dataclass(frozen=True, slots=True)
class Run:
    """The letters of a run as far as they are written, and who was left out when theirs was made."""

    task: Task
    letters: Sequence[Message]
    waiting: int  # donors whose letter is still to be written
    left_out: Sequence[LeftOut]
    is_stuck: bool  # writing stopped by an error


def read_audience(read_page: ReadPage, category: WritingCategory, *, now: datetime) -> Audience:
    """Return who of a list gets post for this reason: the gate is asked for each. Raise Rejected for a list
    that is too long.
    """
    recipients: list[tuple[Donor, tuple[str, ...]]] = []
    left_out: list[LeftOut] = []
    all_donors = _read_all(read_page)
    names = positions.find_contact_people(
        [donor.id for donor in all_donors if donor.kind == "organisation"], today=organisation.get_day(now)
    )
    for donor in all_donors:
        lines = (
            ()
            if donors.has_made_up_name(donor)
            else letters.list_address_lines(donor, names.get(donor.id, ""))
        )
        hold_reason = gate.find_hold(donor, category, "post", at=now) or (None if lines else "no_address")
        if hold_reason:
            left_out.append(LeftOut(donor.id, donor.name, hold_reason))
        else:
            recipients.append((donor, lines))
    home = organisation.get_organisation().country
    recipients.sort(key=lambda one: (_find_order(one[0], home), one[0].id))
    return Audience(category, recipients, left_out)


def plan_letters(
    audience: Audience,
    wish: Wish,
    *,
    digest: str,
    key: str,
    author: str,
    now: datetime,
    actor: str,
    title: str,
) -> tuple[Task, bool]:
    """Plan that a worker writes a letter to each of an audience, and a task of a person to post them; return
    that and whether it is new.

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
    tasks.plan_task(
        _make_work_key(task.id),
        kind="write_letters",
        performer="worker",
        subject=("task", task.id),
        now=now,
        facts={
            "total": len(audience.recipients),
            "waiting_ids": [donor.id for donor, _lines in audience.recipients],
            "left_out": [],
            "category": wish.category,
            "subject": wish.subject,
            "text": wish.text,
            "author": author,
        },
    )
    data = {"count": len(audience.recipients), "left_out": len(audience.left_out)}
    audit.record_action(actor, "task.letters_written", ("task", task.id), now=now, data=data)
    return task, True


def write_part(work: Task, *, now: datetime, domain: str) -> bool:
    """Write the next letters of a run, and keep who of these may not be written to by now; return whether
    more are to be written.

    The gate is asked for each donor when their letter is made. When all are, the words are forgotten.
    """
    facts = dict(work.facts)
    donor_ids = facts.get("waiting_ids", [])
    if not donor_ids:
        return False
    wish = Wish("post", "personal", facts["category"], facts["subject"], facts["text"])
    for donor_id in donor_ids[:PART]:
        donor = db.session.get_one(Donor, donor_id)
        draft = writing.draft_message(donor, wish, author=facts["author"], now=now)
        is_gone = donor.merged_into_id is not None or donor.removed_at is not None
        hold_reason = draft.held or ("no_address" if is_gone else None)
        if hold_reason:
            facts["left_out"] = [*facts["left_out"], [donor.id, hold_reason]]
        else:
            _write_letter(donor, draft, work.subject_id, now=now, domain=domain)
    facts["waiting_ids"] = donor_ids[PART:]
    if not facts["waiting_ids"]:
        facts = {name: facts[name] for name in ("total", "left_out")}
    work.facts = facts
    return "waiting_ids" in facts


def get_run(task_id: int) -> Run:
    """Return a run of letters; raise NotFound where there is none."""
    task = tasks.get_task(task_id)
    if task.subject_type != SUBJECT_TYPE:
        raise NotFound(f"there is no run of letters {task_id}")
    work = tasks.find_task(_make_work_key(task_id))
    facts = work.facts if work else {}
    reasons = {int(id_): reason for id_, reason in facts.get("left_out", ())}
    donor_rows = db.session.execute(select(Donor.id, Donor.name).where(Donor.id.in_(reasons)))
    names = {row.id: row.name for row in donor_rows}
    return Run(
        task,
        letters.list_letters(task_id),
        waiting=len(facts.get("waiting_ids", ())),
        left_out=[LeftOut(id_, names[id_], reason) for id_, reason in reasons.items() if id_ in names],
        is_stuck=work is not None and work.state in FAILED_TASKS,
    )


def mark_run_as_posted(task_id: int, *, now: datetime, actor: str) -> int:
    """Record that the letters of a run were posted, and its task is done; return how many were not before.

    Raise Conflict while they are being written.
    """
    run = get_run(task_id)
    if run.waiting:
        raise Conflict(f"the letters of run {task_id} are being written", code="letters_being_written")
    waiting = [message for message in run.letters if message.state == "planned"]
    count = letters.mark_as_posted(waiting, now=now, actor=actor)
    tasks.complete_task(run.task.id, outcome="", now=now, actor=actor)
    return count


def record_labels(audience: Audience, digest: str, *, now: datetime, actor: str) -> None:
    """Record that addresses left as labels; raise Changed where they are not those that were shown."""
    shown.refuse_changed(digest, audience)
    if not audience.recipients:
        raise Rejected("nobody of this list gets a label", code="nobody_to_write_to")
    audit.record_action(
        actor, "labels.printed", ("labels", 0), now=now, data={"count": len(audience.recipients)}
    )


def _make_work_key(task_id: int) -> str:
    return f"write_letters:{task_id}"


def _write_letter(donor: Donor, draft: Draft, task_id: int, *, now: datetime, domain: str) -> None:
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
