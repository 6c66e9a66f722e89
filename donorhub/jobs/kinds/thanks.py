"""Planning what is said because of a task: a donor's thank-you, and a note to the staff."""

from __future__ import annotations

from donorhub import clock
from donorhub.config import Settings
from donorhub.models import Task
from donorhub.services.donors import donors
from donorhub.services.messages import messages, thank_yous


def plan_thank_you(task: Task, settings: Settings) -> str:
    """Plan the thank-you of the task's gift; return its outcome."""
    return thank_yous.plan_thank_you(task, now=clock.now(), domain=settings.mail_domain)


def plan_note_of_new_donor(task: Task, settings: Settings) -> str:
    """Plan the mail that tells the staff of a donor who came by themselves; return its outcome.

    A donor of old gifts alone is no news.
    """
    donor = donors.get_donor(task.subject_id)
    if thank_yous.gave_long_ago(donor.id):
        return "too_old"
    facts = {
        "code": donor.code,
        "source": donor.source.partition(":")[0],
        "link": f"{settings.public_url}/donors/{donor.id}",
    }
    return messages.plan_note_to_staff(task, facts=facts, now=clock.now(), domain=settings.mail_domain)
