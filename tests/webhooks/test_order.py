"""Whatever the order, the repetitions and the pauses between deliveries: the same end."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webhooks.registers import Registers
from tests.webhooks.scenarios import STORIES, payout_listing, to_raw
from webhooks import get_provider, project_groups
from webhooks.fact import Fact, RawEvent
from webhooks.views import GroupView


@cache
def events_of(story: str, name: str) -> tuple[RawEvent, ...]:
    told = tuple(to_raw(event) for event in STORIES[story](name))
    return (*told, payout_listing(name)) if story == "paid_out" else told


@cache
def facts_of(event: RawEvent) -> tuple[Fact, ...]:
    return tuple(get_provider("stripe").read_facts(event))


def views(events: list[RawEvent]) -> list[GroupView]:
    facts = [fact for event in events for fact in facts_of(event)]
    return project_groups({fact.group for fact in facts}, facts)


mixes = st.lists(st.sampled_from(sorted(STORIES)), min_size=1, max_size=4).map(
    lambda stories: [event for n, story in enumerate(stories) for event in events_of(story, f"{story}{n}x")]
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[RawEvent], list[RawEvent]]:
    """A mix of stories as it happened, and as it came: some first, then all, some of them again."""
    told = draw(mixes)
    some = draw(st.lists(st.sampled_from(told), max_size=len(told)))
    again = draw(st.lists(st.sampled_from(told), max_size=10))
    return told, some + draw(st.permutations(told + again))


def check_that_order_does_not_matter(mix: tuple[list[RawEvent], list[RawEvent]]) -> None:
    told, delivered = mix
    assert views(delivered) == views(told)


@given(deliveries())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_gives_same_views(
    mix: tuple[list[RawEvent], list[RawEvent]],
) -> None:
    """Any order, any repetition and any subset followed by the rest give the same views."""
    check_that_order_does_not_matter(mix)


@pytest.mark.slow
@given(deliveries())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_deliveries_give_the_same_views(mix: tuple[list[RawEvent], list[RawEvent]]) -> None:
    check_that_order_does_not_matter(mix)


def keep_settled_part(rows: dict[str, GroupView]) -> dict[str, Any]:
    """What a row holds for good. Who and what for is taken when a row is made, from what is known then."""
    return {
        key: replace(
            view,
            payment=view.payment and replace(view.payment, donor={}, metadata={}),
            recurring=view.recurring and replace(view.recurring, donor={}, metadata={}),
            instalment=view.instalment and replace(view.instalment, donor={}, metadata={}),
        )
        for key, view in rows.items()
        if any((view.payment, view.recurring, view.instalment, view.donor, view.payout))
    }


@given(deliveries(), st.integers(1, 12))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_draining_in_batches_ends_in_the_same_rows(
    mix: tuple[list[RawEvent], list[RawEvent]], size: int
) -> None:
    told, delivered = mix
    in_one, in_batches = Registers(), Registers()
    in_one.drain(told)
    for start in range(0, len(delivered), size):
        in_batches.drain(delivered[start : start + size])
    assert keep_settled_part(in_batches.rows) == keep_settled_part(in_one.rows)


@pytest.mark.parametrize("story", sorted(STORIES))
def test_backwards_story_ends_the_same(story: str) -> None:
    """A story that arrives backwards, one event at a time, ends in the same rows."""
    forwards, backwards = Registers(), Registers()
    told = events_of(story, "x")
    for event in told:
        forwards.drain([event])
    for event in reversed(told):
        backwards.drain([event])
    assert keep_settled_part(backwards.rows) == keep_settled_part(forwards.rows)
