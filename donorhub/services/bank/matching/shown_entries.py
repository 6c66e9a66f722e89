"""What stands for an entry, a payment of it and a proposal, as a person was shown them.

Who decides sends the digest back; where it is another by now, nothing is decided. What a person was not shown
does not count: more reasons for a proposal change nothing, a new one against it does. Nor does the instalment
that a gift would settle: it follows from which of several payments is decided first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.bank.matching.matching_facts import Candidate, Credit, Evidence, Proposal
from donorhub.models import Entry, EntryQuestion, Match
from donorhub.models.states import OPEN_ENTRIES
from donorhub.services import shown
from donorhub.services.bank.files import entry_questions
from donorhub.services.bank.matching.credits import Place
from donorhub.services.donors import donors
from donorhub.services.shown import ShownRow

DIGITS: Final = 16  # a list shows a hundred of them; nobody is kept out by them
# They weigh one payment beside others, or sizes that grow with each decision: the order decides.
_BESIDE_OTHERS: Final = ("AMOUNT", "DATE")


class Choice(NamedTuple):
    """What a payment may become, without its reasons: gifts by donor, a payout, a return."""

    parts: Sequence[tuple[int, int]]  # donor and minor units
    payout_id: int | None
    gift_id: int | None
    against: Collection[str] = ()


def compute_payment_digest(entry: Entry, credit: Credit, match_ids: Iterable[int]) -> str:
    """Return the digest of one payment of an entry with what was decided of it."""
    state = _find_state(entry)
    if entry.has_details and state in ("matched", "unclaimed", "not_gift"):
        state = "open"  # that follows from its other payments
    return _cut_digest("payment", state, *_describe_credit(credit), sorted(match_ids))


def compute_entry_digest(
    entry: Entry,
    match_ids: Iterable[int] = (),
    question: EntryQuestion | None = None,
    twin: Entry | None = None,
) -> str:
    """Return the digest of a whole entry with what was decided of it, or what is asked about it."""
    doubt: list[object] = []
    if question is not None:
        doubt = [question.id, question.kind, question.state, question.answer]
    if twin is not None:
        doubt += [_find_state(twin), *_describe_entry(twin)]
    return _cut_digest("entry", _find_state(entry), *_describe_entry(entry), sorted(match_ids), doubt)


def _find_state(entry: Entry) -> str:
    """Return the state of an entry; one that is being matched waits as well."""
    return "open" if entry.state in OPEN_ENTRIES else entry.state


def _describe_entry(entry: Entry) -> list[object]:
    texts = [entry.counterparty_name, entry.counterparty_account, entry.remittance]
    return [entry.id, entry.booked_on.isoformat(), entry.amount_minor, entry.currency, *texts]


def compute_choice_digest(credit: Credit, choice: Choice, names: Mapping[int, str]) -> str:
    """Return the digest of what a payment would become, with the names of the donors."""
    parts = sorted((donor_id, minor, names.get(donor_id, "")) for donor_id, minor in choice.parts)
    return _cut_digest("choice", *_describe_credit(credit), parts, choice.payout_id, choice.gift_id)


def _describe_credit(credit: Credit) -> list[object]:
    amount = credit.amount
    texts = [credit.name or "", credit.account or "", credit.text]
    return [
        credit.entry_id,
        credit.detail_id,
        credit.booked_on.isoformat(),
        amount.minor,
        amount.currency,
        *texts,
    ]


def _cut_digest(*values: object) -> str:
    return shown.compute_digest(list(values))[:DIGITS]


def list_against(evidence: Iterable[Evidence]) -> list[str]:
    """Return the names of what speaks against a candidate, whichever payment is decided first."""
    keys = {one.key for one in evidence if one.contradicts and one.family not in _BESIDE_OTHERS}
    return sorted(key.removeprefix("match.") for key in keys)


def make_choice(candidate: Candidate) -> Choice:
    """Return what stands for a candidate of the engine."""
    return Choice(
        [(part.donor_id, part.minor) for part in candidate.parts],
        candidate.payout_id,
        candidate.gift_id,
        list_against(candidate.evidence),
    )


def write_choice(credit: Credit, choice: Choice, names: Mapping[int, str]) -> str:
    """Return the words by which a form names a choice: its digest, and what was shown against it."""
    return ".".join([compute_choice_digest(credit, choice, names), *sorted(choice.against)])


def find_candidate(place: Place, proposal: Proposal, words: str) -> Candidate | None:
    """Return the candidate of a payment that a form names; None where it is none any more, or where more
    speaks against it than was shown.
    """
    digest, *shown_against = words.split(".")
    choices = [make_choice(candidate) for candidate in proposal.candidates]
    names = donors.find_names({donor_id for choice in choices for donor_id, _ in choice.parts})
    for candidate, choice in zip(proposal.candidates, choices, strict=True):
        if compute_choice_digest(place.credit, choice, names) == digest:
            return candidate if set(choice.against) <= set(shown_against) else None
    return None


def is_decided_so(place: Place, matches: Sequence[Match], words: str) -> bool:
    """Return whether the decisions on a payment that stand are what a form names."""
    parts = [(row.donor_id, row.amount_minor) for row in matches if row.kind == "gift"]
    choice = Choice(
        [(donor_id, minor) for donor_id, minor in parts if donor_id is not None],
        next((row.payout_id for row in matches if row.kind == "payout"), None),
        next((row.gift_id for row in matches if row.kind == "return"), None),
    )
    names = donors.find_names({donor_id for donor_id, _ in choice.parts})
    return compute_choice_digest(place.credit, choice, names) == words.partition(".")[0]


def show_payment(entry: Entry, place: Place, matches: Iterable[Match]) -> ShownRow:
    """Return an entry with the digest of one of its payments."""
    return ShownRow(entry, compute_payment_digest(entry, place.credit, [row.id for row in matches]))


def show_entry(entry: Entry, matches: Iterable[Match] | None = None) -> ShownRow:
    """Return an entry with the digest of it as a whole; ``matches`` are all that ever were on it, if read."""
    if entry.state != "doubtful":
        if matches is None:
            matches = db.session.scalars(select(Match).where(Match.entry_id == entry.id)).all()
        match_ids = [row.id for row in matches if row.undone_at is None]
        return ShownRow(entry, compute_entry_digest(entry, match_ids))
    question = entry_questions.find_questions([entry.id]).get(entry.id)
    twin_id = question.twin_id if question is not None else None
    twin = db.session.get(Entry, twin_id) if twin_id is not None else None
    return ShownRow(entry, compute_entry_digest(entry, question=question, twin=twin))
