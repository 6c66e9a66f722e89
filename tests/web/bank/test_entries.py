"""Deciding entries in the browser: accepting, finding, adding, splitting, refusing, doubting, and undoing."""

from __future__ import annotations

import re

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import Correction, Donor, Entry, EntryQuestion, Fund, Gift, ImportFile, Match, Payout
from donorhub.services.receipts import receipts
from tests.web.bank.bank_world import PAYER, TODAY, Line, Staff, camt, donor, let_write, words_of, work

OTHER = "PL83101010230000261395100000"


def statement(staff: Staff, *lines: Line, opening: str = "100.00") -> str:
    """Import a statement of an account of ours and match it."""
    page = staff.upload(camt(lines, opening=opening))
    if "It is ours" in staff.text(page):
        staff.confirm(page)
        work()
    return page


def entry_of(name: str) -> Entry:
    db.session.expire_all()
    row = db.session.scalar(select(Entry).filter_by(counterparty_name=name))
    assert row is not None
    return row


def choice_in(page: str, entry_id: int, donor_id: int | None = None) -> str:
    """The value of the first choice that the list offers for an entry, or of the one of a donor."""
    block = page[page.index(f'id="e{entry_id}"') :]
    values = re.findall(r'name="choice" value="([^"]+)".*?/donors/(\d+)"', block, re.DOTALL)
    return next(value for value, who in values if donor_id in (None, int(who)))


def gifts_now() -> list[tuple[str, int]]:
    """Donor and amount of every gift that was not taken out."""
    let_write()
    taken = select(Correction.gift_id)
    rows = db.session.execute(
        select(Donor.name, Gift.amount_minor)
        .join(Gift, Gift.donor_id == Donor.id)
        .where(Gift.id.not_in(taken))
        .order_by(Gift.id)
    )
    return [(name, minor) for name, minor in rows]


def make_coded_line(anna: Donor) -> Line:
    return ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, f"darowizna {anna.code}")


def test_code_is_proposed_and_accepted(accountant: Staff) -> None:
    """A code in the text is proposed with its reason and accepted."""
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna))
    page = accountant.get("/bank/to-decide")
    words = words_of(page.text)
    assert f"The text has the code {anna.code}" in words
    assert "sure" in words
    row = entry_of("KOWALSKA ANNA")
    answer = accountant.post(f"/bank/entries/{row.id}/accept", choice=choice_in(page.text, row.id))
    assert answer.status_code == 302
    assert gifts_now() == [("Anna Kowalska", 5000)]
    after = words_of(accountant.get(answer.headers["Location"]).text)
    assert "PLN 50.00, KOWALSKA ANNA → Anna Kowalska" in after
    assert "Nothing waits to be decided." in after


def test_accepting_twice_makes_one_gift(accountant: Staff) -> None:
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna))
    row = entry_of("KOWALSKA ANNA")
    choice = choice_in(accountant.get("/bank/to-decide").text, row.id)
    for _ in range(2):
        assert accountant.post(f"/bank/entries/{row.id}/accept", choice=choice).status_code == 302
    assert gifts_now() == [("Anna Kowalska", 5000)]


def test_undo_makes_entry_wait_again(accountant: Staff) -> None:
    """Undo takes the gift out, and the entry waits again."""
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna))
    row = entry_of("KOWALSKA ANNA")
    accountant.click(f"/bank/entries/{row.id}/give", donor=anna.id)
    assert "Anna Kowalska" in accountant.text("/bank/matched")
    assert accountant.click(f"/bank/entries/{row.id}/undo").status_code == 302
    assert gifts_now() == []
    assert entry_of("KOWALSKA ANNA").state == "suspense"
    assert "undone by Ann accountant" in accountant.text(f"/bank/entries/{row.id}")


def test_outdated_choice_is_refused(accountant: Staff) -> None:
    """A choice that is proposed no more is refused, and nothing changes."""
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna))
    row = entry_of("KOWALSKA ANNA")
    answer = accountant.post(f"/bank/entries/{row.id}/accept", choice="donor:99-5000")
    assert answer.status_code == 422
    assert "This changed since it was shown" in words_of(answer.text)
    assert gifts_now() == []


def test_nothing_chosen_is_refused_in_words(accountant: Staff) -> None:
    statement(accountant, ("2026-11-19", "50.00", "NOBODY KNOWN", PAYER, "x"))
    row = entry_of("NOBODY KNOWN")
    for deed in ("accept", "give", "payout"):
        answer = accountant.post(f"/bank/entries/{row.id}/{deed}")
        assert answer.status_code == 422, deed
        assert "Please choose" in words_of(answer.text)
    assert accountant.click(f"/bank/entries/{row.id}/not-a-gift", reason="because").status_code == 422


def test_two_namesakes_are_both_shown_to_choose_of(accountant: Staff) -> None:
    donor("Jan Nowak", city="Gdynia")
    second = donor("Jan Nowak", city="Warszawa")
    statement(accountant, ("2026-11-19", "50.00", "NOWAK JAN", OTHER, "wsparcie"))
    page = accountant.get("/bank/to-decide")
    words = words_of(page.text)
    assert "Gdynia" in words and "Warszawa" in words and "2 donors have this name" in words
    row = entry_of("NOWAK JAN")
    choice = choice_in(page.text, row.id, second.id)
    assert accountant.post(f"/bank/entries/{row.id}/accept", choice=choice).status_code == 302
    assert db.session.scalar(select(Gift.donor_id)) == second.id


def test_donor_search_needs_no_script(accountant: Staff) -> None:
    """Another donor is found by a search that needs no script."""
    donor("Besa Krasniqi", city="Prishtinë")
    statement(accountant, ("2026-11-19", "50.00", "SOMEBODY ELSE", OTHER, "x"))
    row = entry_of("SOMEBODY ELSE")
    page = accountant.get(f"/bank/entries/{row.id}?q=krasniqi")
    assert "Besa Krasniqi" in words_of(page.text)
    found = re.search(r'name="donor" value="(\d+)"', page.text)
    assert found is not None
    assert accountant.click(f"/bank/entries/{row.id}/give", donor=found.group(1)).status_code == 302
    assert gifts_now() == [("Besa Krasniqi", 5000)]


def test_account_is_masked_in_list(accountant: Staff) -> None:
    """The account is masked in the list and whole on the entry."""
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    row = entry_of("KOWALSKA ANNA")
    assert "PL27 … 5387" in accountant.text("/bank/to-decide")
    assert PAYER not in accountant.get("/bank/to-decide").text.replace(" ", "")
    assert "PL27 1140 2004 0000 3002 0135 5387" in accountant.text(f"/bank/entries/{row.id}")


def test_payer_becomes_one_new_donor(accountant: Staff) -> None:
    """A new donor is made of what the bank wrote, once, however often the form is sent."""
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA UL. LIPOWA 3", PAYER, "x"))
    row = entry_of("KOWALSKA ANNA UL. LIPOWA 3")
    page = accountant.get(f"/bank/entries/{row.id}/new-donor").text
    assert re.search(r'name="given_name"[^>]*value="Anna"', page)
    assert re.search(r'name="family_name"[^>]*value="Kowalska"', page)
    form = {"kind": "person", "lang": "pl", "name": "Anna Kowalska", "given_name": "Anna"}
    for _ in range(2):
        answer = accountant.click(f"/bank/entries/{row.id}/new-donor", **form, city="Gdańsk")
        assert answer.status_code == 302
    let_write()
    made = db.session.scalars(select(Donor)).all()
    assert [(one.name, one.city, one.source) for one in made] == [("Anna Kowalska", "Gdańsk", "bank")]
    assert gifts_now() == [("Anna Kowalska", 5000)]


def test_a_new_donor_without_a_name_is_refused(accountant: Staff) -> None:
    statement(accountant, ("2026-11-19", "50.00", "X Y", PAYER, "x"))
    row = entry_of("X Y")
    answer = accountant.click(f"/bank/entries/{row.id}/new-donor", kind="person", lang="pl", name=" ")
    assert answer.status_code == 422
    let_write()
    assert db.session.scalar(select(func.count()).select_from(Donor)) == 0


def test_split_parts_must_add_up(accountant: Staff) -> None:
    """A split must add up, and makes a gift of each part."""
    anna, jan = donor("Anna Kowalska"), donor("Jan Nowak")
    db.session.add(Fund(code="wells", name="Wells"))
    db.session.commit()
    statement(accountant, ("2026-11-19", "100.00", "KOWALSKA I NOWAK", PAYER, "x"))
    row = entry_of("KOWALSKA I NOWAK")
    path = f"/bank/entries/{row.id}/split"
    form = {
        "count": "2",
        "do": "record",
        "who0": anna.code,
        "amount0": "60,00",
        "who1": "Nowak",
        "amount1": "30",
        "digest": accountant.digest_of(path),
    }
    answer = accountant.post(path, **form)
    assert answer.status_code == 422
    assert "The parts must add up to the whole amount." in words_of(answer.text)
    assert "Left to place: PLN 10.00" in words_of(answer.text)
    fund = db.session.scalar(select(Fund.id).filter_by(code="wells"))
    assert accountant.post(path, **{**form, "amount1": "40", "fund1": fund}).status_code == 302
    assert gifts_now() == [("Anna Kowalska", 6000), ("Jan Nowak", 4000)]
    assert accountant.post(path, **{**form, "amount1": "40", "fund1": fund}).status_code == 302
    assert len(gifts_now()) == 2
    assert jan.id in {match.donor_id for match in db.session.scalars(select(Match))}


def test_split_asks_which_namesake(accountant: Staff) -> None:
    """A split asks which of several namesakes is meant, and says who is nobody."""
    donor("Jan Nowak", city="Gdynia")
    donor("Jan Nowak", city="Warszawa")
    statement(accountant, ("2026-11-19", "100.00", "X", PAYER, "x"))
    path = f"/bank/entries/{entry_of('X').id}/split"
    answer = accountant.post(
        path, count="2", do="record", who0="Jan Nowak", amount0="50", who1="Nobody Atall", amount1="50"
    )
    words = words_of(answer.text)
    assert answer.status_code == 422
    assert "Several donors fit: please choose one." in words
    assert "Nobody is found" in words
    more = accountant.post(path, count="2", do="more", who0="Jan Nowak", amount0="50")
    assert more.status_code == 200 and "Part 3" in words_of(more.text)
    assert gifts_now() == []


def test_no_gift_keeps_its_reason(accountant: Staff) -> None:
    """What is no gift is kept with its reason and can be undone."""
    statement(accountant, ("2026-11-19", "900.00", "GMINA GDAŃSK", OTHER, "dotacja"))
    row = entry_of("GMINA GDAŃSK")
    assert accountant.click(f"/bank/entries/{row.id}/not-a-gift", reason="grant").status_code == 302
    assert "A person said: a grant or subsidy" in accountant.text("/bank/not-gifts")
    assert gifts_now() == []
    accountant.click(f"/bank/entries/{row.id}/undo")
    assert entry_of("GMINA GDAŃSK").state == "suspense"


def test_fitting_payout_is_offered(accountant: Staff) -> None:
    """A payout of this very amount is offered and joined."""
    payout = Payout(
        provider="stripe",
        account="acct_1",
        ref="po_1",
        state="paid",
        net_minor=12345,
        currency="PLN",
        arrival_on=TODAY,
    )
    db.session.add(payout)
    db.session.commit()
    statement(accountant, ("2026-11-20", "123.45", "CARD MONEY LTD", OTHER, "transfer"))
    row = entry_of("CARD MONEY LTD")
    assert "Is it a payout of a provider?" in accountant.text(f"/bank/entries/{row.id}")
    assert accountant.click(f"/bank/entries/{row.id}/payout", payout=payout.id).status_code == 302
    let_write()
    assert db.session.get_one(Payout, payout.id).entry_id == row.id
    assert gifts_now() == []


def test_certain_entries_are_accepted_together(accountant: Staff) -> None:
    """All that is certain is accepted at once, and the rest stays."""
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna), ("2026-11-20", "20.00", "SOMEBODY ELSE", OTHER, "x"))
    answer = accountant.accept_sure()
    assert answer.status_code == 302
    assert gifts_now() == [("Anna Kowalska", 5000)]
    assert entry_of("SOMEBODY ELSE").state == "suspense"
    again = accountant.get(accountant.accept_sure().headers["Location"])
    assert "Nothing here is certain enough" in words_of(again.text)


def test_a_receipt_keeps_a_decision_from_being_undone(accountant: Staff) -> None:
    anna = donor("Anna Kowalska", street="Lipowa 3", postcode="80-001", city="Gdańsk")
    statement(accountant, make_coded_line(anna))
    row = entry_of("KOWALSKA ANNA")
    accountant.click(f"/bank/entries/{row.id}/give", donor=anna.id)
    let_write()
    gift = db.session.scalars(select(Gift)).one()
    issue_receipt(gift)
    answer = accountant.click(f"/bank/entries/{row.id}/undo")
    assert answer.status_code == 422
    assert "receipt" in words_of(answer.text)
    assert gifts_now() == [("Anna Kowalska", 5000)]
    file_id = db.session.scalars(select(ImportFile.id)).one()
    words = accountant.text(f"/bank/files/{file_id}/take-back")
    assert "This stands in the way" in words
    assert accountant.take_back(f"/bank/files/{file_id}", reason="wrong file").status_code == 422


def issue_receipt(gift: Gift) -> None:
    from donorhub import clock
    from donorhub.services.access import organisation

    organisation.change_organisation(
        {
            "legal_name": "Fundacja Przykład",
            "street": "Długa 1",
            "postcode": "80-001",
            "city": "Gdańsk",
            "ids": {"KRS": "0000123456", "NIP": "5260250274", "REGON": "123456785"},
            "signatory_name": "Ewa Lis",
            "signatory_role": "Prezes",
        },
        now=clock.now(),
        actor="cli:test",
    )
    receipts.issue_receipt([gift.id], now=clock.now(), today=TODAY, actor="cli:test")
    db.session.commit()


def test_decided_import_needs_tick_for_undo(accountant: Staff) -> None:
    """An import is taken back after decisions only when that is ticked."""
    anna = donor("Anna Kowalska")
    page = statement(accountant, make_coded_line(anna))
    row = entry_of("KOWALSKA ANNA")
    accountant.click(f"/bank/entries/{row.id}/give", donor=anna.id)
    back = f"{page}/take-back"
    assert "A person decided 1 entry of this file." in accountant.text(back)
    assert accountant.take_back(page, reason="wrong account").status_code == 422
    assert gifts_now() == [("Anna Kowalska", 5000)]
    assert accountant.take_back(page, reason="", undo_decisions="1").status_code == 422
    assert accountant.take_back(page, reason="wrong account", undo_decisions="1").status_code == 302
    assert gifts_now() == []
    assert "nothing of it counts" in accountant.text(page)
    assert accountant.post(f"{page}/again").status_code == 302
    work()
    assert "imported" in accountant.text(page)


def test_doubtful_entry_is_compared_and_settled(accountant: Staff) -> None:
    """A doubtful entry is shown beside the known one and settled, once."""
    twice = ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "darowizna")
    statement(accountant, twice, twice)
    known, doubtful = db.session.scalars(select(Entry).order_by(Entry.id)).all()
    doubtful.state = "doubtful"  # as when another format tells the same day in other words
    file_id = db.session.scalars(select(ImportFile.id)).one()
    question = EntryQuestion(
        entry_id=doubtful.id, twin_id=known.id, import_file_id=file_id, kind="text_changed"
    )
    db.session.add(question)
    db.session.commit()
    words = accountant.text("/bank/doubtful")
    assert "The text or the payer is another" in words and "This one is known:" in words
    assert f'href="/bank/entries/{known.id}"' in accountant.get("/bank/doubtful").text
    for _ in range(2):
        assert accountant.click(f"/bank/entries/{doubtful.id}/doubt", answer="known").status_code == 302
    let_write()
    assert db.session.get_one(Entry, doubtful.id).state == "duplicate"
    assert "No entry is doubtful." in accountant.text("/bank/doubtful")


# ---------------------------------------------------------------- the place in the list


def test_undo_beside_a_list_stays_there(accountant: Staff) -> None:
    """The Undo of a list's confirmation leads back to the entry in that list, in view."""
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna))
    entry = entry_of("KOWALSKA ANNA")
    accountant.click(f"/bank/entries/{entry.id}/not-a-gift", reason="other")
    page = accountant.get(f"/bank/to-decide?done={entry.id}").text
    confirmation = page[page.index('id="told"') : page.index("<nav", page.index('id="told"'))]
    assert (
        f'action="/bank/entries/{entry.id}/undo"' in confirmation
        and f'name="next" value="{entry.id}"' in confirmation
    )
    answer = accountant.click(f"/bank/entries/{entry.id}/undo", next=str(entry.id))
    assert answer.headers["Location"] == f"/bank/to-decide#e{entry.id}"
    assert entry_of("KOWALSKA ANNA").state == "suspense"


def test_a_script_gets_the_confirmation_alone(accountant: Staff) -> None:
    """A decision sent in the background is answered by its confirmation and nothing else."""
    anna = donor("Anna Kowalska")
    statement(accountant, make_coded_line(anna), ("2026-11-19", "20.00", "NOWAK JAN", OTHER, "wsparcie"))
    entry = entry_of("KOWALSKA ANNA")
    choice = choice_in(accountant.get("/bank/to-decide").text, entry.id)
    accountant.client.environ_base["HTTP_X_FRAGMENT"] = "1"
    answer = accountant.post(f"/bank/entries/{entry.id}/accept", choice=choice)
    assert (answer.status_code, answer.headers.get("X-Fragment")) == (200, "1")
    assert "<html" not in answer.text and 'data-waiting="1"' in answer.text
    assert "Anna Kowalska" in answer.text and f"/bank/entries/{entry.id}/undo" in answer.text
    assert gifts_now() == [("Anna Kowalska", 5000)]


def test_a_settled_doubt_leads_to_the_next(accountant: Staff) -> None:
    """After a doubt is settled the list of doubts is shown at the one that is next."""
    statement(accountant, ("2026-11-19", "20.00", "NOWAK JAN", OTHER, "wsparcie"))
    entry = entry_of("NOWAK JAN")
    entry.state = "doubtful"
    db.session.commit()
    answer = accountant.click(f"/bank/entries/{entry.id}/doubt", answer="new", next="77")
    assert answer.headers["Location"] == "/bank/doubtful#e77"
