"""The first steps and what is wrong with an installation, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from flask_babel import lazy_gettext

from donorhub.jobs.soundness import Finding, FindingCode
from donorhub.models.states import FirstStepKind
from donorhub.web.words import holds


class StepWords(NamedTuple):
    """A step: what it is, why it matters, and the page that does it with the word for its link."""

    name: object
    reason: object
    endpoint: str
    way: object


STEPS: Final[Mapping[FirstStepKind, StepWords]] = {
    "organisation": StepWords(
        lazy_gettext("The organisation: name, address and numbers"),
        lazy_gettext("No receipt takes a number before they are whole."),
        "settings.show_organisation",
        lazy_gettext("Fill them in"),
    ),
    "bank_account": StepWords(
        lazy_gettext("A bank account"),
        lazy_gettext("Drop the first file of your bank: the account is added with one click."),
        "bank.show_bank",
        lazy_gettext("Bring a file"),
    ),
    "mail": StepWords(
        lazy_gettext("Mail that arrives"),
        lazy_gettext("Until a mail to yourself came through, nobody knows whether donors get theirs."),
        "first_steps.list_steps",
        lazy_gettext("Send me a mail"),
    ),
    "people": StepWords(
        lazy_gettext("Donors and past gifts"),
        lazy_gettext("From your spreadsheets or another program; nobody is written to by that."),
        "moving.list_files",
        lazy_gettext("Move in"),
    ),
    "colleague": StepWords(
        lazy_gettext("A colleague"),
        lazy_gettext("Somebody else who can sign in, with the rights of their role."),
        "users.list_users",
        lazy_gettext("Add a user"),
    ),
    "receipt": StepWords(
        lazy_gettext("The first receipt"),
        lazy_gettext("Issue one for a gift and look at it before donors get theirs."),
        "gifts.list_gifts",
        lazy_gettext("Choose a gift"),
    ),
}
FINDINGS: Final[Mapping[FindingCode, tuple[object, object]]] = {
    "address_not_https": (
        lazy_gettext(
            "The address of this program is not encrypted: passwords and donors' data travel openly."
        ),
        lazy_gettext(
            "Have a web server with a certificate put in front, and DONORHUB_PUBLIC_URL set to https://…"
        ),
    ),
    "hosts_missing": (
        lazy_gettext("The program is open to the network and does not know under which names it is called."),
        lazy_gettext("Set DONORHUB_TRUSTED_HOSTS to the names that people type."),
    ),
    "mode_not_production": (
        lazy_gettext("The program runs in the mode %(mode)s, which is for trying it out."),
        lazy_gettext("Leave DONORHUB_MODE out for real use."),
    ),
    "key_short": (
        lazy_gettext("The key %(name)s is too short."),
        lazy_gettext("Make one with: openssl rand -hex 32"),
    ),
    "database_missing": (
        lazy_gettext("REDIS_URL is set but DATABASE_URL is not."),
        lazy_gettext("Set both, or neither."),
    ),
    "folder_readable": (
        lazy_gettext("Others on this machine can read the program's data, %(path)s for one."),
        lazy_gettext("Close the folder with: chmod -R go= %(home)s"),
    ),
    "sqlite_old": (
        lazy_gettext("SQLite %(version)s is too old."),
        lazy_gettext("3.35 or newer is needed."),
    ),
    "pango_missing": (
        lazy_gettext("Receipts cannot be made: Pango is missing."),
        lazy_gettext("Install it: libpangoft2-1.0-0 and libharfbuzz-subset0."),
    ),
    "disk_full": (
        lazy_gettext("Less than 500 MB are free at %(home)s."),
        lazy_gettext("Make room."),
    ),
    "redis_silent": (
        lazy_gettext("Redis does not answer: %(error)s"),
        lazy_gettext("Have it started, or REDIS_URL corrected."),
    ),
    "redis_forgets": (
        lazy_gettext("Redis keeps nothing on disk. Nothing is lost, but work waits after a crash."),
        lazy_gettext("Switch it on with: redis-cli config set appendonly yes"),
    ),
    "mail_missing": (
        lazy_gettext("No mail leaves this program: messages stay here."),
        lazy_gettext("Set DONORHUB_SMTP_URL to the address of your mail server."),
    ),
    "mail_fails": (
        lazy_gettext("The mail server %(host)s does not let this program in (%(error)s)."),
        lazy_gettext("Have DONORHUB_SMTP_URL corrected, or ask whoever runs the mail server."),
    ),
    "mail_address_wrong": (
        lazy_gettext("DONORHUB_SMTP_URL is no address of a mail server."),
        lazy_gettext("It looks like smtp://user:password@host:587."),
    ),
    "backlog_old": (
        lazy_gettext("Payment providers' messages have waited unread for %(minutes)s minutes."),
        lazy_gettext("Start `donorhub serve`, or with Redis `donorhub worker`."),
    ),
    "backup_missing": (
        lazy_gettext("No backup is made."),
        lazy_gettext("Set DONORHUB_BACKUP_DIR, and make a key with: donorhub backup --new-key FILE"),
    ),
    "backup_key_missing": (
        lazy_gettext("No backup is made: there is no key to encrypt it to."),
        lazy_gettext("Make a key with: donorhub backup --new-key FILE"),
    ),
    "backup_none": (
        lazy_gettext("No backup was made yet."),
        lazy_gettext("One is made each night; to make one now: donorhub backup"),
    ),
    "backup_old": (
        lazy_gettext("The last backup is of %(made)s."),
        lazy_gettext("Have it looked at why: a full disk, a folder that is gone."),
    ),
    "erasure_waits": (
        lazy_gettext("Bytes of somebody erased more than a day ago may be left."),
        lazy_gettext("Have a worker started."),
    ),
    "held": (
        lazy_gettext("Nothing leaves this installation: it looks like a copy."),
        lazy_gettext("If it is no copy, adopt it: Settings, This installation."),
    ),
}


def describe_finding(finding: Finding) -> tuple[str, str]:
    """Return what is wrong and the way out."""
    sentence, way_out = FINDINGS[finding.code]
    reasons = [str(holds.REASONS[reason]) for reason in finding.facts.get("reasons", "").split()]
    return " ".join((str(sentence) % finding.facts, *reasons)), str(way_out) % finding.facts
