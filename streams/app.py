"""The Faust app of a worker: one agent that takes blocks of records and runs all stages over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faust

from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from streams.blocks import feed_blocks
from streams.pipeline import Pipeline, in_namespace
from streams.publisher import Publisher
from streams.stages import Stages
from streams.table import hold_flow_until_sought, state_table
from streams.take import take

if TYPE_CHECKING:
    from sessiontrack.traces.traces import Traces

_BEAT_S = 1.0
# Faust does not tell that the broker is away: events just stop coming. So it is asked.
_ASK_S = 5.0


def create_app(
    settings: Settings,
    stages: Stages,
    publisher: Publisher,
    store: Path,
    namespace: str = "sessiontrack",
    *,
    metrics: WorkerMetrics | None = None,
    health: Health | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
    traces: Traces | None = None,
) -> faust.App:
    """The app, not started.

    Args:
        settings: Addresses.
        stages: What is done.
        publisher: Sends records.
        store: Folder of the state on disk.
        namespace: What names of topics and of the group begin with.
        metrics: Told of what is done.
        health: Told whether it is.
        is_stopping: Whether what takes long is to be left.
        traces: Follows the traces that records carry; None where there are none.
    """
    app = faust.App(
        f"{namespace}.{stages.group}",
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.bootstrap_servers.split(",")],
        datadir=str(store),
        store="rocksdb://",
        topic_replication_factor=settings.kafka.replication_factor,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        # Bounds of the memory. aiokafka keeps at most one fetched chunk of each partition, compressed; then come
        # blocks: the larger they are, the more events share the work for their session.
        consumer_max_fetch_size=2 * 1024 * 1024,
        broker_max_poll_records=stages.bounds.poll_records,
        stream_buffer_maxsize=8,
        # A worker that was killed is missed after this time; until then nobody gets its partitions.
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        # A provider of models may be away for a day, and blocks wait meanwhile: that is no reason to give them away.
        broker_max_poll_interval=86_400.0,
        # How far it has come is seen by others, and taken up after a kill, at this grain.
        broker_commit_interval=0.5,
    )
    feed_blocks(app)
    table = state_table(app)
    hold_flow_until_sought(app, table)
    told = metrics or WorkerMetrics(stages.worker)
    pipeline = Pipeline(app, table, publisher, stages, namespace, told, is_stopping, traces)
    source = app.topic(in_namespace(stages.source.name, namespace), key_serializer="raw", value_serializer="raw")

    @app.agent(source, name="stages")
    async def run(stream: Any) -> None:
        async for blocks in take(stream, stages.bounds):
            try:
                await pipeline.process(blocks)
            except Exception as error:
                # Faust would restart the agent and lose the batch; the process ends, and the next one reads it again.
                await app.crash(error)
                raise

    _report(app, publisher, stages, pipeline, health or Health())
    return app


def _report(app: faust.App, publisher: Publisher, stages: Stages, pipeline: Pipeline, health: Health) -> None:
    heard = True

    @app.timer(_ASK_S)  # type: ignore[untyped-decorator]  # Faust's
    async def ask() -> None:
        nonlocal heard
        heard = await publisher.is_heard()

    @app.timer(_BEAT_S)  # type: ignore[untyped-decorator]  # Faust's
    async def beat() -> None:
        if not heard or not app.flow_control.is_active() or app.rebalancing:
            health.waits("kafka")
            return
        pipeline.release_lost()
        if stages.waits_for:
            health.waits(stages.waits_for)
        else:
            health.ready()
            pipeline.note_quiet()
