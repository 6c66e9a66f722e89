"""Bank files as they came and what they brought: accounts, files, statements, entries, details."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, Currency, Minor, make_word_check, write_word_condition
from donorhub.models.states import (
    ENTRIES_TO_DECIDE,
    AliasKind,
    EntryState,
    ImportFileKind,
    ImportFileState,
    ImportRowState,
    MatchingMode,
    QuestionAnswer,
    QuestionKind,
    QuestionState,
    RefHabitKind,
    StatementIntegrity,
    StatementState,
    WeakRefReason,
)


class BankAccount(Base):
    """One of our own accounts."""

    __tablename__ = "bank_account"
    __table_args__ = (UniqueConstraint("number", "currency"), make_word_check("matching", MatchingMode))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    number: Mapped[str]  # IBAN without blanks, or what the bank's files call it
    currency: Mapped[Currency]
    matching: Mapped[MatchingMode] = mapped_column(default="suggest")
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="RESTRICT")
    )  # decides what waits
    closed_on: Mapped[date | None]  # nothing comes to it any more, and nobody waits for its statements
    created_at: Mapped[datetime]


class ColumnMapping(Base):
    """Which column of a bank's table is which, as a person once decided (importers.tabular layout)."""

    __tablename__ = "column_mapping"
    __table_args__ = (UniqueConstraint("signature", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    signature: Mapped[str]  # of the normalised header; recognises the table the next time
    version: Mapped[int] = mapped_column(default=1)
    layout: Mapped[dict[str, Any]]
    bank_account_id: Mapped[int | None] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class ImportFile(Base):
    """A file of a bank, or of donors and past gifts, kept as it was; its bytes tell whether it came."""

    __tablename__ = "import_file"
    __table_args__ = (
        make_word_check("state", ImportFileState),
        make_word_check("kind", ImportFileKind),
        Index("ix_import_file_uploaded_at_id", "uploaded_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    filename: Mapped[str] = mapped_column(info=PERSONAL)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, info=PERSONAL
    )  # compressed and encrypted
    kind: Mapped[ImportFileKind] = mapped_column(default="statement", server_default="statement")
    format: Mapped[str] = mapped_column(default="")
    profile: Mapped[str] = mapped_column(default="")
    bank_account_id: Mapped[int | None] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    currency: Mapped[str] = mapped_column(default="")  # a person's answer, for files that do not name theirs
    # the answers of the mapping wizard, when it was needed, and rows that a person wrote anew
    layout: Mapped[dict[str, object] | None] = mapped_column(info=PERSONAL)
    generation: Mapped[int] = mapped_column(default=1)  # how often it was sent to be read
    state: Mapped[ImportFileState] = mapped_column(default="received")
    problems: Mapped[list[dict[str, Any]]] = mapped_column(
        default=list, info=PERSONAL
    )  # {level, code, message, where}
    statements_count: Mapped[int] = mapped_column(default=0)
    entries_count: Mapped[int] = mapped_column(default=0)
    new_count: Mapped[int] = mapped_column(default=0)
    known_count: Mapped[int] = mapped_column(default=0)
    doubtful_count: Mapped[int] = mapped_column(default=0)  # of the new ones: may be known, a person decides
    summaries: Mapped[list[dict[str, Any]]] = mapped_column(
        default=list, info=PERSONAL
    )  # statement by statement, as the file says
    progress: Mapped[int] = mapped_column(default=0)  # entries done, while it runs
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportPlan(Base):
    """What importing a file was shown to do, by its digest: what is confirmed, and checked then."""

    __tablename__ = "import_plan"
    __table_args__ = (UniqueConstraint("import_file_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"))
    digest: Mapped[str]
    # the answers, and what comes of them: services.bank.files.import_plans
    plan: Mapped[dict[str, Any]] = mapped_column(info=PERSONAL)
    made_at: Mapped[datetime]


class ImportRow(Base):
    """What a person said of a row of a table that cannot be read; the file's own text stays beside it."""

    __tablename__ = "import_row"
    __table_args__ = (
        UniqueConstraint("import_file_id", "line"),
        make_word_check("state", ImportRowState),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"))
    line: Mapped[int]
    state: Mapped[ImportRowState]
    # as the person wrote them; none of a row that stays out
    cells: Mapped[list[str]] = mapped_column(info=PERSONAL)
    raw: Mapped[str] = mapped_column(info=PERSONAL)  # as the file has it
    actor: Mapped[str]
    made_at: Mapped[datetime]


class Statement(Base):
    """One account's report for one period, as one file has it."""

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("import_file_id", "number"),
        make_word_check("integrity", StatementIntegrity),
        make_word_check("state", StatementState),
        Index("ix_statement_chain", "bank_account_id", "period_from", "period_to", "id"),
        Index("ix_statement_bank_account_id_period_to_id", "bank_account_id", "period_to", "id"),
        Index("ix_statement_bank_account_id_id", "bank_account_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"))
    number: Mapped[int]  # its place in the file, 0 for the first
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    format: Mapped[str]
    is_advice: Mapped[bool] = mapped_column(default=False)  # tells more about entries, never adds money
    ref: Mapped[str | None]
    sequence_no: Mapped[str | None]
    written_at: Mapped[datetime | None]  # by the bank, as the file says; None where nothing does
    page: Mapped[str | None]
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    currency: Mapped[Currency]
    opening_minor: Mapped[Minor | None]
    opening_on: Mapped[date | None]
    closing_minor: Mapped[Minor | None]
    closing_on: Mapped[date | None]
    sum_minor: Mapped[Minor]  # of all booked entries in the file, new or known
    # of those on its first day, and on its last: whether a day is twice in the ledger, or in two parts
    first_day_minor: Mapped[Minor] = mapped_column(default=0)
    last_day_minor: Mapped[Minor] = mapped_column(default=0)
    # Of those on each day, by ISO date; None in a statement that came before they were kept.
    day_sums: Mapped[dict[str, int] | None]
    entries_count: Mapped[int]
    new_count: Mapped[int]  # rows it brought, doubtful ones too
    doubtful_count: Mapped[int] = mapped_column(default=0)
    integrity: Mapped[StatementIntegrity]
    state: Mapped[StatementState] = mapped_column(default="posted")
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]  # None: its entries are not in the ledger
    matching_done_at: Mapped[datetime | None]


class Entry(Base):
    """One line of a bank statement: it changed the balance.

    What a single payment says stands in the entry itself; ``detail`` rows exist only
    for an entry that holds several payments, and then add up to it.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("bank_account_id", "fingerprint", "occurrence"),
        make_word_check("state", EntryState),
        Index("ix_entry_bank_account_id_booked_on", "bank_account_id", "booked_on"),
        Index("ix_entry_statement_id", "statement_id"),
        Index("ix_entry_bank_account_id_id", "bank_account_id", "id"),
        Index("ix_entry_booked_on_id", "booked_on", "id"),
        Index("ix_entry_state_booked_on_id", "state", "booked_on", "id"),
        Index("ix_entry_state_id", "state", "id"),
        Index(
            "ix_entry_waiting",
            "bank_account_id",
            "state",
            "booked_on",
            "id",
            sqlite_where=text(write_word_condition("state", ENTRIES_TO_DECIDE)),
            postgresql_where=text(write_word_condition("state", ENTRIES_TO_DECIDE)),
        ),
        Index(
            "ix_entry_decide_by",
            "decide_by",
            sqlite_where=text("decide_by IS NOT NULL"),
            postgresql_where=text("decide_by IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    statement_id: Mapped[int] = mapped_column(
        ForeignKey("statement.id", ondelete="RESTRICT")
    )  # that brought it
    position: Mapped[int]
    fingerprint: Mapped[str]  # donorhub.domain.bank.files.entry_keys
    occurrence: Mapped[int]  # minus the id where the row counts no more, so that its key is free
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    amount_minor: Mapped[Minor]  # signed: money in is positive
    currency: Mapped[Currency]
    counterparty_name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    counterparty_account: Mapped[str] = mapped_column(default="", info=PERSONAL)
    remittance: Mapped[str] = mapped_column(default="", info=PERSONAL)
    bank_ref: Mapped[str | None]
    end_to_end_id: Mapped[str | None] = mapped_column(info=PERSONAL)
    mandate_id: Mapped[str | None] = mapped_column(info=PERSONAL)
    return_code: Mapped[str | None]
    virtual_account: Mapped[str | None] = mapped_column(info=PERSONAL)
    # further fields of the file, by their names in importers.statement
    more: Mapped[dict[str, Any] | None] = mapped_column(info=PERSONAL)
    is_reversal: Mapped[bool] = mapped_column(default=False)
    has_details: Mapped[bool] = mapped_column(default=False)
    state: Mapped[EntryState] = mapped_column(default="new")
    decide_by: Mapped[date | None]


class EntryQuestion(Base):
    """What only a person can say of an entry: whether the ledger has it, or whether the bank took it back.

    ``entry_id`` is the new row, which counts nothing until the answer, and ``twin_id`` the one that it may
    be; of one that the bank no longer tells there is only the row of the ledger.
    """

    __tablename__ = "entry_question"
    __table_args__ = (
        make_word_check("kind", QuestionKind),
        make_word_check("state", QuestionState),
        make_word_check("answer", QuestionAnswer),
        Index("ix_entry_question_state_id", "state", "id"),
        Index("ix_entry_question_import_file_id_kind", "import_file_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"), index=True)
    twin_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"), index=True)
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"))
    kind: Mapped[QuestionKind]
    differs: Mapped[list[str]] = mapped_column(default=list)  # columns of the entry that are others
    state: Mapped[QuestionState] = mapped_column(default="open")
    answer: Mapped[QuestionAnswer | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class WeakRef(Base):
    """An id of the bank that stands on different money: it alone ceases to tell entries apart."""

    __tablename__ = "weak_ref"
    __table_args__ = (
        UniqueConstraint("bank_account_id", "source", "ref"),
        make_word_check("why", WeakRefReason),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    source: Mapped[str]  # the format, of a table with its layout
    ref: Mapped[str]
    why: Mapped[WeakRefReason]
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"), index=True)


class RefHabit(Base):
    """Whether the bank keeps the ids of entries from file to file, or numbers each file anew."""

    __tablename__ = "ref_habit"
    __table_args__ = (UniqueConstraint("bank_account_id", "source"), make_word_check("habit", RefHabitKind))

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id", ondelete="RESTRICT"))
    source: Mapped[str]
    habit: Mapped[RefHabitKind]
    agreeing_files: Mapped[int] = mapped_column(default=0)  # in a row, since ids were numbered anew
    since_on: Mapped[date]
    import_file_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="RESTRICT"), index=True)


class Detail(Base):
    """One payment of an entry that holds several."""

    __tablename__ = "detail"
    __table_args__ = (UniqueConstraint("entry_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"))
    position: Mapped[int]
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    counterparty_name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    counterparty_account: Mapped[str] = mapped_column(default="", info=PERSONAL)
    remittance: Mapped[str] = mapped_column(default="", info=PERSONAL)
    end_to_end_id: Mapped[str | None] = mapped_column(info=PERSONAL)
    mandate_id: Mapped[str | None] = mapped_column(info=PERSONAL)
    return_code: Mapped[str | None]
    virtual_account: Mapped[str | None] = mapped_column(info=PERSONAL)
    more: Mapped[dict[str, Any] | None] = mapped_column(info=PERSONAL)


class EntryAlias(Base):
    """Another statement's name for an entry of the ledger: the same money in another format."""

    __tablename__ = "entry_alias"
    __table_args__ = (
        UniqueConstraint("entry_id", "statement_id", "kind", "ref"),
        make_word_check("kind", AliasKind),
        Index("ix_entry_alias_ref", "ref"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"))
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[AliasKind]
    ref: Mapped[str]
