"""A process of one queue or more: every job is one line, `advance(invoice id)`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Set
from typing import Any, Final, cast
from uuid import UUID

import structlog
from arq.typing import WorkerCoroutine
from arq.worker import Function, Worker, func

from daemon.queue import deserialize, queue_name, redis_settings, serialize
from daemon.settings import Settings
from daemon.wiring import open_world
from handlers.advance import advance
from handlers.reading.document import sweep_scratch
from handlers.world import World
from schema.errors import TransientError
from schema.ids import InvoiceId
from schema.states import DUE, JOB_QUEUE, Job, Queue

log = structlog.get_logger()

SLOTS: Final = {Queue.DOCUMENTS: 2, Queue.REASONING: 6, Queue.BROWSER: 2}
"""Jobs at once: reading and the browser are bound by the two cores, the rest waits for the network."""

POLL_S: Final = 0.1
HEALTH_S: Final = 15

JobFunction = Callable[[dict[str, Any], str], Coroutine[Any, Any, None]]


async def work(settings: Settings, queues: Set[Queue]) -> None:
    """Work on the queues until told to stop; what runs then is finished, see `attend`."""
    if Queue.DOCUMENTS in queues:
        sweep_scratch()
    async with open_world(settings, browser=Queue.BROWSER in queues) as world:
        workers = [make_worker(settings.redis, queue, world) for queue in sorted(queues)]
        log.info(
            "worker ready", queues=sorted(queues), jobs=sorted(job for w in workers for job in w.functions)
        )
        async with asyncio.TaskGroup() as tasks:
            for worker in workers:
                tasks.create_task(attend(worker))


async def attend(worker: Worker) -> None:
    """Run the worker until cancelled, then let its running jobs end: their steps cut themselves off in time.

    Cancelled once more it ends at once, and leaves what it held to its lease, as after a kill.
    """
    try:
        await worker.async_run()
    finally:
        try:
            if running := [task for task in worker.tasks.values() if not task.done()]:
                log.info("finishing jobs before the end", jobs=len(running))
                await asyncio.wait(running)
        finally:
            await worker.close()


def make_worker(redis_url: str, queue: Queue, world: World) -> Worker:
    """ARQ's worker of one queue, not running."""
    return Worker(
        functions=[_function(job, world) for job, its_queue in JOB_QUEUE.items() if its_queue is queue],
        queue_name=queue_name(queue),
        redis_settings=redis_settings(redis_url),
        max_jobs=SLOTS[queue],
        poll_delay=POLL_S,
        keep_result=0,
        max_tries=1,
        retry_jobs=False,
        log_results=False,
        health_check_interval=HEALTH_S,
        job_serializer=serialize,
        job_deserializer=deserialize,
        handle_signals=False,
    )


def _function(job: Job, world: World) -> Function:
    """The ARQ function of a job, under the name the job has everywhere."""
    lease_s = max(due.lease_s for due in DUE.values() if due.job is job)
    return func(
        cast("WorkerCoroutine", _job(job, world)), name=job.value, timeout=lease_s, keep_result=0, max_tries=1
    )


def _job(job: Job, world: World) -> JobFunction:
    async def run(_: dict[str, Any], invoice: str) -> None:
        try:
            await advance(InvoiceId(UUID(invoice)), job, world)
        except asyncio.CancelledError:
            raise
        except TransientError as error:
            # Nothing could be put on record; the lease runs out and the step is tried again.
            log.warning("step not recorded", invoice=invoice, job=job.value, reason=error.sentence)
        except Exception:
            # The outermost loop: the lease runs out and the step is tried again, counted, until a person is asked.
            log.exception("step failed unexpectedly", invoice=invoice, job=job.value)

    return run
