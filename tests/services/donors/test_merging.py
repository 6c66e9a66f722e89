"""Two records become one donor and two again: nothing is lost, twice changes nothing, numbers lead on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import Base, db
from donorhub.errors import Changed, Conflict, Rejected
from donorhub.models import (
    AuditRecord,
    Donor,
    DonorTag,
    Gift,
    Receipt,
    RecurringGift,
)
from donorhub.services.access import organisation
from donorhub.services.donors import (
    contacts,
    donors,
    identity_keys,
    merge_fields,
    merge_folds,
    merge_rows,
    merging,
    search,
    unmerging,
)
from tests.races import run_second
from tests.services.donors.merge_world import (
    IBANS,
    ME,
    STAMPS,
    Pair,
    add_donor,
    assert_sound,
    check_codes,
    give,
    merge,
    promise,
    read_all,
    read_comparable,
    sum_gifts,
    undo,
)

# ---------------------------------------------------------------- what is moved


def test_every_column_of_a_donor_is_moved() -> None:
    """Each column that points at a donor moves or has a reason to stay, and no reason is left over."""
    all_columns = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == "donor" for key in column.foreign_keys)
    }
    moved = {(column.table.name, column.name) for column in merge_rows.list_moved_columns()}
    assert moved | merge_rows.EXEMPT.keys() == all_columns and not moved & merge_rows.EXEMPT.keys()
    assert {table for table, _ in moved} >= {"gift", "receipt", "recurring_gift", "contact_point", "task"}
    assert all("id" in Base.metadata.tables[table].columns for table, _ in moved)


def test_every_table_has_a_rule_for_equals() -> None:
    """Where a donor can have a thing only once, it is said what becomes of the other's."""
    unique_tables = {
        column.table.name
        for column in merge_rows.list_moved_columns()
        if merge_rows.list_uniques(column.table)
    }
    assert unique_tables == merge_folds.FOLDS.keys()


def test_every_field_of_a_donor_has_a_rule() -> None:
    """A new column of a donor is united, chosen, or stays the survivor's."""
    chosen = {name for names in merge_fields._COLUMNS.values() for name in names}
    united = {column.name for column in Donor.__table__.columns if str(column.type) == "BOOLEAN"}
    assert chosen | united | merge_fields.STAYING == {column.name for column in Donor.__table__.columns}


def test_all_of_both_is_the_survivors(pair: Pair, now: datetime) -> None:
    """The older record has all of both, equal things once, the stricter word; sums and books are whole."""
    survivor, loser = pair
    before = sum_gifts()
    merge(pair, now)
    for table in ("gift", "receipt", "recurring_gift", "interaction", "contact_point", "task", "external_id"):
        donor_ids = set(db.session.scalars(select(Base.metadata.tables[table].c.donor_id)))
        assert loser.id not in donor_ids and survivor.id in donor_ids, table
    live = [(one.kind, one.value) for one in contacts.list_contacts(survivor.id) if one.until_on is None]
    assert len(live) == len(set(live)) and ("email", "own2@example.org") in live
    assert survivor.email == "home@example.org" and survivor.city == "Warszawa"
    assert survivor.do_not_contact and survivor.salutation == "Droga Aniu"
    assert survivor.name == "Anna Kowalska" and sum_gifts() == before
    tags = select(DonorTag.tag_id).where(DonorTag.donor_id == survivor.id)
    assert len(set(db.session.scalars(tags).all())) == len(db.session.scalars(tags).all()) == 3
    assert_sound(now)


def test_number_of_the_other_leads_on(pair: Pair, now: datetime) -> None:
    """Code, key of another system, e-mail and account of the record that is none any more find the donor."""
    survivor, loser = pair
    code = loser.code
    merge(pair, now)
    assert donors.get_donor(loser.id) == survivor == search.find_by_code(code)
    assert donors.find_by_external_id("crm", "c2") == survivor
    for words in ("own2@example.org", "own1@example.org", IBANS[1], code):
        assert [one.id for one in search.find_donors(words).rows] == [survivor.id], words
    check_codes(now)


def test_receipts_say_what_they_said(pair: Pair, now: datetime) -> None:
    """What was told the tax office stays as it was printed."""
    query = select(Receipt.payload, Receipt.payload_sha256).order_by(Receipt.id)
    before = db.session.execute(query).all()
    merge(pair, now)
    assert db.session.execute(query).all() == before


# ---------------------------------------------------------------- again and refused


def test_merging_again_changes_nothing(pair: Pair, now: datetime) -> None:
    """The same two once more are one already."""
    first_id = merge(pair, now)
    before = read_all()
    log, is_new = merging.merge_donors(pair[1].id, pair[0].id, now=now, actor=ME)
    db.session.commit()
    assert (log.id, is_new) == (first_id, False) and read_all() == before


def test_other_than_shown_is_refused(pair: Pair, now: datetime) -> None:
    """Where a gift came since the page was shown, nothing is merged."""
    digest = merging.plan_merge(pair[0].id, pair[1].id).digest
    give(pair[1], 900, now.date(), "late")
    before = read_all()
    with pytest.raises(Changed):
        merging.merge_donors(pair[0].id, pair[1].id, now=now, actor=ME, shown_digest=digest)
    assert read_all() == before
    merge(pair, now, shown_digest=merging.plan_merge(pair[0].id, pair[1].id).digest)


def test_what_cannot_be_one_is_refused(pair: Pair, now: datetime) -> None:
    """A person is no organisation, nobody is merged with themselves, nor one who is a part of another."""
    survivor, loser = pair
    firm = donors.create_donor({"name": "Firma", "kind": "organisation"}, source="form", now=now, actor=ME)
    db.session.commit()
    before = read_all()
    for ids, error in (((survivor.id, firm.id), Rejected), ((loser.id, loser.id), Rejected)):
        with pytest.raises(error):
            merging.merge_donors(*ids, now=now, actor=ME)
        assert read_all() == before
    with pytest.raises(Rejected):
        merging.plan_merge(survivor.id, loser.id, taken_names=["email"])
    merge(pair, now)
    with pytest.raises(Conflict):
        merging.plan_merge(loser.id, firm.id)


def test_chosen_field_is_taken(pair: Pair, now: datetime) -> None:
    """A person may want the younger record's name; the other stays in the merge."""
    choices = merging.plan_merge(pair[0].id, pair[1].id).choices
    assert [(one.name, one.ours, one.theirs) for one in choices] == [
        ("name", "Anna Kowalska", "Ania Kowalska-Nowak")
    ]
    merge_id = merge(pair, now, taken_names=["name"])
    assert (pair[0].name, pair[0].family_name) == ("Ania Kowalska-Nowak", "Kowalska-Nowak")
    assert [one.id for one in search.find_donors("kowalska-nowak").rows] == [pair[0].id]
    undo(merge_id, now)
    assert pair[0].name == "Anna Kowalska"


def test_two_who_merge_at_once_merge_once(locks: Flask, pair: Pair, now: datetime) -> None:
    """The second of two people waits for the first, and finds it done."""
    ids = pair[0].id, pair[1].id
    digest = merging.plan_merge(*ids).digest
    merging.merge_donors(*ids, now=now, actor=ME, shown_digest=digest)
    second = run_second(
        locks, lambda: merging.merge_donors(*ids, now=now, actor="user:2", shown_digest=digest)[1]
    )
    assert second.waited and second.error is None and second.result is False


# ---------------------------------------------------------------- taking apart


def test_undo_at_once_gives_all_back(pair: Pair, now: datetime) -> None:
    """Merged and taken apart, every table is what it was; only the trace of it and two stamps are more."""
    before, stamps = read_comparable(), [(one.version, one.updated_at) for one in pair]
    merge_id = merge(pair, now)
    assert read_comparable() != before
    undo(merge_id, now)
    assert read_comparable() == before
    assert [one.version for one in pair] == [version + 2 for version, _ in stamps] and STAMPS
    assert_sound(now)
    check_codes(now)


def test_undo_again_changes_nothing(pair: Pair, now: datetime) -> None:
    """Taken apart twice is taken apart once; and the two may be merged anew."""
    merge_id = merge(pair, now)
    undo(merge_id, now)
    before = read_all()
    _log, is_new = unmerging.undo_merge(merge_id, now=now, actor=ME)
    db.session.commit()
    assert not is_new and read_all() == before
    assert merge(pair, now) != merge_id


def test_old_merge_stays(pair: Pair, now: datetime) -> None:
    """After the organisation's days a merge cannot be taken apart, and nothing is changed."""
    merge_id = merge(pair, now)
    organisation.get_organisation().unmerge_days = 3
    db.session.commit()
    before = read_all()
    with pytest.raises(Rejected):
        unmerging.undo_merge(merge_id, now=now + timedelta(days=4), actor=ME)
    assert read_all() == before


def test_what_came_since_goes_where_it_points(pair: Pair, now: datetime) -> None:
    """A gift of the other's recurring gift and account goes with them; what tells of neither stays."""
    survivor, loser = pair
    merge_id = merge(pair, now)
    gift = give(survivor, 1100, now.date(), "since")
    interaction = contacts.list_contacts(survivor.id)[0]
    plan = unmerging.plan_undo(merge_id, now=now)
    assert [(one.table_name, one.row_id, one.side) for one in plan.later_rows] == [
        ("gift", gift.id, "survivor")
    ]
    undo(merge_id, now, given_back=[("gift", gift.id)], shown_digest=plan.digest)
    assert gift.donor_id == loser.id and interaction.donor_id == survivor.id
    assert_sound(now)


def test_later_promise_points_to_its_account(pair: Pair, now: datetime) -> None:
    """A recurring gift that came since from the other's account goes with them by itself."""
    survivor, loser = pair
    merge_id = merge(pair, now)
    promise(survivor, "later", IBANS[1])
    promise(survivor, "later still", IBANS[0])
    db.session.commit()
    sides = {(one.side, one.reason) for one in unmerging.plan_undo(merge_id, now=now).later_rows}
    assert sides == {("loser", "account"), ("survivor", "")}
    undo(merge_id, now)
    rows = db.session.execute(
        select(RecurringGift.donor_id, RecurringGift.source_ref)
        .where(RecurringGift.id > 2)
        .order_by(RecurringGift.id)
    )
    assert [tuple(row) for row in rows] == [(loser.id, "later"), (survivor.id, "later still")]
    assert_sound(now)


def test_no_said_since_holds_for_both(pair: Pair, now: datetime) -> None:
    """Who asked not to be written to while two records were one is not written to under either number."""
    husband = db.session.get_one(Donor, 1)
    other = add_donor("Jan Kowalski")
    merge_id = merge((husband, other), now)
    donors.change_donor(husband, {"do_not_contact": True}, now=now, actor=ME)
    db.session.commit()
    undo(merge_id, now)
    assert (husband.do_not_contact, other.do_not_contact) == (True, True)


def test_what_changed_since_stays_changed(pair: Pair, now: datetime) -> None:
    """A field that a person set after the merge is not set back by the undo."""
    merge_id = merge(pair, now)
    donors.change_donor(pair[0], {"salutation": "Szanowna Pani"}, now=now, actor=ME)
    db.session.commit()
    undo(merge_id, now)
    assert (pair[0].salutation, pair[1].salutation) == ("Szanowna Pani", "Droga Aniu")
    assert_sound(now)


def test_holders_follow_a_merge(pair: Pair, now: datetime) -> None:
    """Who shares a mailbox is counted by donors who are there, before, with and after a merge."""
    query = select(identity_keys.IdentityValue.holders).where(identity_keys.IdentityValue.kind == "email")
    assert db.session.scalars(query).all() == [2]
    merge_id = merge(pair, now)
    assert db.session.scalars(query).all() == []
    undo(merge_id, now)
    assert db.session.scalars(query).all() == [2]


def test_step_of_a_higher_area_is_done(pair: Pair, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another area writes with a merge is undone with it, and it is told of both."""
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(merging, "_after_merge", {})
    monkeypatch.setattr(merging, "_after_undo", {})

    def tag(step: merge_rows.Merging) -> None:
        told.append(("merged", step.survivor_id, step.loser_id))
        first = db.session.scalars(select(Gift.id).where(Gift.donor_id == step.survivor_id)).first()
        row = dict(
            db.session.execute(select(Gift.__table__).where(Gift.__table__.c.id == first)).mappings().one()
        )
        step.change_row("gift", row, {"note": "changed by a step"})
        values = {"donor_id": step.survivor_id, "tag_id": 1, "source": "step", "at": step.now}
        step.drop_row(
            "donor_tag",
            dict(db.session.execute(select(DonorTag.__table__).where(DonorTag.tag_id == 1)).mappings().one()),
        )
        step.add_row("donor_tag", values)

    merging.register_step("test", tag, lambda step: told.append(("parted", step.survivor_id, step.loser_id)))
    before = read_comparable()
    merge_id = merge(pair, now)
    assert db.session.scalars(select(Gift.note).where(Gift.note != "")).all() == ["changed by a step"]
    undo(merge_id, now)
    assert told == [(word, pair[0].id, pair[1].id) for word in ("merged", "parted")]
    assert read_comparable() == before and clock.now() is not None


def test_audit_tells_of_both(pair: Pair, now: datetime) -> None:
    """A merge and its undo have their words in the audit of both numbers, and what changed is told."""
    merge_id = merge(pair, now)
    query = select(AuditRecord.what, AuditRecord.subject_id).order_by(AuditRecord.id.desc())
    joined, merged = db.session.execute(query.limit(2)).all()
    assert tuple(merged) == ("donor.merged", pair[1].id) and tuple(joined) == ("donor.joined", pair[0].id)
    undo(merge_id, now)
    parted = {tuple(row) for row in db.session.execute(query.limit(2))}
    assert parted == {("donor.parted", one.id) for one in pair}
