"""What bringing a table would do, row by row: made, joined, known, held or left out, each with its reason.

It compares with what the base knows and writes nothing; the digest of a plan stands for all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from donorhub.domain.donors.identity import names_agree, normalise_email, normalise_phone
from donorhub.domain.moving.answered_people import find_news, list_no_channels
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.credits import find_credited_gifts, group_credited_people, judge_credits
from donorhub.domain.moving.gift_fields import fill_known_gifts
from donorhub.domain.moving.grouping import Group, Key, People, get_parts, list_more_contacts
from donorhub.domain.moving.ledger import DonorFacts, GiftFacts, Ledger
from donorhub.domain.moving.plan_rows import DonorPlan, Plan, RowPlan, list_values
from donorhub.domain.moving.records import Person, Record
from donorhub.domain.moving.same_money import find_same_money
from donorhub.domain.moving.ties import judge_ties
from donorhub.domain.payer_text import fold_letters

FILLED_FIELDS: Final = (
    "given_name",
    "family_name",
    "salutation",
    "email",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
    "tax_number",
    "born_on",
)
_LEFT_OUT: Final = (
    "not_received",
    "taken_back",
    "soft_credit",
    "money_out",
)  # faults of money that never stayed


def group_records(records: Sequence[Record], answers: Answers) -> tuple[list[RowPlan], People]:
    """Return the rows with the person that each names; held rows and rows left out name nobody."""
    has_gifts = any(record.gift for record in records)
    people = People(joins_names=answers.same_name == "one", keeps_bare_keys=not has_gifts)
    by_origin: dict[tuple[str, int], tuple[Person, int]] = {}  # of rows with several amounts: whom they name
    rows = []
    for record in records:
        row = RowPlan(record)
        if record.is_left_out:
            row.state, row.reason = "left_out", "by_person"
        elif record.fault:
            row.state = "left_out" if record.fault in _LEFT_OUT else "held"
            row.reason = record.fault
            if record.person.has_no and record.person.name and row.state == "held":
                row.group = people.add_person(record.person)  # their no counts, whatever holds the money
        else:
            row.group = giver = _add_giver(people, record, by_origin)
            row.companions = tuple(people.add_companion(one, giver) for one in record.companions)
        rows.append(row)
    group_credited_people(rows, people)
    _mark_totals(rows)
    return rows, people


def _add_giver(people: People, record: Record, by_origin: dict[tuple[str, int], tuple[Person, int]]) -> int:
    """Return the group of a row's person; cells of one row name the same one."""
    if record.origin is None:
        return people.add_person(record.person)
    place = (record.origin, record.number)
    person, group = by_origin.get(place, (None, 0))
    if person != record.person:
        group = people.add_person(record.person)
        by_origin[place] = (record.person, group)
    return group


def _mark_totals(rows: list[RowPlan]) -> None:
    """Mark rows that are no rows: an amount alone that is the sum of those above it."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        record = row.record
        if record.amount is None:
            continue
        key = (record.sheet, record.amount.currency)
        is_alone = sum(1 for text in record.texts if text) <= 2  # noqa: PLR2004  the sum, and perhaps its label
        if row.state == "held" and is_alone and not record.person.name and sums[key] == record.amount.minor:
            row.is_total = True
        else:
            sums[key] += record.amount.minor


def judge_rows(rows: list[RowPlan], people: People, ledger: Ledger, answers: Answers) -> Plan:
    """Return the plan of rows that were grouped and have their keys."""
    donors = [DonorPlan(group, _find_donor(group, ledger)) for group in people.groups]
    for donor in donors:
        donor.is_erased = donor.donor_id is None and _was_erased(donor.group, ledger)
    _hold_unknown_people(rows, donors)
    _find_known_gifts(rows, donors, ledger)
    _leave_out_erased(rows, donors)
    fill_known_gifts(rows, ledger, answers)
    _find_changed_gifts(rows, ledger)
    if answers.same_money != "another":
        find_same_money(rows, donors, ledger)
    for donor in donors:
        _compare_donor(donor, ledger, answers)
    find_credited_gifts(rows, donors, ledger)
    _judge_people(rows, donors)
    judge_credits(rows, donors, ledger)
    plan = Plan(rows, donors)
    plan.unknown_funds = _list_unknown(plan, "fund", ledger.funds, answers.funds)
    plan.unknown_campaigns = _list_unknown(plan, "campaign", ledger.campaigns, answers.campaigns)
    return plan


def _hold_unknown_people(rows: list[RowPlan], donors: list[DonorPlan]) -> None:
    """Hold rows that tell whose they are by a number alone, which nobody here has."""
    for row in rows:
        if row.group is None or row.state != "made":
            continue
        donor = donors[row.group]
        if donor.donor_id is None and not donor.group.person.name:
            row.state, row.reason = "held", "unknown_person"


def _find_donor(group: Group, ledger: Ledger) -> int | None:
    """Return the donor that a person of the file is: by id, by an earlier file, by contact and name."""
    if group.person.ref and group.person.ref in ledger.by_ref:
        return ledger.by_ref[group.person.ref]
    donor_id = ledger.by_code.get(group.person.code)
    if donor_id is not None and _may_be(group.person, ledger.donors[donor_id]):
        return donor_id  # a code of another installation may be somebody else's here
    donor_id = ledger.by_row_key.get(group.row_key)
    if donor_id is not None and not _is_born_apart(group.person, ledger.donors.get(donor_id)):
        return donor_id
    donor_ids = {
        id_
        for contact in sorted(group.contacts)
        for id_ in ledger.by_contact.get(contact, ())
        if _may_be(group.person, ledger.donors[id_])
    }
    return donor_ids.pop() if len(donor_ids) == 1 else None


def _may_be(person: Person, facts: DonorFacts) -> bool:
    """Return whether somebody of the file may be this donor, who has a contact of theirs."""
    return names_agree(get_parts(person), facts.parts) and not _is_born_apart(person, facts)


def _is_born_apart(person: Person, facts: DonorFacts | None) -> bool:
    """Return whether the file and the base both tell a date of birth, and another one: they are two."""
    born_on = facts.values.get("born_on") if facts is not None else None
    return bool(person.born_on and born_on and person.born_on != born_on)


def _find_known_gifts(rows: list[RowPlan], donors: list[DonorPlan], ledger: Ledger) -> None:
    """Mark gifts that an earlier file brought; one whose amount or day is another now waits for a person."""
    refs: dict[str, RowPlan] = {}
    for row in rows:
        gift = row.record.gift
        if row.group is None or gift is None:
            continue
        if row.source_ref in refs:  # only their own ids may come twice
            earlier_gift = refs[row.source_ref].record.gift
            is_same = earlier_gift is not None and earlier_gift.amount == gift.amount
            row.state, row.reason = ("known", "twice_in_file") if is_same else ("held", "id_twice")
            continue
        refs[row.source_ref] = row
        known_gift = ledger.own_gifts.get(row.source_ref)
        if known_gift is None:
            continue
        is_same = (known_gift.minor, known_gift.currency) == (gift.amount.minor, gift.amount.currency)
        if is_same and (gift.span is not None or known_gift.received_on == gift.received_on):
            row.state, row.reason, row.gift_id = "known", "imported_before", known_gift.id
        else:
            row.state, row.reason = "held", "gift_differs"
        donor = donors[row.group]
        if known_gift.donor_id in ledger.erased_ids:
            donor.is_erased = True
        else:
            donor.donor_id = donor.donor_id or known_gift.donor_id


def _was_erased(group: Group, ledger: Ledger) -> bool:
    """Return whether a person of the file is one who was erased: by an id, or an e-mail, phone or account."""
    refs = {group.person.ref, group.row_key} - {""}
    return not refs.isdisjoint(ledger.erased_refs) or not group.contacts.isdisjoint(ledger.erased_contacts)


def _leave_out_erased(rows: list[RowPlan], donors: list[DonorPlan]) -> None:
    """Leave out rows of people who had themselves erased; their gifts that are here already stay known."""
    for row in rows:
        if row.group is not None and donors[row.group].is_erased and row.state == "made":
            row.state, row.reason = "left_out", "erased"


def _find_changed_gifts(rows: list[RowPlan], ledger: Ledger) -> None:
    """Hold new gifts that look like one of an earlier file that this file, over the same days, lacks."""
    new = [row for row in rows if row.group is not None and row.state == "made" and row.record.gift]
    days = [row.record.gift.received_on for row in rows if row.record.gift]
    refs = {row.source_ref for row in rows}
    missing: dict[str, list[GiftFacts]] = {}
    for ref, gift in ledger.own_gifts.items():
        parts = ref.split(":")
        if ref not in refs and len(parts) == 5 and days and min(days) <= gift.received_on <= max(days):  # noqa: PLR2004
            missing.setdefault(parts[2], []).append(gift)
    for row in new:
        draft = row.record.gift
        if draft is None or draft.ref or row.record.is_another_gift:
            continue
        alike = missing.get(row.source_ref.split(":")[2], [])
        for earlier_gift in alike:
            is_same_day = earlier_gift.received_on == draft.received_on
            if is_same_day or earlier_gift.minor == draft.amount.minor:
                alike.remove(earlier_gift)
                row.state, row.reason = "held", "gift_changed"
                break


def _compare_donor(plan: DonorPlan, ledger: Ledger, answers: Answers) -> None:
    """Find what a file fills in of a donor who is here, and what it changes where a person wants that."""
    person = plan.group.person
    if plan.donor_id is None:
        plan.forbids = person.opt_out == "no_contact"
        plan.answer = find_news(person, frozenset(), refuses=False)
        return
    values, former = ledger.donors[plan.donor_id].values, ledger.donors[plan.donor_id].former
    for name in FILLED_FIELDS:
        new, old = str(getattr(person, name) or ""), str(values.get(name) or "")
        is_filling = not old and name not in ("given_name", "family_name")
        if name == "born_on" and {person.kind, values.get("kind")} != {"person"}:
            continue
        if _is_former(name, person, former):  # somebody said that they are not reached there any more
            continue
        if new and new != old and (is_filling or name in answers.overwrite):
            plan.changes[name] = (old, new)
    if person.note and person.note not in str(values.get("note") or ""):
        plan.more_note = person.note
    plan.more_contacts = tuple(
        contact
        for contact in list_more_contacts(person)
        if plan.donor_id not in ledger.by_contact.get(contact, ()) and contact not in former
    )
    plan.brings_account = ("account", person.account) not in former
    own_values = ledger.donors[plan.donor_id].custom
    overwrites = "custom" in answers.overwrite
    plan.custom = {
        key: value
        for key, value in person.custom
        if (overwrites or own_values.get(key) is None) and own_values.get(key) != value
    }
    noes = ledger.noes.get(plan.donor_id, frozenset())
    plan.forbids = "any" not in noes and bool(set(list_no_channels(person)) - noes)
    if person.is_bounced:
        plan.forbids = plan.forbids or any(
            email not in ledger.refused_emails for email in list_emails(person)
        )
    known_answers = ledger.answers.get(plan.donor_id, frozenset())
    plan.answer = find_news(person, known_answers, refuses=plan.donor_id in ledger.refuser_ids)


def list_emails(person: Person) -> tuple[str, ...]:
    """Return the e-mails of a person as they are compared."""
    return tuple(normalise_email(email) for email in (person.email, *person.more_emails) if email)


def _is_former(name: str, person: Person, former: frozenset[Key]) -> bool:
    """Return whether a field of a person is of a contact that has ended."""
    if name == "email":
        return ("email", normalise_email(person.email)) in former
    if name == "phone":
        return ("phone", normalise_phone(person.phone)) in former
    is_of_address = name in ("street", "postcode", "city", "country")
    return is_of_address and ("post", fold_letters(person.street or person.city)) in former


def _judge_people(rows: list[RowPlan], donors: list[DonorPlan]) -> None:
    """Say of rows without a gift whether they make a donor, add to one or tell nothing new."""
    for row in rows:
        if row.group is None or row.state in ("held", "left_out"):
            continue
        donor = donors[row.group]
        is_news = donor.donor_id is not None and donor.has_news
        if row.record.gift is not None:
            if row.state == "known" and is_news and not donor.is_used:
                row.state, row.reason = "joined", "adds_to_donor"
            donor.is_used = donor.is_used or row.state in ("made", "joined")
            continue
        if donor.donor_id is None:
            row.state, row.reason = ("joined", "same_person") if donor.is_used else ("made", "")
        elif is_news and not donor.is_used:
            row.state, row.reason = "joined", "adds_to_donor"
        else:
            row.state, row.reason = "known", "nothing_new"
        donor.is_used = donor.is_used or row.state in ("made", "joined")
    for row in rows:
        if row.group is not None and row.state not in ("held", "left_out"):
            _judge_companions(row, donors)
    judge_ties(rows, donors)


def _judge_companions(row: RowPlan, donors: list[DonorPlan]) -> None:
    """Use those whom a row names beside its giver: who can be told again, and others beside a new giver."""
    giver = donors[row.group or 0]
    for at in row.companions:
        donor = donors[at]
        is_news = donor.donor_id is not None and donor.has_news
        can_be_told = bool(donor.group.person.ref or donor.group.row_key)
        is_new = donor.donor_id is None and (can_be_told or giver.donor_id is None)
        if donor.is_used or donor.is_erased or not (is_new or is_news):
            continue
        donor.is_used = True
        if row.state == "known":
            row.state, row.reason = "joined", "adds_to_donor"


def _list_unknown(
    plan: Plan, name: Literal["fund", "campaign"], ids_by_name: Mapping[str, int], answers: Mapping[str, str]
) -> tuple[str, ...]:
    values = {value for row in plan.rows if row.gift is not None for value in list_values(row.gift, name)}
    return tuple(
        sorted(
            value
            for value in values
            if value and value not in answers and fold_letters(value) not in ids_by_name
        )
    )
