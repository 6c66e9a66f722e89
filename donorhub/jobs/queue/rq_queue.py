"""RQ as the carrier of row ids, and nothing else.

A job in Redis may be written by anyone who reaches Redis, and RQ runs what a job names.
So ours carries one integer as JSON, and ``rq_worker`` refuses whatever else it finds there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE: Final = "donorhub"
FUNCTION: Final = "donorhub.jobs.queue.run.run"
TIME_OUT_S: Final = 900
WAITING_S: Final = 15  # how long an id counts as waiting, should its job vanish with a killed worker
MOST_WAITING: Final = 64  # each job goes on with whatever is due: more would only wait to find nothing
RINGING_TIME_OUT_S: Final = 2


class RowQueue(Queue):
    """The queue of row ids, for those who put them there."""


def make_ringing_queue(redis_url: str) -> RowQueue:
    """Return the queue for putting ids on it: a web request does not wait for a Redis that is away."""
    client = Redis.from_url(
        redis_url,
        socket_timeout=RINGING_TIME_OUT_S,
        socket_connect_timeout=RINGING_TIME_OUT_S,
        retry=Retry(NoBackoff(), 1),
    )
    return _make_queue(client)


def _make_queue(client: Redis) -> RowQueue:
    return RowQueue(QUEUE, connection=client, serializer=JSONSerializer)


def enqueue_rows(queue: RowQueue, row_ids: Sequence[int], *, is_urgent: bool = False) -> int:
    """Put ids on the queue but those that wait there already, urgent ones in front; return how many.

    RQ's own ``unique`` would also refuse an id whose job was lost in a killed worker, for up
    to an hour: there a job counts as long as Redis knows of it.
    """
    if not row_ids or (not is_urgent and queue.count >= MOST_WAITING):
        return 0
    with queue.connection.pipeline(transaction=False) as marking:
        for row_id in row_ids:
            marking.set(make_waiting_key(row_id), 1, nx=True, ex=WAITING_S)
        new = [row_id for row_id, is_new in zip(row_ids, marking.execute(), strict=True) if is_new]
    queue.enqueue_many(
        [
            Queue.prepare_data(
                FUNCTION,
                args=(row_id,),
                kwargs={},
                timeout=TIME_OUT_S,
                result_ttl=0,
                failure_ttl=3600,
                at_front=is_urgent,
            )
            for row_id in new
        ]
    )
    return len(new)


def make_waiting_key(row_id: int) -> str:
    """Return the key in Redis that says that this id waits."""
    return f"donorhub:waiting:{row_id}"
