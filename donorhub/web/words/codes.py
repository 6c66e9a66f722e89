"""Words for the codes that rows keep: why something ended, failed or was set aside, in the reader's language.

What a person wrote stands in the same columns and is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext
from markupsafe import Markup

# What became of a task or a message, and why a recurring gift or an instalment stands where it stands.
ENDS: Final[Mapping[str, object]] = {
    "address_bounced": lazy_gettext("mail to this address came back"),
    "address_complained": lazy_gettext("they complained about mail to this address"),
    "already_sent": lazy_gettext("the donor was thanked already"),
    "discarded": lazy_gettext("somebody decided against it"),
    "bank_unknown": lazy_gettext("the bank was not known that far"),
    "closed": lazy_gettext("the recurring gift was closed"),
    "corrected": lazy_gettext("the gift was taken out"),
    "import_taken_back": lazy_gettext("its import was taken away"),
    "deceased": lazy_gettext("the donor has died"),
    "decided_twice": lazy_gettext("the later of two decisions was taken back: is the one that stands right?"),
    "expired": lazy_gettext("it waited too long to be sent"),
    "found": lazy_gettext("it was found"),
    "given_back": lazy_gettext("what was taken is back"),
    "gone": lazy_gettext("it is there no more"),
    "history": lazy_gettext("it was taken over from another system"),
    "joined": lazy_gettext("it is thanked for together with other gifts of the donor"),
    "known": lazy_gettext("it was written already"),
    "known_before": lazy_gettext("it was known before"),
    "lost": lazy_gettext("lost"),
    "made": lazy_gettext("it is made"),
    "mandate_gone": lazy_gettext("its mandate has ended"),
    "missed": lazy_gettext("instalments were missed"),
    "no_address": lazy_gettext("there is no e-mail address"),
    "no_api_key": lazy_gettext("there is no key to ask the provider with"),
    "no_consent": lazy_gettext("there is no consent"),
    "no_contact": lazy_gettext("the donor wants no contact"),
    "not_recurring": lazy_gettext("it was no recurring gift"),
    "no_mandate": lazy_gettext("it has no mandate"),
    "nothing_left": lazy_gettext("nothing is left of the gift"),
    "nothing_left_of_the_gift": lazy_gettext("nothing is left of the gift"),
    "opted_out": lazy_gettext("the donor said no to it"),
    "paid": lazy_gettext("it was paid"),
    "planned": lazy_gettext("a message was written"),
    "receipt_void": lazy_gettext("the receipt is void"),
    "refused": lazy_gettext("the mail server refused it"),
    "replaced": lazy_gettext("replaced"),
    "restricted": lazy_gettext("the donor's data are only kept, not used"),
    "sent": lazy_gettext("it was sent"),
    "skipped": lazy_gettext("skipped"),
    "superseded": lazy_gettext("another took its place"),
    "target": lazy_gettext("the donor is a target of a campaign: they are neither asked nor thanked"),
    "suppressed": lazy_gettext("the address is on the suppression list"),
    "address_unconfirmed": lazy_gettext("the donor has not confirmed the address yet"),
    "cap": lazy_gettext("the donor wants to hear of us less often, and has heard in this time"),
    "consent_expired": lazy_gettext("the consent has expired"),
    "do_not_solicit": lazy_gettext("the donor does not want to be asked"),
    "erased": lazy_gettext("the donor was erased"),
    "quiet_hours": lazy_gettext("it is night"),
    "accepted": lazy_gettext("it was accepted"),
    "paid_again": lazy_gettext("it was paid again"),
    "settled": lazy_gettext("it is settled"),
    "restarted": lazy_gettext("it goes on"),
    "pause": lazy_gettext("a pause"),
    "term_changed": lazy_gettext("the terms were changed"),
    "too_old": lazy_gettext("it came too long ago"),
    "tried_again": lazy_gettext("it was tried again"),
    "undone": lazy_gettext("the decision was undone"),
    "waived": lazy_gettext("waived"),
    "won": lazy_gettext("won"),
    "the program stopped while the message was being sent": lazy_gettext(
        "the program stopped while the message was being sent"
    ),
    "the address has letters before the @ that this mail server cannot write to": lazy_gettext(
        "the address has letters before the @ that this mail server cannot write to: ask for another one"
    ),
    "the worker stopped while it was doing this": lazy_gettext(
        "the program broke off each time it began with this: it is left alone until somebody tries it again"
    ),
}
# Providers' own words: of subscriptions and invoices, of disputes, and why an event is set aside.
PROVIDERS: Final[Mapping[str, object]] = {
    "bank_cannot_process": lazy_gettext("the bank could not process it"),
    "cancellation_requested": lazy_gettext("it was asked for"),
    "credit_not_processed": lazy_gettext("a refund did not arrive"),
    "customer_initiated": lazy_gettext("the payer asked for it"),
    "debit_not_authorized": lazy_gettext("the payer did not allow the debit"),
    "duplicate": lazy_gettext("it was paid twice"),
    "fraudulent": lazy_gettext("the payer says it was fraud"),
    "general": lazy_gettext("no reason is told"),
    "incomplete": lazy_gettext("the first payment is not confirmed"),
    "incomplete_expired": lazy_gettext("the first payment was never confirmed"),
    "insufficient_funds": lazy_gettext("there was not enough money"),
    "mode_mismatch": lazy_gettext("a test where real money is expected, or the other way round"),
    "past_due": lazy_gettext("a payment is overdue"),
    "payment_disputed": lazy_gettext("a payment was disputed"),
    "payment_failed": lazy_gettext("a payment failed"),
    "product_not_received": lazy_gettext("the payer says that nothing was received"),
    "requested": lazy_gettext("it was asked for"),
    "subscription_canceled": lazy_gettext("the payer says that it had been cancelled"),
    "thin_message": lazy_gettext("the message says only that something happened"),
    "told_elsewhere": lazy_gettext("another endpoint was told of it already"),
    "uncollectible": lazy_gettext("the provider has given it up"),
    "unknown_account": lazy_gettext("it belongs to an account that no endpoint names"),
    "unpaid": lazy_gettext("payments failed too often"),
    "unrecognized": lazy_gettext("the payer does not know the payment"),
    "void": lazy_gettext("the provider took it back"),
}


def word_code(text: str | None) -> str:
    """Return the word for a code; another text, which a person wrote, as it is."""
    word = ENDS.get(text or "") or PROVIDERS.get(text or "")
    return str(word) if word is not None else text or ""


def is_code(text: str) -> bool:
    """Return whether a text is a code that has a word, and nothing that a person or program wrote."""
    return text in ENDS or text in PROVIDERS


def mark_english(text: str) -> str | Markup:
    """Return a program's sentence marked as English for screen readers; a code we know as its word."""
    word = word_code(text)
    return word if word != text else Markup('<span lang="en">{}</span>').format(text)
