"""The donors of the large base, and by what they are found."""

from __future__ import annotations

from donorhub.models.states import CUSTOM_KINDS, INTERACTION_KINDS, STAGES
from tests.queries.large_base import FIRST, Rows, Sql
from tests.queries.rows.numbers import AGO, FAMILY_NAMES, GIVEN_NAMES, ID, pick_name


def list_donor_rows(sql: Sql, count: int, content: bytes) -> tuple[Rows, ...]:
    """Return the rows of donors; ``content`` is the sealed content of each file."""
    return (
        *_list_own_rows(sql, count),
        *_list_search_rows(count),
        *_list_rows_beside(sql, count),
        *_list_relation_rows(sql, count),
        *_list_custom_rows(sql, count),
        Rows(
            "donor_file",
            count // 20,
            {
                "donor_id": ID,
                "kind": "'text'",
                "name": "'declaration ' || i || '.txt'",
                "size": "1",
                "sha256": "'s' || i",
                "content": sql.data(content),
                "added_by": "'user:1'",
                "added_at": sql.moment("1"),
            },
        ),
    )


def _list_own_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    given, family = f"({pick_name(GIVEN_NAMES, 'i')})", f"({pick_name(FAMILY_NAMES, '(i / 11)')}) || ' ' || i"
    return (
        Rows(
            "donor",
            count,
            {
                "code": "'DH-' || (2001 + i) || '-0'",
                "name": f"{given} || ' ' || {family}",
                "given_name": given,
                "family_name": family,
                "email": "'d' || i || '@example.org'",
                "lang": pick_name(("pl", "sq", "en"), "i"),
                "city": "'Łódź'",
                "search": f"lower({given} || ' ' || {family} || ' d' || i || '@example.org lodz')",
                "owner_id": "CASE WHEN i % 500 = 0 THEN 1 END",
                "source": "'form'",
                "merged_into_id": f"CASE WHEN i % 1000 = 999 THEN {FIRST} END",
                "created_at": sql.moment(AGO),
                "updated_at": sql.moment("(i * 31) % 3650"),
            },
        ),
        Rows(
            "identity_key",
            count,
            {
                "kind": "'email'",
                "value_hash": "'h' || i",
                "donor_id": ID,
            },
        ),
        Rows(
            "contact_point",
            count,
            {
                "donor_id": ID,
                "kind": pick_name(("email", "post", "phone", "post"), "i"),
                "value": "CASE WHEN i % 2 = 0 THEN 'd' || i || '@example.org' ELSE 'Łódź' END",
                "town": "CASE WHEN i % 2 = 0 THEN '' ELSE 'Łódź' END",
                "value_hash": "'h' || i",
                "is_preferred": sql.boolean(True),
                "source": "'form'",
                "collected_at": sql.moment(AGO),
            },
        ),
        Rows(
            "donor_stage",
            count,
            {
                "donor_id": ID,
                "stage": pick_name(STAGES, "i"),
                "overlays": sql.json([]),
                "as_of": sql.day("400"),
                "rule_version": "1",
            },
        ),
        Rows("external_id", count // 2, {"donor_id": ID, "source": "'crm'", "ref": "'r' || i"}),
        *_list_payer_rows(sql, count // 2),
    )


def _list_payer_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    return (
        Rows(
            "payer",
            count,
            {"name_read": "'P ' || i", "first_on": sql.day("400"), "last_on": sql.day("4"), "version": "1"},
        ),
        Rows("payer_key", count, {"payer_id": ID, "kind": "'account'", "value": "'PL' || i"}),
        Rows(
            "payer_use",
            count,
            {"payer_id": ID, "donor_id": ID, "name_key": "''", "words": "'dar'", "hits": "3"},
        ),
    )


def _list_search_rows(count: int) -> tuple[Rows, ...]:
    """Return what donors are searched by."""
    given, family = pick_name(GIVEN_NAMES, "i"), f"{pick_name(FAMILY_NAMES, '(i / 11)')} || ' ' || i"
    return (
        Rows(
            "donor_document",
            count,
            {
                "donor_id": ID,
                "words": f"lower('n' || {given} || ' n' || {family}) || ' tlodz ed' || i"
                " || ' c' || (2001 + i)"
                " || ' p48600' || (100000 + i) || ' q' || (100000 + i) || '006'",
            },
        ),
    )


def _list_rows_beside(sql: Sql, count: int) -> tuple[Rows, ...]:
    """What people did with donors, and what joins them to words and to each other."""
    return (
        Rows(
            "interaction",
            count,
            {
                "donor_id": ID,
                "kind": pick_name(INTERACTION_KINDS, "i"),
                "at": sql.moment("(i * 17) % 3650"),
                "recorded_at": sql.moment("(i * 17) % 3650"),
                "actor": "'user:1'",
                "text": "'spoke about the dogs'",
                "source": "'form'",
            },
        ),
        Rows("tag", 20, {"name": "'tag ' || i", "folded": "'tag ' || i", "created_at": sql.moment("1")}),
        Rows(
            "donor_tag",
            count,
            {
                "donor_id": ID,
                "tag_id": f"{FIRST} + CASE WHEN i % 3 = 0 THEN 0 ELSE i % 20 END",  # one that many have
                "source": "'form'",
                "at": sql.moment("1"),
            },
        ),
    )


def _list_custom_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    """One field of each kind that was added to donors and one to gifts, and what stands in three of each."""
    return (
        Rows(
            "custom_field",
            2 * len(CUSTOM_KINDS),
            {
                "entity": f"CASE WHEN i < {len(CUSTOM_KINDS)} THEN 'donor' ELSE 'gift' END",
                "key": f"'field_' || (i % {len(CUSTOM_KINDS)})",
                "labels": sql.json({"en": "Field"}),
                "kind": pick_name(CUSTOM_KINDS, f"i % {len(CUSTOM_KINDS)}"),
                "decimals": "0",
                "is_required": sql.boolean(False),
                "position": "i",
                "created_at": sql.moment("1"),
            },
        ),
        Rows("custom_value", count, make_custom_values(sql, FIRST)),
    )


def _list_relation_rows(sql: Sql, count: int) -> tuple[Rows, ...]:
    """What donors are to each other and to the organisation."""
    return (
        Rows(
            "relationship",
            count // 4,
            {
                "from_id": f"{FIRST} + i",
                "to_id": f"{FIRST} + {count} - 1 - i / 500",  # some have hundreds of employees
                "kind": "'employee_of'",
                "recorded_at": sql.moment("1"),
            },
        ),
        Rows(
            "household_member",
            count // 10,
            {
                "household_id": f"{FIRST} + {count} - 1 - i / 3",
                "donor_id": f"{FIRST} + i",
                "role": "'partner'",
                "is_head": sql.boolean(True),
                "recorded_at": sql.moment("1"),
            },
        ),
        Rows(
            "membership",
            count // 4,
            {"donor_id": ID, "kind": "'regular'", "since_on": sql.day("400"), "recorded_at": sql.moment("1")},
        ),
        Rows(
            "donor_role",
            count // 10,
            {
                "donor_id": ID,
                "role": "'volunteer'",
                "since_on": sql.day("400"),
                "recorded_at": sql.moment("1"),
            },
        ),
    )


def make_custom_values(sql: Sql, first_field: str) -> dict[str, str]:
    """Return what stands in the fields of donors or gifts, the first of which has this id."""
    return {
        "field_id": f"{first_field} + CASE i % 3 WHEN 0 THEN 0 WHEN 1 THEN 2 ELSE 4 END",
        "entity_id": ID,
        "seq": "1",
        "text": "CASE WHEN i % 3 = 0 THEN 'Value ' || (i % 50) END",
        "folded": "CASE WHEN i % 3 = 0 THEN 'value ' || (i % 50) END",
        "number": "CASE WHEN i % 3 = 1 THEN i % 1000 END",
        "is_true": f"CASE WHEN i % 3 = 2 THEN {sql.boolean(True)} END",
    }
