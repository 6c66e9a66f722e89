"""What the tests of the bank's pages share: staff signed in, forms as a browser sends them, our own files."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Sequence
from datetime import date
from html import unescape
from pathlib import Path

from flask import Flask, g
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.jobs.queue.run import run_due
from donorhub.models import Donor, Role, User
from donorhub.services.access import sessions, users
from donorhub.services.donors import donors

OURS = "PL61109010140000071219812874"
PAYER = "PL27114020040000300201355387"
UNKNOWN_CSV = (Path(__file__).parents[2] / "files" / "csv" / "unknown-bank.csv").read_bytes()

Line = tuple[str, str, str, str, str]  # day, amount with its sign, name, account, text


class Staff:
    """Somebody signed in, who clicks what a page offers."""

    def __init__(self, app: Flask, role: str, *, lang: str = "en") -> None:
        let_write()
        self.client: FlaskClient = app.test_client()
        user = _user(role, lang)
        secret = secrets.token_hex(20)
        with self.client.session_transaction() as session:
            session.update(_user_id=start_session(user.id), _fresh=True, csrf_token=secret)
        self.token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(secret)
        let_write()

    def get(self, path: str) -> TestResponse:
        let_write()
        answer = self.client.get(path)
        let_write()
        return answer

    def text(self, path: str) -> str:
        """The words of a page that is there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, words_of(answer.text)[:400])
        return words_of(answer.text)

    def post(self, path: str, **fields: object) -> TestResponse:
        """Send a form with the token of the session; files come as (bytes, name)."""
        let_write()
        data = {"csrf_token": self.token, **{name.rstrip("_"): value for name, value in fields.items()}}
        answer = self.client.post(path, data=data, content_type="multipart/form-data")
        let_write()
        return answer

    def click(self, path: str, *, at: str = "", **fields: object) -> TestResponse:
        """Send the form of this address as its page shows it, with what somebody fills in.

        The page is the one that the address is about, unless ``at`` names another.
        """
        return self.post(path, **{"digest": self.digest_of(path, at=at, **fields), **fields})

    def digest_of(self, path: str, *, at: str = "", **fields: object) -> str:
        """The digest in the form of this address on its page; of several, in the one of the same payment."""
        own_page = path.endswith(("/new-donor", "/split", "/old-gifts"))
        page = at or (path if own_page else path.rpartition("/")[0])
        forms = re.findall(r"<form[^>]*>.*?</form>", self.get(page).text, re.DOTALL)
        if path.endswith("/give"):  # it needs a search first, and is about the same payment
            path = path.replace("/give", "/not-a-gift")
        detail = str(fields.get("detail", ""))
        ours = [form for form in forms if 'name="digest"' in form]
        here = [form for form in ours if own_page and "action=" not in form]
        found = [hidden_fields(form) for form in here or ours if here or f'action="{path}"' in form]
        fitting = [one for one in found if one.get("detail", "") == detail] or found
        return fitting[0]["digest"] if fitting else ""

    def confirm(self, page: str) -> TestResponse:
        """Click the button that imports a file as its page shows it."""
        fields = fields_with_digest(self.get(page).text)
        assert fields, words_of(self.get(page).text)[:400]
        return self.post(f"{page}/answer", **fields)

    def take_back(self, page: str, **fields: object) -> TestResponse:
        """Take an import back as its page shows it."""
        shown = fields_with_digest(self.get(f"{page}/take-back").text)
        return self.post(f"{page}/take-back", **shown, **fields)

    def accept_sure(self) -> TestResponse:
        """Accept what is certain as its page shows it."""
        return self.post("/bank/accept-sure", **fields_with_digest(self.get("/bank/accept-sure").text))

    def upload(self, data: bytes, name: str = "statement.xml", **fields: object) -> str:
        """Send a file, let the worker read it, and give the address of its page."""
        answer = self.post("/bank/files", file=(io.BytesIO(data), name), **fields)
        assert answer.status_code == 302, words_of(answer.text)
        work()
        return str(answer.headers["Location"])


def _user(role: str, lang: str) -> User:
    """Somebody of this role; put in without a password, whose hash would take a second."""
    email = f"{role}-{lang}@example.org"
    user = users.find_user(email)
    if user is None:
        user = User(
            email=email,
            name=f"Ann {role}",
            password="!",
            lang=lang,
            active=True,
            fs_uniquifier=f"{role}-{lang}",
            created_at=clock.now(),
            roles=list(db.session.scalars(select(Role).filter_by(name=role))),
        )
        db.session.add(user)
        db.session.commit()
    return user


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    return found.group(1) if found else ""


def hidden_fields(form: str) -> dict[str, str]:
    """What a form sends that nobody fills in, without its token."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in fields if name != "csrf_token"}


def fields_with_digest(page: str) -> dict[str, str]:
    """What the first form sends that confirms what its page shows; nothing where there is none."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    return next((hidden_fields(form) for form in forms if 'name="digest"' in form), {})


def words_of(page: str) -> str:
    """The text of a page's main part, blanks collapsed."""
    main = page[page.find("<main") :] if "<main" in page else page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\N{NO-BREAK SPACE}", " ").split())


def start_session(user_id: int) -> str:
    """Sign a user in as the sign-in page does; gives what the cookie holds."""
    _, token = sessions.start_session(users.get_user(user_id), now=clock.now())
    db.session.commit()
    return token


def let_write() -> None:
    """Begin anew: a request in the test's own context leaves there its user, and that it only reads."""
    for name in list(g):
        g.pop(name)
    db.session.rollback()
    set_reading(False)


def work() -> None:
    """Do what waits for the worker, until nothing does."""
    let_write()
    while run_due():
        let_write()


def camt(lines: Sequence[Line], *, opening: str = "100.00", closing: str = "", account: str = OURS) -> bytes:
    """A camt.053 of one statement; its closing balance is right unless another is given."""
    total = sum(_cents(line[1]) for line in lines)
    end = closing or _amount(_cents(opening) + total)
    days = sorted(line[0] for line in lines) or ["2026-11-20"]
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount.startswith('-') else 'CRDT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount, day in (("OPBD", opening, days[0]), ("CLBD", end, days[-1]))
    )
    entries = "".join(_entry(line, number) for number, line in enumerate(lines, 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-21T06:00:00</CreDtTm></GrpHdr>"
        "<Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-11-21T06:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>PLN</Ccy></Acct>{balances}{entries}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _entry(line: Line, number: int) -> str:
    day, amount, name, account, text = line
    is_in = not amount.startswith("-")
    side = "Dbtr" if is_in else "Cdtr"
    iban = f"<{side}Acct><Id><IBAN>{account}</IBAN></Id></{side}Acct>" if account else ""
    return (
        f'<Ntry><Amt Ccy="PLN">{amount.lstrip("-")}</Amt><CdtDbtInd>{"CRDT" if is_in else "DBIT"}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>R{day}{number}</AcctSvcrRef><NtryDtls>"
        f"<TxDtls><RltdPties><{side}><Nm>{name}</Nm></{side}>{iban}</RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def _cents(text: str) -> int:
    return round(float(text) * 100)


def _amount(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def donor(name: str, **fields: object) -> Donor:
    """A donor of the base, committed."""
    given, _, family = name.rpartition(" ")
    row = donors.create_donor(
        {"name": name, "given_name": given, "family_name": family, **fields},
        source="manual",
        now=clock.now(),
        actor="cli:test",
    )
    db.session.commit()
    return row


TODAY = date(2026, 11, 22)
