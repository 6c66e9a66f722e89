"""Writing a file of donors and gifts as it was shown: one transaction, in bulk, and nothing of it is news.

Nobody is thanked, written to or told; a no that the file brings counts at once and is never lifted by a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import insert

from donorhub.db import Base, cut_chunks, db, insert_or_ignore
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.plan_rows import RowPlan, list_values
from donorhub.domain.moving.records import GiftDraft
from donorhub.domain.payer_text import fold_letters
from donorhub.models import Campaign, Designation, ExternalId, Fund, ImportFile, RecordRow
from donorhub.models.states import GIFT_METHODS, find_word
from donorhub.services.access import audit
from donorhub.services.bank.files import imports
from donorhub.services.donors import accounts, contact_rows, custom_fields, custom_values, donors, new_donors
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.giving import funds, new_gifts, soft_credits
from donorhub.services.giving.funds import Purpose
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.giving.soft_credits import NewCredit
from donorhub.services.moving import (
    gift_values,
    record_consents,
    record_files,
    record_plans,
    record_presets,
)
from donorhub.services.moving.gift_values import FilledValues
from donorhub.services.moving.record_fields import list_more_values, make_changes, make_fields
from donorhub.services.moving.record_ledger import ROW_SOURCE
from donorhub.services.moving.record_plans import RecordPlan
from donorhub.services.moving.record_ties import DonorTie, MadeTies, write_ties

Progress = Callable[[str, int], None]
_CHUNK: Final = 1000
_ROWS: Final = Base.metadata.tables[RecordRow.__tablename__]
_LONGEST_CODE: Final = 24


def write_file(
    import_file_id: int, digest: str, *, now: datetime, actor: str, report: Progress = lambda _what, _n: None
) -> ImportFile:
    """Write a file as it was shown under this digest and return it; a file that was written is left as it is.

    Where the base or the answers changed since, nothing is written and the file asks again.
    """
    file = record_files.lock_file(import_file_id)
    if file.state != "received":
        return file
    report("reading", 0)
    plan = _read_plan(file, now)
    if plan.digest != digest or not plan.can_be_written:
        imports.ask_again(file.id, now=now)
        return file
    report("writing", len(plan.plan.rows))
    writer = _Writer(file, plan, now, actor)
    writer.write_all()
    file.layout = _remember_columns(plan).to_dict()
    made_ids = {
        "made_companions": writer.list_made_companions(),
        "made_consents": writer.consent_ids,
        "made_credits": writer.credit_ids,
        "made_ties": writer.made_ties,
        "filled_values": writer.filled_values,
    }
    file.summaries = [{**file.summaries[0], **made_ids}]
    counts = plan.figures["counts"]
    file.state, file.finished_at = "done", now
    file.entries_count, file.new_count = plan.figures["rows"], counts["made"] + counts["joined"]
    file.known_count, file.progress = counts["known"], plan.figures["rows"]
    audit.record_action(
        actor,
        "import_file.records_written",
        ("import_file", file.id),
        now=now,
        data={"counts": counts, "gifts": plan.figures["gifts"], "donors": plan.figures["new_donors"]},
    )
    _look_again_after(file, plan.answers.preset, now)
    return file


def _read_plan(file: ImportFile, now: datetime) -> RecordPlan:
    """Return the plan of a file, whose cells are let go of with this call."""
    table = record_plans.read_bytes(imports.read_content(file), file.filename)
    return record_plans.make_plan(table, record_files.read_answers(file), now=now)


def _look_again_after(file: ImportFile, preset: str, now: datetime) -> None:
    """Plan files anew that waited for one of this preset, so that their pages ask no more than they must."""
    db.session.flush()  # they look for the state of this file
    for waiting_file in record_files.list_waiting_files(record_presets.list_names_after(preset)):
        if waiting_file.id != file.id:
            record_plans.plan_file(record_files.lock_file(waiting_file.id), now=now)


def _remember_columns(plan: RecordPlan) -> Answers:
    """Return the answers with every column as it was read: what is left out stays left out the next time."""
    columns = {
        str(guess.position): guess.field
        for guess in plan.writing.guesses
        if guess.ground not in ("periods", "of_month")
    }
    custom = {str(guess.position): guess.custom_key for guess in plan.writing.guesses if guess.custom_key}
    return replace(plan.answers, columns=columns, custom=custom)


class _Writer:
    """Writes one plan; the rows of the plan and the ids that they gave go on together."""

    def __init__(self, file: ImportFile, plan: RecordPlan, now: datetime, actor: str) -> None:
        self._file, self._now, self._actor = file, now, actor
        self._plan, self._answers = plan.plan, plan.answers
        self._source = f"import:{plan.answers.system}"
        self._new_ids: dict[int, int] = {}  # of the donors that were made, by their group
        self.consent_ids: list[int] = []  # of the consents that the file gave
        self.credit_ids: list[int] = []  # of those who are recognised for gifts of others
        self.made_ties: MadeTies = {}
        self.filled_values: FilledValues = []

    def write_all(self) -> None:
        """Write donors, what is filled in, noes, gifts, and what came of each row."""
        self._make_donors()
        self._write_names()
        self._write_contacts()
        self._change_donors()
        self.made_ties = write_ties(self._list_ties(), now=self._now)
        self._write_opt_outs()
        gift_ids = self._make_gifts()
        self.filled_values = gift_values.fill_values(
            {row.gift_id: row.gift_custom for row in self._plan.rows if row.gift_id and row.gift_custom}
        )
        gift_values.change_values(
            {row.gift_id: row.gift_changes for row in self._plan.rows if row.gift_id and row.gift_changes},
            now=self._now,
            actor=self._actor,
        )
        self._write_credits(gift_ids)
        self._note_rows(gift_ids)

    def list_made_companions(self) -> list[int]:
        """Return the donors made whom no row has for its giver; taking the file back must know them."""
        givers = {row.group for row in self._plan.rows if row.state not in ("held", "left_out")}
        return [id_ for at, id_ in self._new_ids.items() if at not in givers]

    # ------------------------------------------------------------ donors

    def _make_donors(self) -> None:
        groups = [at for at, one in enumerate(self._plan.donors) if one.is_used and one.donor_id is None]
        ids = self._create_donors(make_fields(self._plan.donors[at].group.person) for at in groups)
        self._new_ids = dict(zip(groups, ids, strict=True))

    def _create_donors(self, new: Iterable[DonorFields]) -> list[int]:
        ids: list[int] = []
        for chunk in cut_chunks(new, _CHUNK):
            ids += new_donors.create_donors(chunk, source=self._source, now=self._now, actor=self._actor)
        return ids

    def _find_donor_id(self, at: int) -> int | None:
        return self._plan.donors[at].donor_id or self._new_ids.get(at)

    def _write_names(self) -> None:
        """Keep what a later file finds these people by: their ids, and ours."""
        refs: list[dict[str, object]] = []
        for at, one in enumerate(self._plan.donors):
            donor_id = self._find_donor_id(at)
            if donor_id is None or not one.is_used:
                continue
            person = one.group.person
            if person.ref:
                refs.append({"donor_id": donor_id, "source": self._answers.system, "ref": person.ref})
            if one.group.row_key:
                source = self._answers.system + ROW_SOURCE
                refs.append({"donor_id": donor_id, "source": source, "ref": one.group.row_key})
        if refs:
            statement = insert_or_ignore(ExternalId, on=(ExternalId.source, ExternalId.ref))
            db.session.execute(statement, refs)

    def _write_contacts(self) -> None:
        """Write accounts, and second e-mails and phones beside the preferred ones; what is there stays."""
        people = [
            (donor_id, one)
            for at, one in enumerate(self._plan.donors)
            if one.is_used and (donor_id := self._find_donor_id(at)) is not None
        ]
        pairs = [
            (donor_id, one.group.person.account)
            for donor_id, one in people
            if one.group.person.account and one.brings_account
        ]
        for some in cut_chunks(pairs, _CHUNK):
            accounts.record_accounts(some, source=self._source, now=self._now)
        values = [(donor_id, value) for donor_id, one in people for value in list_more_values(one)]
        for chunk in cut_chunks(values, _CHUNK):
            contact_rows.add_more(chunk, source=self._source, now=self._now)

    def _change_donors(self) -> None:
        for one in self._plan.donors:
            if one.donor_id is None or not one.has_more:
                continue
            donor = donors.get_donor(one.donor_id)
            fields = make_changes(one)
            donors.change_donor(donor, fields, now=self._now, actor=self._actor, source=self._source)

    def _list_ties(self) -> Iterator[DonorTie]:
        for row in self._plan.rows:
            for tie, who, of in row.ties:
                who_id, of_id = self._find_donor_id(who), self._find_donor_id(of)
                if who_id is not None and of_id is not None:
                    yield tie, who_id, of_id

    def _write_opt_outs(self) -> None:
        """Record each no, and each yes as far as it is proved; of who is no donor the addresses are kept."""
        place = {"source": self._source, "filename": self._file.filename}
        people = [
            (donor_id, one)
            for at, one in enumerate(self._plan.donors)
            if (one.group.person.has_no or one.answer)
            and (one.donor_id is not None or one.is_used)
            and (donor_id := self._find_donor_id(at)) is not None
        ]
        known_ids = [donor_id for donor_id, one in people if one.donor_id is not None]
        noes = record_consents.read_noes(known_ids, now=self._now)
        self.consent_ids = record_consents.write_sayings(
            people, noes, **place, now=self._now, actor=self._actor
        )
        people_of_file = [
            (one.group.person, one.donor_id is not None or one.is_used) for one in self._plan.donors
        ]
        record_consents.suppress_people(people_of_file, **place, now=self._now, actor=self._actor)

    # ------------------------------------------------------------ gifts

    def _make_gifts(self) -> dict[int, int]:
        """Record the gifts; return their ids by the place of their row."""
        places = [at for at, row in enumerate(self._plan.rows) if row.gift is not None]
        fund_ids = self._place_values("fund", Fund, self._answers.funds)
        campaign_ids = self._place_values("campaign", Campaign, self._answers.campaigns)
        new = (self._make_gift(self._plan.rows[at], campaign_ids) for at in places)
        ids: list[int] = []
        for chunk in cut_chunks(new, _CHUNK):
            ids += new_gifts.record_gifts(chunk, now=self._now, actor=self._actor)
        designations = [
            designation
            for id_, at in zip(ids, places, strict=True)
            for designation in self._designate_gift(id_, self._plan.rows[at].gift, fund_ids)
        ]
        if designations:
            db.session.execute(insert(Designation), designations)
        values = {
            id_: dict(gift.custom)
            for id_, at in zip(ids, places, strict=True)
            if (gift := self._plan.rows[at].gift) is not None and gift.custom
        }
        custom_values.write_first_values(values, custom_fields.list_shapes(entity="gift"))
        return dict(zip(places, ids, strict=True))

    def _designate_gift(
        self, gift_id: int, gift: GiftDraft | None, fund_ids: Mapping[str, int | None]
    ) -> list[dict[str, object]]:
        """Return the designations of a gift; none where a fund of it is left out, as they add up to it."""
        shares = {} if gift is None else _sum_shares(gift, fund_ids)
        if None in shares:
            return []
        return [
            {"gift_id": gift_id, "fund_id": fund_id, "amount_minor": minor}
            for fund_id, minor in shares.items()
        ]

    def _make_gift(self, row: RowPlan, campaign_ids: Mapping[str, int | None]) -> NewGift:
        gift = row.record.gift
        assert gift is not None and row.group is not None  # noqa: S101, PT018  only rows with a gift come here
        donor_id = self._find_donor_id(row.group)
        assert donor_id is not None  # noqa: S101  the group of a gift is used
        return NewGift(
            donor_id=donor_id,
            minor=gift.amount.minor,
            currency=gift.amount.currency,
            received_on=gift.received_on,
            source=self._source,
            source_ref=row.source_ref,
            method=find_word(gift.method, GIFT_METHODS) or "other",
            campaign_id=campaign_ids.get(gift.campaign),
            note=gift.title,
            thank=False,  # history: nobody is thanked by itself, and no task waits for it
            receipted_elsewhere=gift.receipt_no,
        )

    def _place_values(
        self, name: Literal["fund", "campaign"], kind: type[Purpose], answers: Mapping[str, str]
    ) -> dict[str, int | None]:
        """Return the fund or campaign of each value of the file; new ones are made where a person said so."""
        gifts = [row.gift for row in self._plan.rows if row.gift is not None]
        values = {value for gift in gifts for value in list_values(gift, name)}
        ids_by_name: dict[str, int] = {}
        for purpose in funds.list_purposes(kind):
            ids_by_name |= {fold_letters(purpose.code): purpose.id, fold_letters(purpose.name): purpose.id}
        places: dict[str, int | None] = {}
        for value in sorted(values - {""}):
            answer = answers.get(value, "")
            if answer == "none":
                places[value] = None
            elif answer.isdigit():
                places[value] = funds.get_purpose(kind, int(answer)).id
            elif fold_letters(value) in ids_by_name:
                places[value] = ids_by_name[fold_letters(value)]
            else:
                places[value] = self._create_purpose(kind, value, ids_by_name)
        return places

    def _create_purpose(self, kind: type[Purpose], value: str, ids_by_name: Mapping[str, int]) -> int:
        base = "-".join(fold_letters(value).split())[:_LONGEST_CODE] or "x"
        numbers = ("", *(f"-{number}" for number in range(2, 1000)))
        code = next(base + number for number in numbers if base + number not in ids_by_name)
        row = funds.create_purpose(kind, {"code": code, "name": value}, now=self._now, actor=self._actor)
        return row.id

    def _write_credits(self, gift_ids: Mapping[int, int]) -> None:
        """Record who is recognised for gifts of others; for no more than the gift."""
        ids_by_row = {id(self._plan.rows[at]): gift_id for at, gift_id in gift_ids.items()}
        new: list[NewCredit] = []
        for row in self._plan.rows:
            gift, credit = row.credited_gift, row.record.credit
            if gift is None or credit is None or row.credited_group is None:
                continue
            gift_id = ids_by_row.get(id(gift)) if isinstance(gift, RowPlan) else gift
            donor_id = self._find_donor_id(row.credited_group)
            if gift_id is not None and donor_id is not None:
                new.append(NewCredit(gift_id, donor_id, credit.amount.minor))
        self.credit_ids = soft_credits.add_credits(new)

    # ------------------------------------------------------------ rows

    def _note_rows(self, gift_ids: Mapping[int, int]) -> None:
        """Keep beside each row what came of it, in place of what was shown."""
        db.session.execute(_ROWS.delete().where(_ROWS.c.import_file_id == self._file.id))
        for chunk in cut_chunks(self._list_row_columns(gift_ids), _CHUNK):
            db.session.execute(insert(RecordRow), chunk)

    def _list_row_columns(self, gift_ids: Mapping[int, int]) -> Iterator[dict[str, Any]]:
        noted_groups: set[int] = set()
        for at, row in enumerate(self._plan.rows):
            if row.is_total:
                continue
            columns = record_plans.make_row(self._file.id, row)
            if row.group is not None and row.state not in ("held", "left_out"):
                columns |= self._describe_donor(row.group, is_first=row.group not in noted_groups)
                noted_groups.add(row.group)
            if at in gift_ids:
                columns |= {"gift_id": gift_ids[at], "made_gift": True}
            yield columns

    def _describe_donor(self, at: int, *, is_first: bool) -> dict[str, Any]:
        return {"donor_id": self._find_donor_id(at), "made_donor": is_first and at in self._new_ids}


def _sum_shares(gift: GiftDraft, fund_ids: Mapping[str, int | None]) -> dict[int | None, int]:
    shares: dict[int | None, int] = {}
    for name, minor in gift.funds:
        fund_id = fund_ids.get(name)
        shares[fund_id] = shares.get(fund_id, 0) + minor
    return shares
