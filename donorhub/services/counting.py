"""Counts of what waits, up to a thousand: beyond that nobody needs the number, nor waits for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from sqlalchemy import Select, func, select

from donorhub.db import db, write_literal

MOST_COUNTED: Final = 1_000
K = TypeVar("K", bound=Hashable)


def count_rows(query: Select[int]) -> int:
    """Return how many rows a query has; ``MOST_COUNTED + 1`` where there are more."""
    return count_each({"rows": query})["rows"]


def count_each(queries: Mapping[K, Select[int]]) -> dict[K, int]:
    """Return how many rows each query has, by name, in one statement; each counts as :func:`count_rows`."""
    if not queries:
        return {}
    counts = [
        select(func.count())
        .select_from(query.limit(write_literal(MOST_COUNTED + 1)).subquery())
        .scalar_subquery()
        for query in queries.values()
    ]
    return dict(zip(queries, db.session.execute(select(*counts)).one(), strict=True))
