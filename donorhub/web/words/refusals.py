"""What a reader is told of a refusal, in their language: a sentence for each stable code, with its figures.

A sentence about one field, whoever refuses it, is the field's. What only programs can meet stays English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask_babel import get_locale, gettext, lazy_gettext, ngettext

from donorhub.errors import DonorHubError
from donorhub.models.states import LANGS, find_word
from donorhub.money import Money
from donorhub.services.access.users import MIN_PASSWORD
from donorhub.web.words import codes, labels, text_words
from receipts import figures

_CHOOSE: Final = lazy_gettext("Please choose one of the list.")
_SAY_WHY: Final = lazy_gettext("Please say why.")
_MORE_THAN_NOTHING: Final = lazy_gettext("An amount is more than nothing.")
_ON_RECEIPT: Final = lazy_gettext("This gift is on a receipt: void the receipt first.")
_BY_PROVIDER: Final = lazy_gettext(
    "The payment provider collects this gift. Change or stop it there: it tells us."
)
_OUT_OF_DATE: Final = lazy_gettext("Please load the form anew and send it again.")

# By specific code; slots are filled from the facts of the refusal.
CODES: Final[Mapping[str, object]] = {
    "no_organisation": lazy_gettext("Only a contact of an organisation is of a role or a person."),
    "role_or_person": lazy_gettext("A contact is of a role, which stays, or of a person: choose one."),
    "no_position": lazy_gettext(
        "This person has no position at the organisation: record it as a relationship first."
    ),
    "donor_file_kind": lazy_gettext(
        "Kept are PDF, pictures, DOCX, XLSX, ODT, ODS and plain text, and no documents with macros."
    ),
    "donor_file_too_large": lazy_gettext("A file has at most %(most_mb)s MB: keep a smaller scan."),
    "donor_files_too_many": lazy_gettext(
        "A donor has at most %(most_files)s files of %(most_mb)s MB together: take one away first."
    ),
    "logo_kind": lazy_gettext("A logo is a PNG or JPEG picture: save it as one of these."),
    "logo_too_large": lazy_gettext("A logo has at most %(most_mb)s MB: save it smaller."),
    "logo_too_many_pixels": lazy_gettext("A logo has at most %(most_megapixels)s million pixels."),
    "file_empty": lazy_gettext("Please choose a file; it may not be empty."),
    "run_too_long": lazy_gettext("Post goes to %(most)s donors at once: narrow the list."),
    "nobody_to_write_to": lazy_gettext("Nobody of this list may be written to by post."),
    "no_gift_chosen": lazy_gettext("Please choose the gifts that are thanked for."),
    "thanks_by_letter": lazy_gettext("By e-mail a gift is thanked for by itself: choose a letter."),
    "thanked_by_letter": lazy_gettext(
        "A letter of thanks for one of these gifts waits to be posted: say that it was posted, or discard it."
    ),
    "nothing_written": lazy_gettext("Please write a subject and a text."),
    "no_waiting_letter": lazy_gettext("This letter does not wait to be posted any more."),
    "last_language": lazy_gettext("One language must stay: nobody could be written to."),
    "text_changed": lazy_gettext(
        "Somebody else changed this text in the meantime. Look at theirs before you save yours."
    ),
    "allocated_too_much": lazy_gettext("The instalments take more than the gift holds."),
    "amount_differs": lazy_gettext("The payout has another amount than this entry."),
    "assignee_unknown": _CHOOSE,
    "asks_nothing": lazy_gettext("This file asks nothing any more. Please look at what became of it."),
    "changed": lazy_gettext("This changed since it was shown. Please look at it again and confirm that."),
    "sheet_is_full": lazy_gettext("A sheet holds no more rows. Please take this list as CSV."),
    "row_too_long": lazy_gettext("This row has too many cells, or one that is too long."),
    "row_empty": lazy_gettext("Please write what the row holds, or leave it out."),
    "closed_too_far": lazy_gettext("The books of days to come cannot be closed."),
    "number_invalid": lazy_gettext("This is no %(name)s: compare its digits."),
    "secret_invalid": lazy_gettext(
        "This is no signing secret: the one of a %(provider)s endpoint begins with %(prefix)s."
    ),
    "recurring_gift_told": lazy_gettext("This recurring gift was not found in payments: close it instead."),
    "amount_unchanged": lazy_gettext("No other amount has come for this recurring gift: nothing is changed."),
    "bad_cursor": lazy_gettext("This address is not complete: begin at the first page of the list."),
    "being_read": lazy_gettext("The file is being read: wait a moment."),
    "books_closed": lazy_gettext(
        "The books of this day are closed: whoever may change the settings can open them."
    ),
    "busy": lazy_gettext("The database is busy. Please try again in a moment."),
    "complaint_stays": lazy_gettext(
        "This address complained about our mail: nobody but the person can take that back."
    ),
    "consent_too_wide": lazy_gettext("A consent is to one thing by one channel: record each that was given."),
    "no_opt_out": lazy_gettext("Only a no is taken back: record what the donor says now."),
    "no_such_text": lazy_gettext("This wording is not kept. Please choose one of the list."),
    "only_of_a_yes": lazy_gettext("Only a consent has a wording and an end."),
    "opt_out_stands": lazy_gettext("The donor said no to this. Take the no back first, with the reason why."),
    "account_not_preferred": lazy_gettext("Nobody is written to by an account: it is not preferred."),
    "contact_empty": lazy_gettext("Please say which address or number it is."),
    "contact_ended": lazy_gettext("This contact has ended: it is not preferred."),
    "contact_known": lazy_gettext("The donor has this contact already."),
    "day_to_come": lazy_gettext("This day is still to come."),
    "ends_before_start": lazy_gettext("It ends before it starts."),
    "email_invalid": lazy_gettext("This is no e-mail address."),
    "iban_invalid": lazy_gettext("This is no IBAN: compare its digits."),
    "contact_kind": lazy_gettext("A contact of this kind does not have this."),
    "currency_differs": lazy_gettext("This is in %(currency)s: give the amount in the same currency."),
    "payer_known": lazy_gettext("This payer is a donor already: %(donor_code)s."),
    "corrected_already": lazy_gettext("This was corrected in the meantime. Look at what is there now."),
    "admin_sees_all": lazy_gettext("Administrators see every field."),
    "admin_sees_donors": lazy_gettext("Administrators see all donors."),
    "scope_of_nobody": lazy_gettext("Please say whose donors it sees."),
    "team_known": lazy_gettext("There is a team of this name already."),
    "custom_value_invalid": lazy_gettext("Nothing in this field can be that."),
    "decimals_of_no_number": lazy_gettext("Only a number has decimals."),
    "key_taken": lazy_gettext("This key is taken."),
    "field_name_taken": lazy_gettext("A field of this name is there already."),
    "label_missing": lazy_gettext("Please give a name in one language at least."),
    "no_field_of_choices": lazy_gettext("Only a field of choices has options."),
    "field_needed": lazy_gettext(
        "One of these roles reads bank files, letters or receipts, in which this field stands."
    ),
    "scopes_beyond_role": lazy_gettext(
        "A token that sees what a role sees has at most the scopes of that role."
    ),
    "too_many_fields": lazy_gettext("There are %(most)s fields already: no more can be added."),
    "too_many_options": lazy_gettext("A field has at most %(most)s options."),
    "unknown_choice": _CHOOSE,
    "unknown_field": _CHOOSE,
    "due_day_over": lazy_gettext("A task is due today or later."),
    "days_reversed": lazy_gettext("These days end before they begin."),
    "not_yet": lazy_gettext("What is still to come is a task: give the time when it happened."),
    "decided": lazy_gettext("This entry is decided already: undo that first."),
    "designations_differ": lazy_gettext("What goes to the funds must add up to the gift."),
    "donor_changed": lazy_gettext(
        "Somebody else changed this donor in the meantime. Look at what is there now, then save again."
    ),
    "donor_in_use": lazy_gettext("Something hangs on this donor: they cannot be taken away."),
    "keep_unfit": lazy_gettext("Please write a number from 1 to %(most)s."),
    "file_forgotten": lazy_gettext("This file was kept long enough, and its bytes are gone."),
    "donor_erased": lazy_gettext("This donor was erased: their gifts stay without a name."),
    "receipt_sealed": lazy_gettext("The donor of this receipt was erased: its paper is sealed."),
    "donor_merged": lazy_gettext("One of the two is a part of another donor already."),
    "other_kind": lazy_gettext(
        "A person, an organisation and a household are never one: change the kind first."
    ),
    "merging_asks_for_more": lazy_gettext(
        "What is made one without a person needs more points than what a person is asked about."
    ),
    "merge_undone": lazy_gettext("This merge was taken apart already."),
    "merge_too_old": lazy_gettext("This merge is too old to be taken apart: it stays."),
    "answer_unfit": lazy_gettext("This is no answer to that question."),
    "people_incomplete": lazy_gettext("Please give each record one number."),
    "field_not_chosen": lazy_gettext("Of this field nobody can choose."),
    "giver_unknown": lazy_gettext("Nobody knows yet who gave this: see “Unknown donor” in the bank."),
    "donor_removed": lazy_gettext("This donor was taken away again: the import or decision was undone."),
    "donor_unreachable": lazy_gettext("It cannot be sent: %(state)s."),
    "doubtful": lazy_gettext("This entry may be known already: say first whether it is other money."),
    "file_too_large": lazy_gettext("The file is too large: export a shorter period."),
    "too_many_files": lazy_gettext("These are too many files at once: send them in parts."),
    "nothing_brought": lazy_gettext("Nothing of this file was brought. Please look at what became of it."),
    "is_bank_file": lazy_gettext(
        "This file was sent as a bank file before. Save it anew in the spreadsheet to bring its people."
    ),
    "send_file_again": lazy_gettext("What this file says is not kept any more: send it again."),
    "preset_unknown": _CHOOSE,
    "cannot_be_written": lazy_gettext("This file asks something, or brings nothing new. Please look at it."),
    "answers_wrong": lazy_gettext("These answers do not fit the file. Please look at it again."),
    "no_table_of_people": lazy_gettext(
        "No table of people or gifts can be read from this file. "
        "Save it as XLSX or CSV with a row of column names."
    ),
    "fund_closed": lazy_gettext("This fund is closed: choose another."),
    "credited_gave": lazy_gettext("Who gave the gift needs no recognition beside it."),
    "credit_too_large": lazy_gettext("Somebody is recognised for a part of the gift, or for all of it."),
    "donor_unknown": lazy_gettext("There is no donor %(donor_id)s."),
    "fund_on_receipt": lazy_gettext(
        "A receipt names this gift and told what it is for: void the receipt first."
    ),
    "gift_changed": lazy_gettext(
        "Somebody else changed this gift in the meantime. Look at what is there now, then save again."
    ),
    "gifts_changed": lazy_gettext("What would be changed is not what was shown any more. Please look again."),
    "too_many_gifts": lazy_gettext("Choose one to %(most)s gifts."),
    "gift_of_other": lazy_gettext("This gift is another donor's: choose one of this donor."),
    "gift_differs": lazy_gettext("This gift was recorded already, with another amount."),
    "gift_on_receipt": _ON_RECEIPT,
    "idempotency_key_in_use": lazy_gettext("This was sent twice. Please wait a moment, then look again."),
    "idempotency_key_reused": _OUT_OF_DATE,
    "instalment_state": lazy_gettext("The instalment is %(state)s: this cannot be done now."),
    "last_admin": lazy_gettext("Somebody must stay administrator: make another one first."),
    "message_state": lazy_gettext("The message is %(state)s: there is nothing to decide."),
    "misconfigured": lazy_gettext("DonorHub is not set up for this yet: tell whoever runs it."),
    "not_a_credit": lazy_gettext("This money left the account: it is no gift."),
    "not_a_return": lazy_gettext("This entry takes nothing back from the gift."),
    "question_answered": lazy_gettext("This question was answered: undo the answer first."),
    "answered_since": lazy_gettext("The entry was replaced since: undo that first."),
    "no_such_answer": lazy_gettext("The question has no such answer."),
    "sum_changed": lazy_gettext(
        "The bank changed the amount: say whether it corrected it, the file is older, or there are two "
        "payments."
    ),
    "not_doubtful": lazy_gettext("Nobody doubts this entry any more."),
    "not_found": lazy_gettext("It does not exist, or it is not on your list."),
    "not_open": lazy_gettext("There is nothing to decide here any more."),
    "nothing_left": lazy_gettext("Nothing is left of this gift."),
    "nobody_chosen": lazy_gettext("Please choose at least one payer."),
    "name_missing": lazy_gettext("The bank does not tell who paid: please give a name."),
    "nothing_to_undo": lazy_gettext("Something hangs on each of these donors: nothing can be undone."),
    "nothing_to_release": lazy_gettext("This event does not wait to be released."),
    "parts_differ": lazy_gettext("The parts must add up to %(amount)s."),
    "password_too_long": lazy_gettext("This password is too long."),
    "mandate_active": lazy_gettext("Another mandate of this recurring gift is active: end it first."),
    "mandate_day": lazy_gettext("Say from which day it is active; it cannot end before that."),
    "mandate_reference_taken": lazy_gettext(
        "This reference belongs to the mandate of another recurring gift."
    ),
    "mandate_step": lazy_gettext("A mandate cannot become this now. Please look at its state again."),
    "no_direct_debit": lazy_gettext("Only a direct debit has a mandate."),
    "letters_being_written": lazy_gettext("The letters are still being written. Please wait a moment."),
    "organisation_unnamed": lazy_gettext(
        "A letter bears our name: say first who we are, under Settings, Organisation."
    ),
    "nothing_goes_on": lazy_gettext("Nothing has come for this recurring gift since it ended."),
    "payer_invalid": lazy_gettext("What is written of a payer cannot be read: a name may have 200 letters."),
    "payout_changed": lazy_gettext("This payout has changed in the meantime. Please look again."),
    "payout_failed": lazy_gettext("This payout did not reach the account: the entry is something else."),
    "payout_taken": lazy_gettext("This payout is joined to another entry: undo that first."),
    "possible_duplicate": lazy_gettext(
        "A donor with this e-mail, or of this name and place, is there already."
    ),
    "possible_duplicate_gift": lazy_gettext(
        "A gift of this donor, of the same day and amount, is recorded already."
    ),
    "proposal_gone": lazy_gettext("What was proposed has changed in the meantime. Please look again."),
    "reason_unprintable": lazy_gettext("There is a sign in it that cannot be printed."),
    "receipt_void": lazy_gettext("The receipt %(number)s is void already."),
    "recurring_gift_closed": lazy_gettext("This recurring gift is closed: start a new one."),
    "recurring_gift_state": lazy_gettext("The recurring gift is %(state)s: this cannot be done now."),
    "run_by_provider": _BY_PROVIDER,
    "same_record": lazy_gettext("These are one record already."),
    "same_moment": lazy_gettext("Somebody saved the same thing at the same moment. Please look again."),
    "statement_state": lazy_gettext("Only a statement that is held can be released."),
    "birth_date_impossible": lazy_gettext("Only a person has a date of birth: from 1890 until today."),
    "tax_number_invalid": lazy_gettext(
        "This is no tax number of the donor's country. Correct it, or the donor's kind and country."
    ),
    "ended_already": lazy_gettext("This has ended already. Look at what is there now."),
    "ends_before_begin": lazy_gettext("It would end before it began."),
    "membership_goes_on": lazy_gettext("A membership of this kind goes on: end it first."),
    "no_household": lazy_gettext("Only a household has members."),
    "no_person": lazy_gettext("Only a person belongs to a household."),
    "same_donor": lazy_gettext("Nobody is related to themselves."),
    "stance_of_target": lazy_gettext("Only a target has a stance."),
    "tag_empty": lazy_gettext("A tag needs a letter or a digit."),
    "task_of_worker": lazy_gettext("The program does this task by itself."),
    "task_state": lazy_gettext("The task is %(state)s: this cannot be done now."),
}
# By kind and field, for refusals that have no code of their own.
FIELDS: Final[Mapping[str, object]] = {
    "conflict/code": lazy_gettext("This code is taken."),
    "conflict/email": lazy_gettext("There is a user with this address already."),
    "not_found/bank_account_id": _CHOOSE,
    "not_found/detail_id": _CHOOSE,
    "not_found/donor_id": _CHOOSE,
    "not_found/gift_id": _CHOOSE,
    "not_found/gift_ids": lazy_gettext("Choose at least one gift."),
    "not_found/payout_id": _CHOOSE,
    "rejected/amount": _MORE_THAN_NOTHING,
    "rejected/appeal_id": _CHOOSE,
    "rejected/campaign_id": _CHOOSE,
    "rejected/day_of_month": lazy_gettext("This is no day of a month: give 1 to 31, or the last."),
    "rejected/detail_id": lazy_gettext("This entry holds several payments: choose one."),
    "rejected/email": lazy_gettext("This is no e-mail address."),
    "rejected/ends_on": lazy_gettext("It would end before it starts."),
    "rejected/lang": _CHOOSE,
    "rejected/layout": lazy_gettext("The columns are not complete: say which column is which."),
    "rejected/matching": _CHOOSE,
    "rejected/name": lazy_gettext("The bank does not tell who paid: please give a name."),
    "rejected/number": lazy_gettext("An account needs a number."),
    "rejected/owner_id": _CHOOSE,
    "rejected/provider": _CHOOSE,
    "rejected/reason": _SAY_WHY,
    "rejected/received_on": lazy_gettext("This day is in the future."),
    "rejected/roles": lazy_gettext("Choose at least one."),
    "rejected/scopes": lazy_gettext("Choose at least one."),
    "rejected/secret": lazy_gettext("Please fill this in."),
    "rejected/until": lazy_gettext("A pause ends after it begins."),
}
_UNREACHABLE: Final = (
    "deceased",
    "no_address",
    "suppressed",
    "address_bounced",
    "address_complained",
    "restricted",
    "erased",
)
_STATES: Final[dict[str, dict[str, object]]] = {
    "donor_unreachable": {reason: codes.ENDS[reason] for reason in _UNREACHABLE},
    "instalment_state": dict(labels.INSTALMENT_STATES.items()),
    "message_state": dict(labels.MESSAGE_STATES.items()),
    "recurring_gift_state": dict(labels.RECURRING_STATES.items()),
    "task_state": dict(labels.TASK_STATES.items()),
}
# Why gifts can get no receipt, by the code of each reason.
RECEIPT_REASONS: Final[Mapping[str, object]] = {
    "several_donors": lazy_gettext("the gifts are of several donors"),
    "several_currencies": lazy_gettext("the gifts are in several currencies: issue a receipt for each"),
    "on_receipt": lazy_gettext("gift %(gift)s is on a receipt already"),
    "disputed": lazy_gettext("gift %(gift)s is disputed"),
    "elsewhere": lazy_gettext("gift %(gift)s has a receipt of another system"),
    "test": lazy_gettext("gift %(gift)s is a test"),
    "gone": lazy_gettext("nothing is left of gift %(gift)s"),
}
# What the rules of a country miss on a receipt, by the codes of receipts.checks.
RECEIPT_PROBLEMS: Final[Mapping[str, object]] = {
    "organisation_name_missing": lazy_gettext("the organisation's legal name is missing"),
    "organisation_address_missing": lazy_gettext("the organisation's address is missing"),
    "organisation_account_missing": lazy_gettext("the organisation's bank account is missing"),
    "organisation_id_missing": lazy_gettext("the organisation's %(name)s is missing"),
    "organisation_id_wrong": lazy_gettext("the organisation's %(name)s is wrong: compare its digits"),
    "signatory_missing": lazy_gettext("the name of the person who signs is missing"),
    "exemption_missing": lazy_gettext("the decision on public-benefit status is missing"),
    "place_missing": lazy_gettext("the place of issue is missing"),
    "donor_name_missing": lazy_gettext("the donor's name is missing"),
    "donor_address_missing": lazy_gettext("the donor's address is missing"),
    "donor_id_missing": lazy_gettext("the donor's personal or fiscal number is missing"),
    "text_unprintable": lazy_gettext("a text holds a sign that cannot be printed, or is too long"),
    "amount_not_positive": lazy_gettext("nothing is left of a gift"),
    "received_after_issue": lazy_gettext("a gift came after the day of the receipt"),
    "mixed_currencies": lazy_gettext("the gifts are in several currencies: issue a receipt for each"),
    "too_many_lines": lazy_gettext(
        "the gifts are too many for one receipt: issue one for each part of the year"
    ),
    "goods_missing": lazy_gettext("what was given in kind is not said"),
    "no_words": lazy_gettext("the sum is too large to be written in words"),
    "language_not_usual": lazy_gettext("receipts of this country are usually in another language"),
    "letters_not_in_font": lazy_gettext("a text has letters that our font cannot draw"),
    "method_unknown": lazy_gettext("a way of payment is printed as “other”"),
}


def write_refusal(error: DonorHubError) -> str:
    """Return what the reader is told of a refusal: our sentence in their language, else the service's."""
    if error.specific_code == "gift_not_receiptable":
        return _word_no_receipt(_word_reason(fact) for fact in error.facts["reasons"])
    if error.specific_code == "receipt_incomplete":
        problems = zip(error.facts["problems"], error.facts["places"], strict=True)
        return _word_no_receipt(dict.fromkeys(word_receipt_problem(code, where) for code, where in problems))
    if error.specific_code == "text_faulty":
        return text_words.write_fault(error.facts["fault"])
    if error.specific_code == "in_the_way":
        return _word_obstacle(error.facts)
    pattern = find_pattern(error.code, error.specific_code, error.field)
    return error.message if pattern is None else str(pattern) % _write_facts(error)


def find_pattern(kind: str, specific_code: str, field: str | None) -> object:
    """Return the sentence with its slots, or None where there is none."""
    if specific_code != kind:
        return CODES.get(specific_code)
    if kind == "rejected" and field == "/password":
        return gettext("A password has at least %(least)s characters.", least=MIN_PASSWORD)
    return FIELDS.get(f"{kind}{field}") if field else CODES.get(kind)


def _write_facts(error: DonorHubError) -> dict[str, Any]:
    """Return a refusal's facts as people write them: a state as a word, an amount with its currency."""
    facts = dict(error.facts)
    if error.specific_code in _STATES:
        state = str(facts["state"])
        facts["state"] = _STATES[error.specific_code].get(state, state)
    if "amount" in facts:
        lang = find_word(str(get_locale()), LANGS) or "en"
        facts["amount"] = figures.write_amount(Money.parse(facts["amount"], facts["currency"]), lang)
    return facts


def _word_no_receipt(reasons: Iterable[str]) -> str:
    return str(gettext("No receipt can be issued: %(reasons)s.", reasons="; ".join(reasons)))


def _word_reason(reason: Mapping[str, Any]) -> str:
    return str(RECEIPT_REASONS[reason["code"]]) % {"gift": reason["gift_id"]}


def word_receipt_problem(code: str, where: str) -> str:
    """Return what is wrong with a receipt, by its code and place of receipts.checks."""
    word = RECEIPT_PROBLEMS.get(code)
    if word is None:  # a fault of the program, which nobody meets at a page
        return str(gettext("its figures do not fit each other (%(code)s)", code=code))
    return str(word) % {"name": where.rpartition(".")[2]}


def _word_obstacle(facts: Mapping[str, Any]) -> str:
    if "receipt_ids" in facts:
        sentence: object = ngettext(
            "%(num)d receipt names gifts of this file: void it first.",
            "%(num)d receipts name gifts of this file: void them first.",
            len(facts["receipt_ids"]),
        )
        return str(sentence)
    sentence = ngettext(
        "People decided %(num)d entry of this file: tick that it is undone too.",
        "People decided %(num)d entries of this file: tick that they are undone too.",
        facts["decisions"],
    )
    return str(sentence)
