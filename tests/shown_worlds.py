"""What single decisions are about: the page and address of each, and what changes what was shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Entry, EntryQuestion, Payout
from donorhub.models.states import QuestionAnswer
from donorhub.services.bank.matching import entries, entry_answers
from donorhub.services.donors import donors
from tests.services.bank.bank import ANNA, BESA, Paid, camt, match, open_account, send
from tests.web.bank.bank_world import let_write

DAY, TODAY = date(2026, 10, 5), date(2026, 11, 22)
OTHER = "user:2"  # somebody else, meanwhile
Fields = Mapping[str, object]


def by_other() -> dict[str, Any]:
    return {"now": clock.now(), "actor": OTHER}


@dataclass(frozen=True)
class Deed:
    """A decision of one thing: the page whose form says it, the form's address, and the same over the API."""

    name: str
    prepare: Callable[[], None]
    change: Callable[[], None]  # by somebody else, after it was shown
    page: str
    path: str
    fields: Fields = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # fields whose values the page has
    api_page: str = ""
    api_path: str = ""
    body: Fields = field(default_factory=dict)
    api_digest: Callable[[dict[str, Any]], object] = lambda answer: answer["digest"]


def add_donor(name: str) -> Donor:
    return donors.create_donor({"name": name}, source="form", now=clock.now(), actor=OTHER)


def prepare_entry() -> None:
    """A payment of Anna (donor 1) by her code; Besa is donor 2."""
    open_account()
    codes = [add_donor(name).code for name in ("Anna Kowalska", "Besa Krasniqi")]
    db.session.commit()
    send(camt([Paid(DAY, 5000, text=codes[0])]))
    match()


def prepare_payout() -> None:
    open_account()
    db.session.add(
        Payout(
            provider="stripe",
            account="acct_1",
            ref="po_1",
            net_minor=9000,
            currency="PLN",
            arrival_on=DAY,
            state="paid",
        )
    )
    db.session.commit()
    send(camt([Paid(DAY, 9000, name="Someone", account="", text="x")]))
    match()


def prepare_decided() -> None:
    prepare_entry()
    give_to(1)


def give_to(donor_id: int) -> None:
    entries.accept_shares(1, [entries.Share(donor_id, 5000)], now=clock.now(), actor=OTHER)
    db.session.commit()


def say_no_gift() -> None:
    entries.mark_not_a_gift(1, "own_transfer", now=clock.now(), actor=OTHER)
    db.session.commit()


def decide_anew() -> None:
    entries.undo_entry(1, now=clock.now(), actor=OTHER)
    give_to(2)


def bury_anna() -> None:
    db.session.get_one(Donor, 1).is_deceased = True
    db.session.commit()


def prepare_doubts(payers: Sequence[tuple[str, str]] = (("Anna", ANNA), ("Besa", BESA))) -> None:
    """Payments told again with other sums, here two: entries 3 and 4 are doubtful, questions 1 and 2 open."""
    open_account()
    for cut, name in ((0, "first.xml"), (100, "again.xml")):
        paid = [
            Paid(DAY, 5000 - 1000 * n - cut, name=who, account=account, ref=f"R{n}")
            for n, (who, account) in enumerate(payers)
        ]
        send(camt(paid), name)
        let_write()
    question_count = db.session.scalar(select(func.count()).where(EntryQuestion.kind == "amount_changed"))
    assert question_count == len(payers)


def prepare_same() -> None:
    """A payment told again with another text: entry 2 is doubtful, it may be entry 1."""
    open_account()
    for text, name in (("a", "first.xml"), ("b", "again.xml")):
        send(camt([Paid(DAY, 5000, text=text)], opening=None, name=name), name)
        let_write()


def answer_question(answer: QuestionAnswer) -> Callable[[], None]:
    def act() -> None:
        entry_answers.answer_question(1, answer, now=clock.now(), actor=OTHER)
        db.session.commit()

    return act


def prepare_answered() -> None:
    prepare_doubts()
    answer_question("corrected")()


def answer_anew() -> None:
    entry_answers.undo_answer(1, now=clock.now(), actor=OTHER)
    answer_question("other_money")()


def change_twin() -> None:
    """The bank's row in the ledger is told to be another's by now."""
    db.session.get_one(Entry, db.session.get_one(EntryQuestion, 1).twin_id).remittance = "said otherwise"
    db.session.commit()


ENTRY, DOUBTFUL = "/bank/entries/1", "/bank/entries/3"
GROUP = "/bank/questions/2/amount_changed"
SPLIT = {
    "do": "record",
    "count": "2",
    "who0": "DH-1001-7",
    "amount0": "30,00",
    "who1": "DH-1002-5",
    "amount1": "20",
}
PARTS = [
    {"donor_id": 1, "amount": {"amount": "30.00", "currency": "PLN"}},
    {"donor_id": 2, "amount": {"amount": "20.00", "currency": "PLN"}},
]


def give_to_besa() -> None:
    give_to(2)


def _of_entry(name: str, path: str, fields: Fields, body: Fields, **more: Any) -> Deed:
    told = {"change": say_no_gift, "api_page": "/entries/1", "api_path": "/entries/1/matches", **more}
    return Deed(name, prepare_entry, page=ENTRY, path=f"{ENTRY}/{path}", fields=fields, body=body, **told)


def _get_candidate(answer: dict[str, Any]) -> object:
    return answer["proposals"][0]["candidates"][0]["digest"]


ENTRY_DEEDS = (
    _of_entry("accept", "accept", {}, {"rank": 0}, names={"choice": "choice"}, api_digest=_get_candidate),
    Deed(
        "accept of the dead",
        prepare_entry,
        bury_anna,
        ENTRY,
        f"{ENTRY}/accept",
        names={"choice": "choice"},
        api_page="/entries/1",
        api_path="/entries/1/matches",
        body={"rank": 0},
        api_digest=_get_candidate,
    ),
    _of_entry(
        "give",
        "give",
        {"donor": "2"},
        {"parts": [{"donor_id": 2, "amount": {"amount": "50.00", "currency": "PLN"}}]},
    ),
    _of_entry("not a gift", "not-a-gift", {"reason": "charge"}, {"not_gift": "charge"}, change=give_to_besa),
    _of_entry(
        "new donor",
        "new-donor",
        {"name": "Cela Hoxha", "kind": "person", "lang": "", "known": "1"},
        {"new_donor": {"name": "Cela Hoxha"}},
    ),
    _of_entry("split", "split", SPLIT, {"parts": PARTS}),
    Deed(
        "payout",
        prepare_payout,
        say_no_gift,
        ENTRY,
        f"{ENTRY}/payout",
        {"payout": "1"},
        api_page="/entries/1",
        api_path="/entries/1/matches",
        body={"payout_id": 1},
    ),
    Deed(
        "undo",
        prepare_decided,
        decide_anew,
        ENTRY,
        f"{ENTRY}/undo",
        api_page="/entries/1",
        api_path="/entries/1/undo",
    ),
    Deed(
        "doubt",
        prepare_doubts,
        answer_question("corrected"),
        DOUBTFUL,
        f"{DOUBTFUL}/doubt",
        {"answer": "new"},
        api_page="/entries/3",
        api_path="/entries/3/accept",
    ),
    Deed(
        "doubt about another",
        prepare_doubts,
        change_twin,
        DOUBTFUL,
        f"{DOUBTFUL}/doubt",
        {"answer": "corrected"},
        api_page="/entries/3",
        api_path="/entries/3/accept",
    ),
    Deed(
        "the same",
        prepare_same,
        change_twin,
        "/bank/entries/2",
        "/bank/entries/2/doubt",
        {"answer": "known"},
        api_page="/entries/2",
        api_path="/entries/2/reject",
    ),
    Deed(
        "question",
        prepare_doubts,
        answer_question("other_money"),
        GROUP,
        "/bank/questions/1/answer",
        {"answer": "corrected"},
        api_page="/entry-questions/1",
        api_path="/entry-questions/1/answer",
        body={"answer": "corrected"},
    ),
    Deed(
        "undo of an answer",
        prepare_answered,
        answer_anew,
        "/bank/questions",
        "/bank/questions/1/undo",
        api_page="/entry-questions/1",
        api_path="/entry-questions/1/undo",
    ),
)
