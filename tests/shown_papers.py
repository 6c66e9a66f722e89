"""The single decisions of gifts, receipts, statements and messages that tests/test_shown_single.py takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Donor, Message
from donorhub.models.states import MessageState
from donorhub.services.access import organisation
from donorhub.services.bank import import_undo
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from tests.services.bank.bank import Paid, camt, open_account, send
from tests.shown_worlds import DAY, TODAY, Deed, by_other
from tests.web import desk
from tests.web.bank.bank_world import work


def prepare_gift() -> None:
    desk.add_gift(desk.add_donor())


def prepare_old_gift() -> None:
    """A gift of two years ago, which nobody is thanked for unless somebody asks for it."""
    desk.add_gift(desk.add_donor(email="anna@example.org"), on=date(2024, 11, 19))


def take_gift_out() -> None:
    gifts.correct_gift(1, reason="wrong", source_ref="x", **by_other())
    db.session.commit()


def prepare_receipt() -> None:
    organisation.change_organisation(
        {
            "street": "ul. Prosta 1",
            "postcode": "00-001",
            "city": "Warszawa",
            "country": "PL",
            "ids": {"KRS": "0000123456", "NIP": "5252810770"},
            "signatory_name": "Maria Nowak",
            "signatory_role": "prezeska",
        },
        **by_other(),
    )
    desk.add_gift(desk.add_donor(email="anna@example.org"))
    receipts.issue_receipt([1], today=TODAY, **by_other())
    db.session.commit()


def void_receipt() -> None:
    receipts.void_receipt(1, reason="a wrong name", **by_other())
    db.session.commit()


def write_other_address() -> None:
    db.session.get_one(Donor, 1).email = "another@example.org"
    db.session.commit()


def prepare_held_statement() -> None:
    """A statement whose balances do not add up."""
    open_account()
    send(camt([Paid(DAY, 5000)], closing=99900))


def take_file_back() -> None:
    import_undo.take_back_import(1, reason="wrong", **by_other())
    db.session.commit()


def prepare_uncertain_message() -> None:
    desk.add_gift(desk.add_donor(email="anna@example.org"), thank_delay=timedelta())
    work()
    set_message_state("unknown")()


def set_message_state(state: MessageState) -> Callable[[], None]:
    def change() -> None:
        db.session.scalars(select(Message)).one().state = state
        db.session.commit()

    return change


REASON = {"reason": "typed twice"}
PAPER_DEEDS = (
    Deed(
        "take a gift out",
        prepare_gift,
        take_gift_out,
        "/gifts/1",
        "/gifts/1/correct",
        REASON,
        {"key": "key"},
        api_page="/gifts/1",
        api_path="/gifts/1/corrections",
        body=REASON,
    ),
    Deed(
        "thank for an old gift",
        prepare_old_gift,
        take_gift_out,
        "/gifts/1",
        "/gifts/1/thank",
        api_page="/gifts/1",
        api_path="/gifts/1/thank-you",
    ),
    Deed(
        "void a receipt",
        prepare_receipt,
        void_receipt,
        "/receipts/1",
        "/receipts/1/void",
        REASON,
        api_page="/receipts/1",
        api_path="/receipts/1/void",
        body=REASON,
    ),
    Deed(
        "send a receipt",
        prepare_receipt,
        void_receipt,
        "/receipts/1",
        "/receipts/1/send",
        api_page="/receipts/1",
        api_path="/receipts/1/send",
    ),
    Deed("send to that address", prepare_receipt, write_other_address, "/receipts/1", "/receipts/1/send"),
    Deed(
        "release a statement",
        prepare_held_statement,
        take_file_back,
        "/bank/statements/1",
        "/bank/statements/1/release",
        REASON,
        api_page="/statements/1",
        api_path="/statements/1/release",
        body=REASON,
    ),
    Deed(
        "decide a message",
        prepare_uncertain_message,
        set_message_state("sent"),
        "/messages/1",
        "/messages/1/decide",
        {"answer": "again"},
    ),
)
