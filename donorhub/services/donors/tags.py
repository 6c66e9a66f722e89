"""Tags: the organisation's own words by which it gathers donors, given and taken away one by one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from donorhub.db import cut_query_values, db, insert_or_ignore
from donorhub.domain import payer_text
from donorhub.errors import NotFound, Rejected
from donorhub.models import DonorTag, Tag
from donorhub.services.access import audit


def add_tag(donor_id: int, name: str, *, source: str, now: datetime, actor: str) -> tuple[Tag, bool]:
    """Give a donor a tag, which is made where there is none like it; return it and whether it is new to them.

    Raise Rejected for a name without a letter or digit.
    """
    tag = _find_or_create_tag(name, now=now, actor=actor)
    statement = insert_or_ignore(DonorTag, on=(DonorTag.tag_id, DonorTag.donor_id)).returning(DonorTag.id)
    row_id = db.session.scalar(statement.values(donor_id=donor_id, tag_id=tag.id, source=source, at=now))
    if row_id is None:
        return tag, False
    audit.record_action(actor, "donor.tagged", ("donor", donor_id), now=now, data={"tag_id": tag.id})
    return tag, True


def remove_tag(donor_id: int, tag_id: int, *, now: datetime, actor: str) -> bool:
    """Take a tag away from a donor; return False where they have it not."""
    row_id = db.session.scalar(
        delete(DonorTag)
        .where(DonorTag.donor_id == donor_id, DonorTag.tag_id == tag_id)
        .returning(DonorTag.id)
        .execution_options(synchronize_session=False)
    )
    if row_id is None:
        return False
    audit.record_action(actor, "donor.untagged", ("donor", donor_id), now=now, data={"tag_id": tag_id})
    return True


def _find_or_create_tag(name: str, *, now: datetime, actor: str) -> Tag:
    folded_name = " ".join(payer_text.split_words(name))
    if not folded_name:
        raise Rejected("a tag is a word", field="/name", code="tag_empty")
    new_id = db.session.scalar(
        insert_or_ignore(Tag, on=(Tag.folded,))
        .values(name=" ".join(name.split()), folded=folded_name, created_at=now)
        .returning(Tag.id)
    )
    if new_id is not None:
        audit.record_action(actor, "tag.created", ("tag", new_id), now=now)
    return db.session.scalars(select(Tag).where(Tag.folded == folded_name)).one()


def get_tag(tag_id: int) -> Tag:
    """Return a tag; raise NotFound when there is none of this id."""
    tag = db.session.get(Tag, tag_id)
    if tag is None:
        raise NotFound(f"there is no tag {tag_id}")
    return tag


def list_tags() -> list[Tag]:
    """Return all tags by their names."""
    return list(db.session.scalars(select(Tag).order_by(Tag.folded)))


def read_tags(donor_ids: Collection[int]) -> dict[int, list[Tag]]:
    """Return the tags of each donor, by their names."""
    tags: dict[int, list[Tag]] = {}
    for chunk in cut_query_values(donor_ids):
        rows = db.session.execute(
            select(DonorTag.donor_id, Tag)
            .join(Tag, Tag.id == DonorTag.tag_id)
            .where(DonorTag.donor_id.in_(chunk))
            .order_by(DonorTag.donor_id, Tag.folded)
        )
        for donor_id, tag in rows:
            tags.setdefault(donor_id, []).append(tag)
    return tags
