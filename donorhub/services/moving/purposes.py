"""What each table that holds something of donors is for; a test fails for one that stands nowhere here.

The copy of one's data and the record of processing are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Purpose = Literal[
    "identity",
    "contact",
    "care",
    "giving",
    "promises",
    "payments",
    "bank",
    "receipts",
    "messages",
    "moved_in",
    "security",
]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
TABLES: Final[Mapping[Purpose, tuple[str, ...]]] = {
    "identity": ("donor", "former_name", "external_id", "custom_value", "donor_stage"),
    "contact": ("contact_point", "consent", "preference", "suppression"),
    "care": (
        *("interaction", "task", "donor_tag", "donor_role", "relationship", "household_member"),
        *("membership", "donor_file"),
    ),
    "giving": (
        *(
            "gift",
            "gift_custom_value",
            "designation",
            "soft_credit",
            "correction",
            "refund",
            "dispute",
            "allocation",
        ),
        "domain_event",
    ),
    "promises": ("recurring_gift", "term", "instalment", "mandate", "recurring_gift_change"),
    "payments": ("payment", "payout_item", "provider_map", "provider_register", "provider_event"),
    "bank": ("entry", "detail", "match", "payer_use", "payer", "payer_key"),
    "receipts": ("receipt", "receipt_line", "receipt_pdf"),
    "messages": ("message", "message_subject", "message_attachment"),
    "moved_in": ("record_row", "merge_log", "merge_drop"),
    "security": ("audit_value",),
}
# Tables with something of donors that the copy of one's data does not repeat, each with the reason.
NOT_COPIED: Final[Mapping[str, str]] = {
    "breach": "what was written down of breaches of personal data: it counts donors and names none",
    "identity_key": "keyed hashes of what stands above",
    "donor_document": "made of what stands above, for searching",
    "typo_stump": "made of what stands above, for searching",
    "idempotency_key": "answers to programs, kept for 30 days",
    "download": "files of lists that staff asked for, kept for a day",
    "download_part": "files of lists that staff asked for, kept for a day",
    "import_file": "files as they came, sealed: they hold many people; the rows about the person stand above",
    "import_plan": "what bringing a file was shown to do",
    "import_row": "rows of bank files that a person wrote anew; their entries stand above",
}
# Where rows that lead to a donor only by a decision or a hash are found by the copy itself.
FOUND_APART: Final = (
    *("suppression", "provider_map", "provider_register", "provider_event"),
    *("entry", "detail", "payer", "payer_key"),
)


def find_purpose(table_name: str) -> Purpose | None:
    """Return what a table is for; None for one that is not copied."""
    return next((purpose for purpose, names in TABLES.items() if table_name in names), None)
