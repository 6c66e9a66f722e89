"""Every state, kind and method of every table as a type, and the lists of those that mean something together.

This is the only place where they are listed. The CHECK constraint of a column is made from its type
(:func:`donorhub.db.make_word_check`); one that is new or goes needs a migration (``migrations.checks``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeVar, get_args

Word = TypeVar("Word", bound=str)

# access
Lang = Literal["en", "pl", "sq"]
RoleName = Literal["admin", "steward", "fundraiser", "communications", "accountant", "caller", "auditor"]
RowScope = Literal["own", "team", "all"]
TaskRole = Literal["", RoleName]  # "": no role in particular
InstanceState = Literal["normal", "held"]  # held: nothing leaves it until a person adopts it
HoldReason = Literal["imported", "restored"]  # besides, one holds that runs at another place than it did

# work
TaskState = Literal["planned", "queued", "done", "failed", "dead", "cancelled"]
TaskPerformer = Literal["person", "worker"]
WorkerTaskKind = Literal[
    "thank_you",
    "new_donor",
    "send_message",
    "render_receipt",
    "import_file",
    "import_records",
    "match_statement",
    "fetch_payout_items",
    "prepare_download",
    "erase_bytes",
    "write_letters",
]
TaskKind = Literal[
    WorkerTaskKind,
    "account_deauthorized",
    "amount_differs",
    "by_hand",
    "call",
    "decided_twice",
    "dispute",
    "dunning",
    "find_successor",
    "fraud_warning",
    "invariant_broken",
    "missed_instalment",
    "money_waits",
    "paid_elsewhere",
    "payment_missing",
    "payout_failed",
    "payout_unexplained",
    "promise_goes_on",
    "receipt_correct",
    "receipt_void",
    "refund",
    "returned_gift",
    "rule_stopped",
    "statements_stopped",
    "thank_by_hand",
    "unknown_state",
    "welcome_recurring",
]
UpgradeNoteKind = Literal[
    "doubts_asked",
    "ids_counted_again",
    "ledger_differs",
    "missed_instalments",
    "lapsed_promises",
    "debits_without_mandate",
    "skipped_instalments",
    "failed_payments",
    "payers_counted_again",
    "entries_lacking",
]
UpgradeSubject = Literal["bank_account", "entry", "recurring_gift", "gift", "donor"]  # listed by notes
EventKind = Literal[
    "donor.created",
    "donor.erased",
    "gift.recorded",
    "gift.refunded",
    "gift.disputed",
    "gift.returned",
    "gift.corrected",
    "instalment.paid",
    "instalment.missed",
    "membership.ended",
    "membership.started",
    "receipt.issued",
    "receipt.voided",
    "recurring_gift.started",
    "recurring_gift.amount",
    "recurring_gift.paused",
    "recurring_gift.resumed",
    "recurring_gift.lapsed",
    "recurring_gift.closed",
]
EventOrigin = Literal["live", "history_import"]  # news, or what was taken over long after it happened

# donors
DonorKind = Literal["person", "organisation", "household"]
RetentionKind = Literal["provider_message", "message_text", "bank_file", "sealed_receipt", "donor_read"]
ErasedKeyKind = Literal["email", "phone", "account", "external_id"]
IdentityKind = Literal[
    "email", "iban", "phone", "tax_number", "name", "address", "surname_initial", "surname_given"
]
DuplicateVerdictWord = Literal["same", "different"]  # what a person says of two records
DuplicateState = Literal["open", "answered", "gone"]  # gone: they are alike no more
# one: all are one person; people: who is whom; different: as many as records; household: a family's
DuplicateAnswer = Literal["one", "people", "different", "household", "right", "undone"]
HardKey = Literal["email", "iban", "phone"]  # what one person has, or a couple
ValueKind = Literal[HardKey, "surname"]  # of what is counted how many have it
ValueState = Literal["normal", "generic"]  # generic: too many have it for it to say who somebody is
InteractionKind = Literal["note", "call", "meeting", "visit", "letter", "email"]
InteractionDirection = Literal["in", "out"]  # who began: the donor, or one of us
RelationshipKind = Literal[
    "spouse", "parent", "employee_of", "member_of", "contact_person_of", "introduced_by"
]
MemberRole = Literal["partner", "child", "parent", "other"]  # of a household
RoleOfDonor = Literal["volunteer", "employee", "partner", "target"]  # target: is never asked nor thanked
CallOutcome = Literal["reached", "no_answer", "message_left", "call_back", "wrong_number"]
ContactKind = Literal["email", "phone", "post", "account"]
ContactState = Literal["ok", "unconfirmed", "bounced", "complained"]
ContactRole = Literal["office", "secretariat", "accounting", "management", "press"]  # at an organisation
MarkedContact = Literal["ok", "bounced", "complained"]  # what a person may say of one
DeadContact = Literal["bounced", "complained"]  # nothing is sent there
DonorFileKind = Literal["pdf", "png", "jpeg", "tiff", "webp", "heic", "docx", "xlsx", "odt", "ods", "text"]
Stage = Literal[  # where a donor is in the journey: the first rule that holds (domain.recurring.stages)
    "deceased",
    "recurring_active",
    "recurring_at_risk",
    "recurring_lapsed",
    "new",
    "reactivated",
    "active_repeat",
    "first_time_active",
    "lapsing",
    "lapsed",
    "deep_lapsed",
    "prospect",
]
CustomEntity = Literal["donor", "gift"]  # what fields can be added to
CustomKind = Literal["text", "long_text", "number", "day", "yes_no", "choice", "choices"]

# giving
GiftMethod = Literal[
    "transfer",
    "standing_order",
    "direct_debit",
    "card",
    "blik",
    "wallet",
    "cash",
    "cheque",
    "in_kind",
    "other",
]
RefundState = Literal["pending", "succeeded", "failed", "cancelled"]
DisputeState = Literal["open", "won", "lost"]
DisputeKind = Literal["dispute", "return", "warning"]

# receipts
ReceiptState = Literal["issued", "void"]

# moving
DownloadForm = Literal["csv", "xlsx"]
ReceiptKind = Literal["single", "annual"]

# recurring
RecurringState = Literal["proposed", "pending", "active", "failing", "paused", "lapsed", "closed"]
RecurringKind = Literal["standing_order", "direct_debit", "provider", "pledge"]
ChargedBy = Literal["provider", "us", "none"]  # who starts each payment of a recurring gift
RecurringOrigin = Literal["inferred", "declared", "provider"]
RecurringChange = Literal["started", "amount", "paused", "resumed", "closed"]
Period = Literal["W", "M", "Y"]
InstalmentState = Literal[
    "expected", "collecting", "late", "partial", "failed", "missed", "paid", "returned", "skipped", "waived"
]
MandateKind = Literal["pl_debit", "sepa"]
MandateState = Literal[
    "draft",
    "printed",
    "signed",
    "sent_to_bank",
    "active",
    "suspended",
    "withdrawn",
    "invalid",
    "expired",
    "refused",
]

# providers
ProviderEventState = Literal["received", "done", "ignored", "quarantined", "error", "dead"]
ProviderEventSource = Literal["http", "backfill", "fetch", "compare", "import"]
ProviderObject = Literal["customer", "subscription", "payment", "invoice", "payout"]
PaymentState = Literal[
    "intended", "pending", "processing", "authorised", "succeeded", "failed", "cancelled", "expired"
]
PayoutState = Literal["pending", "in_transit", "paid", "failed", "cancelled", "unknown"]
PayoutItemKind = Literal["charge", "refund", "dispute", "fee", "adjustment", "payout"]

# bank
MatchingMode = Literal["off", "suggest", "auto"]
ImportFileState = Literal["received", "done", "asking", "refused", "held", "failed", "taken_back"]
StatementState = Literal["posted", "held", "released", "taken_back"]
StatementIntegrity = Literal["proved", "unverifiable", "mismatch"]
# A duplicate is a doubtful entry that a person rejected; a replaced one the bank corrected or withdrew.
EntryState = Literal[  # unclaimed: matched to the unknown donor, after it had waited for too long
    "new", "suspense", "unclaimed", "matched", "not_gift", "doubtful", "duplicate", "replaced", "taken_back"
]
# filled: names the columns that this statement filled in; told_on: on which day this statement has it
AliasKind = Literal["bank_ref", "filled", "told_on"]
PurposeKind = Literal["fund", "campaign", "appeal"]
QuestionKind = Literal[
    "other_bank_ref",
    "text_changed",
    "part_of_a_day",
    "unsure_order",
    "other_day",
    "amount_changed",
    "no_longer_told",
    "not_in_ledger",
]
QuestionState = Literal["open", "answered"]
# known: the ledger has it; other_money: it counts too; corrected, withdrawn: taken back; stays: not
QuestionAnswer = Literal["known", "other_money", "corrected", "outdated", "withdrawn", "stays"]
WeakRefReason = Literal["two_sums", "other_money", "answer"]
ImportRowState = Literal["mended", "left_out"]
ImportFileKind = Literal["statement", "records"]  # of a bank, or of donors and past gifts
RefHabitKind = Literal["stable", "per_file"]
MatchKind = Literal["gift", "payout", "return", "not_gift"]
Settles = Literal["exact", "several", "partial", "amended", "one_off", "this_gift", "unsure"]

# moving
RecordRowState = Literal["made", "joined", "known", "held", "left_out"]

# messages
Channel = Literal["email", "sms", "post", "phone"]  # by which a donor is reached
MessageState = Literal["planned", "claimed", "sent", "failed", "suppressed", "unknown"]
# Why a message is written, in the order of sending; it decides what it needs and what stops it.
MessageCategory = Literal["transactional", "dunning", "thanks", "stewardship", "bulletin", "appeal"]
MarketingCategory = Literal["stewardship", "bulletin", "appeal"]  # what needs a basis, and any no stops
# What a donor says yes or no to: a category, or all there are and ever will be.
ConsentPurpose = Literal["all", "dunning", "thanks", "stewardship", "bulletin", "appeal"]
ConsentChannel = Literal["any", "email", "sms", "post", "phone"]
# unknown: a yes that nobody can prove; lifted: an opt-out of the same purpose and channel holds no more
ConsentState = Literal["requested", "given", "withdrawn", "opt_out", "unknown", "lifted"]
ConsentBasis = Literal["consent", "legitimate_interest"]  # what marketing rests on
ConsentTextKind = Literal["consent", "information"]  # what is agreed to, and what is only taken note of
PreferenceTopic = Literal["any", "one_action", "news", "campaigns", "events"]
PreferenceFormat = Literal["any", "text", "pictures", "video"]
PreferenceFrequency = Literal["any", "daily", "weekly", "monthly", "quarterly", "yearly"]
SuppressionScope = Literal["marketing", "all_but_legal", "everything"]  # the later stops more
HeldReason = Literal[  # why a donor may not be written to (domain.messages.gate)
    "erased",
    "deceased",
    "restricted",
    "no_contact",
    "opted_out",
    "target",
    "do_not_solicit",
    "no_consent",
    "consent_expired",
    "no_address",
    "suppressed",
    "address_bounced",
    "address_complained",
    "address_unconfirmed",
    "cap",
]
LaterReason = Literal["quiet_hours"]  # why not now
# personal: what one of us writes to one donor, inside greeting and end
TemplateKind = Literal["thank_you", "new_donor", "receipt", "mail_test", "personal"]
FirstStepKind = Literal["organisation", "bank_account", "mail", "people", "colleague", "receipt"]
SuppressionSource = Literal["told", "bounced", "complained"]  # what made us stop writing
AttachmentKind = Literal["receipt"]
MessageSubjectType = Literal["gift"]

FIRST_STEPS: Final[tuple[FirstStepKind, ...]] = get_args(FirstStepKind)
RECORD_ROW_STATES: Final[tuple[RecordRowState, ...]] = get_args(RecordRowState)
ROW_SCOPES: Final[tuple[RowScope, ...]] = get_args(RowScope)
LANGS: Final[tuple[Lang, ...]] = get_args(Lang)
ROLES: Final[tuple[RoleName, ...]] = get_args(RoleName)

TASK_STATES: Final[tuple[TaskState, ...]] = get_args(TaskState)
OPEN_TASKS: Final[tuple[TaskState, ...]] = ("planned", "queued", "failed")
# What reaches people or providers, and waits while the instance is held.
OUTWARD_TASKS: Final[tuple[WorkerTaskKind, ...]] = ("send_message", "fetch_payout_items")
UNTRIED_TASKS: Final[tuple[TaskState, ...]] = ("planned", "queued")
FAILED_TASKS: Final[tuple[TaskState, ...]] = ("dead", "failed")  # a person may have them tried again

HARD_KEYS: Final[tuple[HardKey, ...]] = get_args(HardKey)
DONOR_KINDS: Final[tuple[DonorKind, ...]] = get_args(DonorKind)
RELATIONSHIP_KINDS: Final[tuple[RelationshipKind, ...]] = get_args(RelationshipKind)
MEMBER_ROLES: Final[tuple[MemberRole, ...]] = get_args(MemberRole)
ROLES_OF_DONORS: Final[tuple[RoleOfDonor, ...]] = get_args(RoleOfDonor)
INTERACTION_KINDS: Final[tuple[InteractionKind, ...]] = get_args(InteractionKind)
CONTACT_KINDS: Final[tuple[InteractionKind, ...]] = ("call", "meeting", "visit", "letter", "email")
INTERACTION_DIRECTIONS: Final[tuple[InteractionDirection, ...]] = get_args(InteractionDirection)
CALL_OUTCOMES: Final[tuple[CallOutcome, ...]] = get_args(CallOutcome)
UNREACHED_CALLS: Final[tuple[CallOutcome, ...]] = ("no_answer", "wrong_number")  # nobody was spoken to
CONTACT_POINT_KINDS: Final[tuple[ContactKind, ...]] = get_args(ContactKind)
CONTACT_ROLES: Final[tuple[ContactRole, ...]] = get_args(ContactRole)
CONTACT_STATES: Final[tuple[ContactState, ...]] = get_args(ContactState)
MARKED_CONTACTS: Final[tuple[MarkedContact, ...]] = get_args(MarkedContact)
DEAD_CONTACTS: Final[tuple[DeadContact, ...]] = get_args(DeadContact)
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
CUSTOM_KINDS: Final[tuple[CustomKind, ...]] = get_args(CustomKind)

GIFT_METHODS: Final[tuple[GiftMethod, ...]] = get_args(GiftMethod)
COUNTED_REFUNDS: Final[tuple[RefundState, ...]] = ("pending", "succeeded")  # their money is gone or going

RECURRING_KINDS: Final[tuple[RecurringKind, ...]] = get_args(RecurringKind)
RECURRING_STATES: Final[tuple[RecurringState, ...]] = get_args(RecurringState)
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
RECEIPT_STATES: Final[tuple[ReceiptState, ...]] = get_args(ReceiptState)
RUNNING_PROMISES: Final[tuple[RecurringState, ...]] = ("active", "failing")
# A lapsed one keeps expecting, a closed one does not.
EXPECTING_PROMISES: Final[tuple[RecurringState, ...]] = (*RUNNING_PROMISES, "lapsed")
LIVE_PROMISES: Final[tuple[RecurringState, ...]] = (*EXPECTING_PROMISES, "paused")

INSTALMENT_STATES: Final[tuple[InstalmentState, ...]] = get_args(InstalmentState)
UNPAID_INSTALMENTS: Final[tuple[InstalmentState, ...]] = (
    "expected",
    "collecting",
    "late",
    "partial",
    "failed",
    "missed",
    "returned",
)
# Of these the whole is owed, and no provider is collecting it.
OWED_INSTALMENTS: Final[tuple[InstalmentState, ...]] = ("expected", "late", "missed", "failed", "returned")
OVERDUE_INSTALMENTS: Final[tuple[InstalmentState, ...]] = ("late", "missed")
# Those that time alone moves on.
AGEING_INSTALMENTS: Final[tuple[InstalmentState, ...]] = ("expected", "late", "partial", "failed", "returned")
FREED_INSTALMENTS: Final[tuple[InstalmentState, ...]] = ("skipped", "waived")  # nothing is owed of them

UPGRADE_NOTE_KINDS: Final[tuple[UpgradeNoteKind, ...]] = get_args(UpgradeNoteKind)
UPGRADE_SUBJECTS: Final[tuple[UpgradeSubject, ...]] = get_args(UpgradeSubject)

MANDATE_STATES: Final[tuple[MandateState, ...]] = get_args(MandateState)
ENDED_MANDATES: Final[tuple[MandateState, ...]] = ("withdrawn", "invalid", "expired", "refused")

PROVIDER_EVENT_STATES: Final[tuple[ProviderEventState, ...]] = get_args(ProviderEventState)
WAITING_EVENTS: Final[tuple[ProviderEventState, ...]] = ("received", "error")
STUCK_EVENTS: Final[tuple[ProviderEventState, ...]] = ("dead", "quarantined")  # a person must look at them
PAYOUT_STATES: Final[tuple[PayoutState, ...]] = get_args(PayoutState)
ARRIVING_PAYOUTS: Final[tuple[PayoutState, ...]] = ("paid", "in_transit")  # an entry may be the payout

MATCHING_MODES: Final[tuple[MatchingMode, ...]] = get_args(MatchingMode)
IMPORT_FILE_STATES: Final[tuple[ImportFileState, ...]] = get_args(ImportFileState)
UNREAD_FILES: Final[tuple[ImportFileState, ...]] = ("received", "failed")
READ_FILES: Final[tuple[ImportFileState, ...]] = ("done", "held")
# Whose bytes may be sent again.
READABLE_AGAIN_FILES: Final[tuple[ImportFileState, ...]] = ("taken_back", "refused", "failed")
# Which a person must look at.
STUCK_FILES: Final[tuple[ImportFileState, ...]] = ("asking", "refused", "held", "failed")
STATEMENT_STATES: Final[tuple[StatementState, ...]] = get_args(StatementState)
STATEMENT_INTEGRITIES: Final[tuple[StatementIntegrity, ...]] = get_args(StatementIntegrity)
COUNTED_STATEMENTS: Final[tuple[StatementState, ...]] = ("posted", "released")  # in the ledger
UNCOUNTED_STATEMENTS: Final[tuple[StatementState, ...]] = ("held", "taken_back")
ENTRY_STATES: Final[tuple[EntryState, ...]] = get_args(EntryState)
OPEN_ENTRIES: Final[tuple[EntryState, ...]] = ("new", "suspense")  # nothing is decided of them
DECIDABLE_ENTRIES: Final[tuple[EntryState, ...]] = (*OPEN_ENTRIES, "unclaimed")  # a person may at any time
SETTLED_ENTRIES: Final[tuple[EntryState, ...]] = ("matched", "unclaimed")  # gifts, payouts, returns
ENTRIES_TO_DECIDE: Final[tuple[EntryState, ...]] = ("suspense", "doubtful")  # a person must
DOUBTED_ENTRIES: Final[tuple[EntryState, ...]] = ("doubtful", "duplicate", "replaced")  # now or before
QUESTION_KINDS: Final[tuple[QuestionKind, ...]] = get_args(QuestionKind)
QUESTION_STATES: Final[tuple[QuestionState, ...]] = get_args(QuestionState)
QUESTION_ANSWERS: Final[tuple[QuestionAnswer, ...]] = get_args(QuestionAnswer)
GONE_ENTRIES: Final[tuple[EntryState, ...]] = ("duplicate", "replaced", "taken_back")  # they count no more
UNCOUNTED_ENTRIES: Final[tuple[EntryState, ...]] = (*GONE_ENTRIES, "doubtful")  # nor those nobody knows of

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
MESSAGE_CATEGORIES: Final[tuple[MessageCategory, ...]] = get_args(MessageCategory)
MARKETING: Final[tuple[MarketingCategory, ...]] = get_args(MarketingCategory)
CONSENT_PURPOSES: Final[tuple[ConsentPurpose, ...]] = get_args(ConsentPurpose)
CONSENT_CHANNELS: Final[tuple[ConsentChannel, ...]] = get_args(ConsentChannel)
CONSENT_STATES: Final[tuple[ConsentState, ...]] = get_args(ConsentState)
CONSENT_TEXT_KINDS: Final[tuple[ConsentTextKind, ...]] = get_args(ConsentTextKind)
PREFERENCE_TOPICS: Final[tuple[PreferenceTopic, ...]] = get_args(PreferenceTopic)
PREFERENCE_FORMATS: Final[tuple[PreferenceFormat, ...]] = get_args(PreferenceFormat)
PREFERENCE_FREQUENCIES: Final[tuple[PreferenceFrequency, ...]] = get_args(PreferenceFrequency)
SUPPRESSION_SCOPES: Final[tuple[SuppressionScope, ...]] = get_args(SuppressionScope)
SUPPRESSION_SOURCES: Final[tuple[SuppressionSource, ...]] = get_args(SuppressionSource)
MESSAGE_STATES: Final[tuple[MessageState, ...]] = get_args(MessageState)
UNSENT_MESSAGES: Final[tuple[MessageState, ...]] = ("planned", "failed")
UNDELIVERED_MESSAGES: Final[tuple[MessageState, ...]] = ("unknown", "failed")  # a person must look at them


def find_word(text: str | None, words: Iterable[Word]) -> Word | None:
    """Return a text that came from outside as the word that it is; None when it is none of them."""
    return next((word for word in words if word == text), None)
