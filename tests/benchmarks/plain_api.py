"""The yardstick of bench_api: the same list as anybody would write it with Flask, its ORM and marshmallow.

No sign-in, no headers, no contract: what is left is what the libraries themselves take. An empty answer
of such an application is the other measure.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, jsonify
from flask_sqlalchemy import SQLAlchemy
from marshmallow import Schema, fields
from sqlalchemy import Boolean, Date, DateTime, ForeignKey, Integer, String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

LIMIT: Final = 50


class PlainBase(DeclarativeBase):
    pass


plain_db = SQLAlchemy(metadata=PlainBase.metadata)


class PlainStage(PlainBase):
    """What is kept of a donor's stage."""

    __tablename__ = "donor_stage"

    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(String)
    as_of: Mapped[date] = mapped_column(Date)


class PlainDonor(PlainBase):
    """The columns of a donor that the API tells."""

    __tablename__ = "donor"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String)
    name: Mapped[str] = mapped_column(String)
    given_name: Mapped[str] = mapped_column(String)
    family_name: Mapped[str] = mapped_column(String)
    salutation: Mapped[str] = mapped_column(String)
    email: Mapped[str] = mapped_column(String)
    phone: Mapped[str] = mapped_column(String)
    street: Mapped[str] = mapped_column(String)
    postcode: Mapped[str] = mapped_column(String)
    city: Mapped[str] = mapped_column(String)
    country: Mapped[str] = mapped_column(String)
    tax_number: Mapped[str] = mapped_column(String)
    born_on: Mapped[date | None] = mapped_column(Date)
    lang: Mapped[str] = mapped_column(String)
    lang_is_told: Mapped[bool] = mapped_column(Boolean)
    do_not_solicit: Mapped[bool] = mapped_column(Boolean)
    do_not_contact: Mapped[bool] = mapped_column(Boolean)
    is_deceased: Mapped[bool] = mapped_column(Boolean)
    owner_id: Mapped[int | None] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(DateTime)
    updated_at: Mapped[datetime] = mapped_column(DateTime)
    version: Mapped[int] = mapped_column(Integer)
    kept: Mapped[PlainStage] = relationship(lazy="joined")


class Moment(fields.DateTime):
    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else value.isoformat() + "Z"


class PlainDonorSchema(Schema):
    id = fields.Integer()
    code = fields.String()
    kind = fields.String()
    name = fields.String()
    given_name = fields.String()
    family_name = fields.String()
    salutation = fields.String()
    email = fields.String()
    phone = fields.String()
    street = fields.String()
    postcode = fields.String()
    city = fields.String()
    country = fields.String()
    tax_number = fields.String()
    born_on = fields.Date()
    lang = fields.String()
    lang_is_told = fields.Boolean()
    do_not_solicit = fields.Boolean()
    do_not_contact = fields.Boolean()
    is_deceased = fields.Boolean()
    owner_id = fields.Integer()
    source = fields.String()
    created_at = Moment()
    updated_at = Moment()
    version = fields.Integer()
    stage = fields.String(attribute="kept.stage")
    stage_as_of = fields.Date(attribute="kept.as_of")
    custom = fields.Constant({})  # no field is defined in this base, so that nothing is read for it


def create_plain_app(database: Path) -> Flask:
    """The plain application on the same file."""
    app = Flask("plain")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{database}"
    plain_db.init_app(app)
    schema = PlainDonorSchema(many=True)

    @app.get("/donors")
    def list_donors() -> Response:
        rows = plain_db.session.scalars(select(PlainDonor).order_by(PlainDonor.id).limit(LIMIT + 1)).all()
        return jsonify(data=schema.dump(rows[:LIMIT]), has_more=len(rows) > LIMIT)

    @app.get("/empty")
    def answer_nothing() -> str:
        return ""

    return app
