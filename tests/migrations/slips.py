"""Ways in which a migrated database may differ from what the models say, one of each kind.

They are planted into a migrated database, and the comparison of test_shape.py must see each.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Slip:
    """A way in which a migration may miss what the models say: what it does, and the thing it is about.

    ``was`` and ``is_now`` stand in SQLite's own text of a table, which knows no ALTER for them.
    """

    about: str
    postgres: str
    sqlite: str = ""
    was: str = ""
    is_now: str = ""

    def plant(self, connection: Connection) -> None:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(self.postgres)
            return
        if not self.was:
            for statement in (self.sqlite or self.postgres).split("; "):
                connection.exec_driver_sql(statement)
            return
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        edit = (
            "UPDATE sqlite_master SET sql = replace(sql, :was, :is_now)"
            " WHERE name = :about AND instr(sql, :was) > 0"
        )
        values = {"was": self.was, "is_now": self.is_now, "about": self.about}
        assert connection.execute(text(edit), values).rowcount == 1
        connection.exec_driver_sql("PRAGMA writable_schema = OFF")


LIVE = (
    "CREATE UNIQUE INDEX uq_match_live ON match (entry_id, coalesce(detail_id, 0), part)"
    " WHERE undone_at IS NULL"
)
STATE = "ALTER TABLE payout DROP CONSTRAINT ck_payout_state_is_known"
GIFT = "ALTER TABLE refund DROP CONSTRAINT fk_refund_gift_id"
LINKS = "FOREIGN KEY(gift_id) REFERENCES gift (id) ON DELETE RESTRICT"
SLIPS = {
    "an index is missing": Slip("uq_match_live", "DROP INDEX uq_match_live"),
    "an index is too many": Slip("ix_more", "CREATE INDEX ix_more ON gift (note)"),
    "an index is not unique": Slip(
        "uq_match_live", "DROP INDEX uq_match_live; " + LIVE.replace("UNIQUE ", "")
    ),
    "an index has another condition": Slip(
        "uq_match_live", "DROP INDEX uq_match_live; " + LIVE.replace("undone_at IS NULL", "undone_by IS NULL")
    ),
    "an index has no condition": Slip(
        "uq_match_live", "DROP INDEX uq_match_live; " + LIVE.partition(" WHERE")[0]
    ),
    "an index has another expression": Slip(
        "uq_match_live", "DROP INDEX uq_match_live; " + LIVE.replace("detail_id, 0", "detail_id, 1")
    ),
    "an index has its columns in another order": Slip(
        "ix_gift_received_on_id",
        "DROP INDEX ix_gift_received_on_id; CREATE INDEX ix_gift_received_on_id ON gift (id, received_on)",
    ),
    "an index runs the other way": Slip(
        "ix_gift_received_on_id",
        "DROP INDEX ix_gift_received_on_id;"
        " CREATE INDEX ix_gift_received_on_id ON gift (received_on DESC, id)",
    ),
    "a check has other words": Slip(
        "payout",
        f"{STATE}, ADD CONSTRAINT ck_payout_state_is_known CHECK (state IN ('pending', 'unknown'))",
        was="'in_transit', ",
        is_now="",
    ),
    "a check is missing": Slip(
        "payout",
        STATE,
        was="CONSTRAINT ck_payout_state_is_known CHECK (state IN"
        " ('pending', 'in_transit', 'paid', 'failed', 'cancelled', 'unknown')), ",
        is_now="",
    ),
    "a check has another name": Slip(
        "payout",
        "ALTER TABLE payout RENAME CONSTRAINT ck_payout_state_is_known TO ck_payout_state",
        was="ck_payout_state_is_known",
        is_now="ck_payout_state",
    ),
    "a unique constraint is missing": Slip(
        "refund",
        "ALTER TABLE refund DROP CONSTRAINT uq_refund_source_source_ref",
        was="UNIQUE (source, source_ref)",
        is_now="CHECK (1)",
    ),
    "a unique constraint has other columns": Slip(
        "refund",
        "ALTER TABLE refund DROP CONSTRAINT uq_refund_source_source_ref,"
        " ADD CONSTRAINT uq_refund_source_source_ref UNIQUE (source_ref)",
        was="UNIQUE (source, source_ref)",
        is_now="UNIQUE (source_ref)",
    ),
    "a foreign key is missing": Slip("refund", GIFT, was=LINKS, is_now="CHECK (1)"),
    "a foreign key deletes along": Slip(
        "refund",
        f"{GIFT}, ADD CONSTRAINT fk_refund_gift_id {LINKS.replace('RESTRICT', 'CASCADE')}",
        was=LINKS,
        is_now=LINKS.replace("RESTRICT", "CASCADE"),
    ),
    "a foreign key has no rule for deleting": Slip(
        "refund",
        f"{GIFT}, ADD CONSTRAINT fk_refund_gift_id {LINKS.replace(' ON DELETE RESTRICT', '')}",
        was=LINKS,
        is_now=LINKS.replace(" ON DELETE RESTRICT", ""),
    ),
    "a foreign key leads elsewhere": Slip(
        "refund",
        f"{GIFT}, ADD CONSTRAINT fk_refund_gift_id {LINKS.replace('gift (id)', 'fund (id)')}",
        was=LINKS,
        is_now=LINKS.replace("gift (id)", "fund (id)"),
    ),
    "a primary key has other columns": Slip(
        "user_role",
        "ALTER TABLE user_role DROP CONSTRAINT pk_user_role,"
        " ADD CONSTRAINT pk_user_role PRIMARY KEY (role_id, user_id)",
        was="PRIMARY KEY (user_id, role_id)",
        is_now="PRIMARY KEY (role_id, user_id)",
    ),
    "a column is missing": Slip("donor", "ALTER TABLE donor DROP COLUMN tax_number"),
    "a column is too many": Slip("donor", "ALTER TABLE donor ADD COLUMN more VARCHAR"),
    "a column may be empty": Slip(
        "refund",
        "ALTER TABLE refund ALTER currency DROP NOT NULL",
        was="currency VARCHAR(3) NOT NULL",
        is_now="currency VARCHAR(3)",
    ),
    "a column is narrower": Slip(
        "refund",
        "ALTER TABLE refund ALTER amount_minor TYPE INTEGER",
        was="amount_minor BIGINT",
        is_now="amount_minor INTEGER",
    ),
    "a column has no default": Slip(
        "donor", "ALTER TABLE donor ALTER tax_number DROP DEFAULT", was=" DEFAULT ''", is_now=""
    ),
    "a table is missing": Slip("receipt_pdf", "DROP TABLE receipt_pdf"),
    "a table is too many": Slip("more", "CREATE TABLE more (id INTEGER)"),
    "a trigger is missing": Slip(
        "donor_search", "DROP INDEX ix_donor_search_trigrams", sqlite="DROP TRIGGER donor_search_update"
    ),
    "a trigger is too many": Slip(
        "changed",
        "CREATE TRIGGER changed BEFORE UPDATE ON donor EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        sqlite="CREATE TRIGGER changed BEFORE UPDATE ON donor BEGIN SELECT 1;END",
    ),
    "the search reads other words": Slip(
        "donor_search",
        "DROP INDEX ix_donor_search; CREATE INDEX ix_donor_search ON donor (search)",
        was="trigram",
        is_now="unicode61",
    ),
}
