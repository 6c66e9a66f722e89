"""The words that pages use for our own states and kinds, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from flask_babel import lazy_gettext

import webhooks
from donorhub.models.states import (
    DisputeState,
    DonorKind,
    GiftMethod,
    ImportFileState,
    InstalmentState,
    Lang,
    MandateState,
    MatchKind,
    MessageState,
    PayoutState,
    Period,
    ProviderEventState,
    ReceiptState,
    RecurringChange,
    RecurringKind,
    RecurringState,
    RefundState,
    RoleName,
    Stage,
    SuppressionSource,
    TaskKind,
    TaskState,
    TemplateKind,
    UpgradeNoteKind,
    UpgradeSubject,
)

Word = TypeVar("Word", bound=str)
Words = Mapping[Word, object]

METHODS: Final[Words[GiftMethod]] = {
    "transfer": lazy_gettext("Bank transfer"),
    "standing_order": lazy_gettext("Standing order"),
    "direct_debit": lazy_gettext("Direct debit"),
    "card": lazy_gettext("Card"),
    "blik": lazy_gettext("BLIK"),
    "wallet": lazy_gettext("Wallet"),
    "cash": lazy_gettext("Cash"),
    "cheque": lazy_gettext("Cheque"),
    "in_kind": lazy_gettext("In kind"),
    "other": lazy_gettext("Other"),
}
PRINTED_METHODS: Final[Words[str]] = {  # as a receipt says it
    **dict(METHODS.items()),
    "online": lazy_gettext("Online payment"),
}
KINDS: Final[Words[DonorKind]] = {
    "person": lazy_gettext("Person"),
    "organisation": lazy_gettext("Organisation"),
    "household": lazy_gettext("Household"),
}
LANGS: Final[Words[Lang]] = {"en": "English", "pl": "Polski", "sq": "Shqip"}
STAGES: Final[Words[Stage]] = {
    "deceased": lazy_gettext("Deceased"),
    "recurring_active": lazy_gettext("Gives regularly"),
    "recurring_at_risk": lazy_gettext("Regular gift overdue"),
    "recurring_lapsed": lazy_gettext("Regular gift lapsed"),
    "new": lazy_gettext("New"),
    "reactivated": lazy_gettext("Reactivated"),
    "active_repeat": lazy_gettext("Active"),
    "first_time_active": lazy_gettext("Gave once"),
    "lapsing": lazy_gettext("Lapsing"),
    "lapsed": lazy_gettext("Lapsed"),
    "deep_lapsed": lazy_gettext("Long lapsed"),
    "prospect": lazy_gettext("No gift yet"),
}
STAGE_REASONS: Final[Words[Stage]] = {
    "deceased": lazy_gettext("the donor has died."),
    "recurring_active": lazy_gettext("a recurring gift runs, and no instalment of it is missing."),
    "recurring_at_risk": lazy_gettext("a recurring gift runs, and an instalment of it did not come."),
    "recurring_lapsed": lazy_gettext("the recurring gift came no more; the last gift is not a year old."),
    "new": lazy_gettext("the first gift came within the last 90 days."),
    "reactivated": lazy_gettext("a gift came within the last 90 days, after more than a year without one."),
    "active_repeat": lazy_gettext("several gifts, the last of them within a year."),
    "first_time_active": lazy_gettext("one gift, more than 90 days and less than a year ago."),
    "lapsing": lazy_gettext("the last gift came 12 to 13 months ago."),
    "lapsed": lazy_gettext("the last gift came 13 to 24 months ago."),
    "deep_lapsed": lazy_gettext("the last gift came more than two years ago."),
    "prospect": lazy_gettext("no gift is known of which anything is left."),
}
STAGE_LOOK: Final = {
    "recurring_active": "ok",
    "active_repeat": "ok",
    "new": "info",
    "reactivated": "info",
    "first_time_active": "info",
    "recurring_at_risk": "warn",
    "lapsing": "warn",
    "recurring_lapsed": "no",
}
RECURRING_KINDS: Final[Words[RecurringKind]] = {
    "standing_order": lazy_gettext("Standing order"),
    "direct_debit": lazy_gettext("Direct debit"),
    "provider": lazy_gettext("At a provider"),
    "pledge": lazy_gettext("Pledge"),
}
RECURRING_STATES: Final[Words[RecurringState]] = {
    "proposed": lazy_gettext("proposed"),
    "pending": lazy_gettext("pending"),
    "active": lazy_gettext("active"),
    "failing": lazy_gettext("payment fails"),
    "paused": lazy_gettext("paused"),
    "lapsed": lazy_gettext("lapsed"),
    "closed": lazy_gettext("closed"),
}
MANDATE_STATES: Final[Words[MandateState]] = {
    "draft": lazy_gettext("being prepared"),
    "printed": lazy_gettext("with the donor"),
    "signed": lazy_gettext("signed"),
    "sent_to_bank": lazy_gettext("at the payer’s bank"),
    "active": lazy_gettext("active"),
    "suspended": lazy_gettext("suspended"),
    "withdrawn": lazy_gettext("withdrawn by the donor"),
    "invalid": lazy_gettext("no longer valid at the bank"),
    "expired": lazy_gettext("expired"),
    "refused": lazy_gettext("refused"),
}
INSTALMENT_STATES: Final[Words[InstalmentState]] = {
    "expected": lazy_gettext("expected"),
    "collecting": lazy_gettext("being collected"),
    "late": lazy_gettext("late"),
    "partial": lazy_gettext("partly paid"),
    "failed": lazy_gettext("failed"),
    "missed": lazy_gettext("missed"),
    "paid": lazy_gettext("paid"),
    "returned": lazy_gettext("returned"),
    "skipped": lazy_gettext("skipped"),
    "waived": lazy_gettext("waived"),
}
PERIODS: Final[Words[Period]] = {
    "W": lazy_gettext("weeks"),
    "M": lazy_gettext("months"),
    "Y": lazy_gettext("years"),
}
CHANGES: Final[Words[RecurringChange]] = {
    "started": lazy_gettext("Recurring gift started"),
    "amount": lazy_gettext("Recurring gift changed"),
    "paused": lazy_gettext("Recurring gift paused"),
    "resumed": lazy_gettext("Recurring gift resumed"),
    "closed": lazy_gettext("Recurring gift closed"),
}
TASK_STATES: Final[Words[TaskState]] = {
    "planned": lazy_gettext("open"),
    "queued": lazy_gettext("being done"),
    "done": lazy_gettext("done"),
    "failed": lazy_gettext("failed"),
    "dead": lazy_gettext("gave up"),
    "cancelled": lazy_gettext("cancelled"),
}
TASKS: Final[Words[TaskKind]] = {
    "decided_twice": lazy_gettext("Look at a bank payment that was decided twice"),
    "thank_you": lazy_gettext("Thank the donor"),
    "thank_by_hand": lazy_gettext("Thank by phone or letter: there is no e-mail address"),
    "by_hand": lazy_gettext("Task"),
    "amount_differs": lazy_gettext("Another amount or day than was promised: ask, or accept it"),
    "promise_goes_on": lazy_gettext("Money came for a recurring gift that had ended: does it go on?"),
    "statements_stopped": lazy_gettext("Import this account's statements: recurring gifts wait for them"),
    "money_waits": lazy_gettext("Decide what waits in this account, before it is an unknown donor's gift"),
    "rule_stopped": lazy_gettext("A rule of matching was stopped: look at what it decided"),
    "missed_instalment": lazy_gettext("Ask about a missed instalment"),
    "new_donor": lazy_gettext("Greet a new donor"),
    "send_message": lazy_gettext("Send a message"),
    "render_receipt": lazy_gettext("Make the PDF of a receipt"),
    "import_file": lazy_gettext("Read a bank file"),
    "import_records": lazy_gettext("Bring donors and past gifts"),
    "match_statement": lazy_gettext("Match a bank statement"),
    "fetch_payout_items": lazy_gettext("Fetch the items of a payout"),
    "prepare_download": lazy_gettext("Prepare a list as a file"),
    "write_letters": lazy_gettext("Write letters to many donors"),
    "erase_bytes": lazy_gettext("Overwrite what is left of somebody erased"),
    "call": lazy_gettext("Call the donor"),
    "account_deauthorized": lazy_gettext("A provider's account lets us in no more"),
    "dispute": lazy_gettext("Answer a dispute"),
    "dunning": lazy_gettext("Ask about a payment that fails"),
    "find_successor": lazy_gettext("Find out whom to write to now at this organisation"),
    "fraud_warning": lazy_gettext("Look at a warning of fraud"),
    "invariant_broken": lazy_gettext("Look at a check that failed"),
    "paid_elsewhere": lazy_gettext("Find an instalment that was paid outside the provider"),
    "payment_missing": lazy_gettext("Find a payment that the provider did not tell of"),
    "payout_failed": lazy_gettext("Look after a payout that failed"),
    "payout_unexplained": lazy_gettext("Compare a payout with what it holds"),
    "receipt_correct": lazy_gettext("Replace a receipt: a part of its gift was given back"),
    "receipt_void": lazy_gettext("Void a receipt: its gift was given back"),
    "refund": lazy_gettext("Look at a refund"),
    "returned_gift": lazy_gettext("Look at a debit that the bank took back"),
    "unknown_state": lazy_gettext("Look at something whose state at the provider is not known"),
    "welcome_recurring": lazy_gettext("Welcome a new regular donor"),
}
TASK_VIEWS: Final[Words[str]] = {
    "today": lazy_gettext("Today"),
    "later": lazy_gettext("Later"),
    "mine": lazy_gettext("Mine"),
    "all": lazy_gettext("All"),
    "done": lazy_gettext("Done"),
}
ENTRY_TABS: Final[Words[str]] = {
    "to-decide": lazy_gettext("To decide"),
    "doubtful": lazy_gettext("Doubtful"),
    "unclaimed": lazy_gettext("Unknown donor"),
    "matched": lazy_gettext("Matched"),
    "not-gifts": lazy_gettext("Not gifts"),
}
MATCHED_KINDS: Final[Words[MatchKind]] = {
    "gift": lazy_gettext("a gift"),
    "payout": lazy_gettext("a payout"),
    "return": lazy_gettext("a return"),
    "not_gift": lazy_gettext("not a gift"),
}
PAYOUT_STATES: Final[Words[PayoutState]] = {
    "pending": lazy_gettext("announced"),
    "in_transit": lazy_gettext("on its way"),
    "paid": lazy_gettext("paid out"),
    "failed": lazy_gettext("failed"),
    "cancelled": lazy_gettext("cancelled"),
    "unknown": lazy_gettext("uncertain"),
}
MESSAGE_STATES: Final[Words[MessageState]] = {
    "planned": lazy_gettext("waits to be sent"),
    "claimed": lazy_gettext("being sent"),
    "sent": lazy_gettext("sent"),
    "failed": lazy_gettext("not sent"),
    "suppressed": lazy_gettext("held back"),
    "unknown": lazy_gettext("uncertain"),
}
MESSAGE_KINDS: Final[Words[TemplateKind]] = {
    "thank_you": lazy_gettext("Thank-you"),
    "new_donor": lazy_gettext("Note on a new donor"),
    "mail_test": lazy_gettext("Try out whether mail arrives"),
    "receipt": lazy_gettext("Receipt by e-mail"),
    "personal": lazy_gettext("Message of one of us"),
}
SUPPRESSION_SOURCES: Final[Words[SuppressionSource]] = {
    "told": lazy_gettext("somebody told us"),
    "bounced": lazy_gettext("mail came back"),
    "complained": lazy_gettext("they complained to their mail provider"),
}
RECEIPT_STATES: Final[Words[ReceiptState]] = {"issued": lazy_gettext("issued"), "void": lazy_gettext("void")}
DEDUCTION_KINDS: Final[Words[str]] = {
    "refund": lazy_gettext("Refund"),
    "dispute": lazy_gettext("Dispute"),
    "correction": lazy_gettext("Taken out"),
}
DEDUCTIONS: Final[Words[str]] = {
    "gone": lazy_gettext("taken away"),
    "part": lazy_gettext("partly taken away"),
}
DEDUCTION_LOOKS: Final = {"gone": "no", "part": "warn"}
DEDUCTION_STATES: Final[Words[RefundState | DisputeState]] = {
    "pending": lazy_gettext("under way"),
    "succeeded": lazy_gettext("given back"),
    "failed": lazy_gettext("failed"),
    "cancelled": lazy_gettext("cancelled"),
    "open": lazy_gettext("open"),
    "won": lazy_gettext("won"),
    "lost": lazy_gettext("lost"),
}
HINDRANCES: Final[Words[str]] = {
    "test": lazy_gettext("test"),
    "gone": lazy_gettext("taken away"),
    "disputed": lazy_gettext("disputed"),
    "elsewhere": lazy_gettext("has a receipt of another system"),
    "goods": lazy_gettext("say what was given"),
}
SOURCES: Final[Words[str]] = {
    **dict.fromkeys(("form", "manual", "typed"), lazy_gettext("Entered by hand")),
    "bank": lazy_gettext("Bank statement"),
    "import": lazy_gettext("Import"),
    "api": lazy_gettext("API"),
    "moved": lazy_gettext("Known before an upgrade"),
    **{name: webhooks.get_provider(name).label for name in webhooks.list_provider_names()},
}
EVENT_ICONS: Final = {  # of a donor's timeline
    "gift": "coin",
    "refund": "receipt-refund",
    "dispute": "scale",
    "correction": "arrow-back-up",
    "receipt": "receipt",
    "void": "file-x",
    "task": "checklist",
    "message": "mail",
    "interaction": "users",
    "consent": "mail-check",
    "recurring": "repeat",
    "donor": "user",
}
EVENT_LOOKS: Final = {
    "gift": "ok",
    "refund": "warn",
    "dispute": "no",
    "correction": "warn",
    "receipt": "info",
    "void": "warn",
    "task": "",
    "message": "info",
    "interaction": "",
    "consent": "info",
    "recurring": "ok",
    "donor": "",
}
EVENT_STATES: Final[Words[ProviderEventState]] = {
    "dead": lazy_gettext("gave up"),
    "error": lazy_gettext("failed"),
    "quarantined": lazy_gettext("quarantined"),
}
FILE_STATES: Final[Words[ImportFileState]] = {
    "asking": lazy_gettext("asks for its columns"),
    "refused": lazy_gettext("refused"),
    "held": lazy_gettext("held"),
    "failed": lazy_gettext("failed"),
}
ROLES: Final[Words[RoleName]] = {
    "admin": lazy_gettext("Administrator"),
    "steward": lazy_gettext("Data steward"),
    "fundraiser": lazy_gettext("Fundraiser"),
    "communications": lazy_gettext("Communications (no amounts)"),
    "accountant": lazy_gettext("Accountant"),
    "caller": lazy_gettext("Caller (own list only)"),
    "auditor": lazy_gettext("Auditor (reads all, changes nothing)"),
}
LOOKS: Final = {
    **dict.fromkeys(("active", "paid", "sent", "done", "issued"), "ok"),
    **dict.fromkeys(("late", "partial", "failing", "pending", "planned", "claimed", "asking"), "warn"),
    **dict.fromkeys(
        (
            "missed",
            "failed",
            "returned",
            "lapsed",
            "void",
            "unknown",
            "dead",
            "refused",
            "held",
            "quarantined",
        ),
        "no",
    ),
    **dict.fromkeys(("expected", "collecting", "proposed", "paused", "queued"), "info"),
}
UPGRADE_NOTES: Final[Words[UpgradeNoteKind]] = {
    "doubts_asked": lazy_gettext("Entries that waited in doubt"),
    "ids_counted_again": lazy_gettext("Accounts whose ids of the bank were ignored"),
    "ledger_differs": lazy_gettext("Accounts whose ledger is not what the bank proves"),
    "missed_instalments": lazy_gettext("Instalments called missed while the bank was not known"),
    "lapsed_promises": lazy_gettext("Recurring gifts called lapsed or closed while the bank was not known"),
    "debits_without_mandate": lazy_gettext("Direct debits without a mandate"),
    "skipped_instalments": lazy_gettext("Instalments of direct debits without a mandate"),
    "failed_payments": lazy_gettext("Gifts whose payment failed at the provider"),
    "payers_counted_again": lazy_gettext("Donors whose payers were confirmed by the program alone"),
    "entries_lacking": lazy_gettext("Accounts whose ledger lacks money that the bank tells"),
}
UPGRADE_ADVICE: Final[Words[UpgradeNoteKind]] = {
    "doubts_asked": lazy_gettext(
        "Each now says why it waits and which entry it may be, and can be answered with others like it."
    ),
    "ids_counted_again": lazy_gettext(
        "They count again, but for those that stood on different money; the page of the account names them."
    ),
    "ledger_differs": lazy_gettext(
        "Nothing was changed. Where the bank no longer tells an entry or tells one that is not there, "
        "you are asked among the questions about bank entries."
    ),
    "missed_instalments": lazy_gettext(
        "They are owed again, and wait until the statements of their account reach their day."
    ),
    "lapsed_promises": lazy_gettext("They run again, and are judged anew by what the bank tells."),
    "debits_without_mandate": lazy_gettext("They wait for their mandate; nothing is expected until then."),
    "skipped_instalments": lazy_gettext("They are owed no longer, since nobody could have collected them."),
    "failed_payments": lazy_gettext(
        "They count still. A task asks the accountant to compare each with the provider's account, and to "
        "take out what never came."
    ),
    "payers_counted_again": lazy_gettext(
        "Only what people decided counts as experience with a payer. Nothing that was booked was changed; "
        "where the account alone was the reason, you are asked from now on."
    ),
    "entries_lacking": lazy_gettext(
        "Nothing was changed. You are asked about each of these entries among the questions about bank "
        "entries; until then it counts nothing."
    ),
}
UPGRADE_SUBJECTS: Final[Words[UpgradeSubject]] = {
    "bank_account": lazy_gettext("Bank accounts"),
    "entry": lazy_gettext("Bank entries"),
    "recurring_gift": lazy_gettext("Recurring gifts"),
    "gift": lazy_gettext("Gifts"),
    "donor": lazy_gettext("Donors"),
}
