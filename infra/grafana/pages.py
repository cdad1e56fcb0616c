"""What each dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass

from infra.grafana.panels import COLUMNS, Panel, Query, Stat, TimeSeries

_HALF = COLUMNS // 2
_WORKER = "{{worker}}"


@dataclass(frozen=True)
class Dashboard:
    """A page of panels.

    Attributes:
        name: Of its file, and the end of its address.
        title: For people.
        description: What it is looked at for.
        panels: From left to right and from top to bottom.
    """

    name: str
    title: str
    description: str
    panels: tuple[Panel, ...]


PIPELINE = Dashboard(
    "pipeline",
    "SessionTrack: pipeline",
    "Is everything there, does it flow, and how far behind is it?",
    (
        Stat(
            "Alerts",
            "Alerts that fire now. Each is a section of docs/runbook.md.",
            "none",
            (Query('count(ALERTS{alertstate="firing"}) or vector(0)'),),
            red_from=1,
        ),
        Stat("Workers up", "Workers that answer.", "none", (Query("count(worker:up:min == 1) or vector(0)"),)),
        Stat(
            "Workers down",
            "Workers that should answer and do not.",
            "none",
            (Query("count(worker:up:min == 0) or vector(0)"),),
            red_from=1,
        ),
        Stat(
            "Oldest unprocessed",
            "For how long the oldest record waits that a worker has in hand; without embed, which may take hours.",
            "s",
            (Query('max(worker:oldest_unprocessed_age_seconds:max{worker!="embed"})'),),
            red_from=300,
        ),
        Stat(
            "Records waiting",
            "Records that are in a topic and not processed yet, of all workers.",
            "short",
            (Query("sum(worker:lag_records:sum)"),),
        ),
        Stat(
            "Dead letters today",
            "Records that were set aside within 24 hours: `sessiontrack dead-letters list`.",
            "short",
            (Query('sum(increase(sessiontrack_dead_letters_total{worker!="capture"}[1d]))'),),
            red_from=1,
        ),
        TimeSeries(
            "Records in",
            "What each worker takes from its topics; of the capture lines of transcripts, of the API events.",
            "cps",
            (Query("worker:records_received:rate5m", _WORKER),),
        ),
        TimeSeries(
            "Records out",
            "What each worker has published or stored, and had acknowledged.",
            "cps",
            (Query("worker:records_written:rate5m", _WORKER),),
        ),
        TimeSeries(
            "Records waiting",
            "How far each worker is behind the end of its topics. It should come back to 0; embed takes its time.",
            "short",
            (Query("worker:lag_records:sum", _WORKER),),
        ),
        TimeSeries(
            "Oldest unprocessed",
            "For how long the oldest record in hand waits. After 300 s the worker is late.",
            "s",
            (Query("worker:oldest_unprocessed_age_seconds:max", _WORKER),),
        ),
        TimeSeries(
            "Watermark",
            "So long ago is the time up to which all is processed. It grows where a worker stands still.",
            "s",
            (Query("worker:watermark_age_seconds:max", _WORKER),),
        ),
        TimeSeries(
            "Batches, p99",
            "Time of a batch from decoding to acknowledgement: where it grows a store is slow.",
            "s",
            (Query("worker:batch_seconds:p99_rate5m", _WORKER),),
        ),
        TimeSeries(
            "Dead letters",
            "Records set aside within 15 minutes; those of the capture are in their transcripts alone.",
            "short",
            (Query("worker:dead_letters:increase15m", _WORKER),),
        ),
        TimeSeries(
            "Waiting for",
            "Workers that wait for a server, for a provider of embeddings or for room on the disk.",
            "none",
            (
                Query(
                    "count by (dependency) (sessiontrack_waits_for)"
                    ' or on () label_replace(vector(0), "dependency", "nothing", "", "")',
                    "{{dependency}}",
                ),
            ),
        ),
        TimeSeries(
            "Ready",
            "1 for a worker that works, waits for nothing and keeps up.",
            "none",
            (Query('min by (worker) (sessiontrack_health{status="ready"})', _WORKER),),
        ),
    ),
)

EDGES = Dashboard(
    "edges",
    "SessionTrack: capture, embedding, API",
    "What comes in, what becomes a vector, what is asked.",
    (
        TimeSeries(
            "Transcripts",
            "Files that the capture reads, and those that it passes over, with the reason.",
            "none",
            (
                Query("sum(sessiontrack_capture_files_watched)", "read"),
                Query("sum by (reason) (sessiontrack_capture_files_passed_over)", "{{reason}}"),
            ),
        ),
        TimeSeries(
            "Waiting for acknowledgement",
            "Events that are sent and not acknowledged, and sessions that wait with a large line for the object store.",
            "none",
            (
                Query("sum(sessiontrack_capture_events_pending)", "events"),
                Query("sum(sessiontrack_capture_sessions_held)", "sessions held"),
            ),
        ),
        TimeSeries(
            "Lines with a fault",
            "Since the capture was started; they are kept as they stand.",
            "none",
            # No increase: the first import is over before Prometheus has asked twice.
            (Query("sum(sessiontrack_capture_faults_total) or vector(0)", "lines"),),
        ),
        TimeSeries(
            "Texts embedded",
            "Where their vectors came from: the cache costs nothing.",
            "cps",
            (Query("sum by (source) (rate(sessiontrack_embedded_texts_total[5m]))", "{{source}}"),),
        ),
        TimeSeries(
            "Provider waited for",
            "1 while nothing is embedded: the provider is away, its quota is used up, or its key is wrong.",
            "none",
            (Query("max(sessiontrack_embedding_waits)", "waits"),),
        ),
        TimeSeries(
            "Quota used",
            "Of each limit of the provider; a local model has none.",
            "percentunit",
            (Query("max by (worker, limit) (sessiontrack_embedding_quota_used_ratio)", "{{worker}} {{limit}}"),),
        ),
        TimeSeries(
            "Requests",
            "Answers of the API, by status.",
            "reqps",
            (Query("status:api_requests:rate5m", "{{status}}"),),
            _HALF,
        ),
        TimeSeries(
            "Requests, p95",
            "Time to the end of an answer, by what was asked; live streams are left out.",
            "s",
            (Query("route:api_request_seconds:p95_rate5m", "{{route}}"),),
            _HALF,
        ),
        TimeSeries(
            "Failures",
            "Share of the requests that end with a status from 500 on.",
            "percentunit",
            (Query("sessiontrack:api_failures:ratio_rate5m", "failures"),),
        ),
        TimeSeries(
            "Live streams",
            "Streams and WebSockets that are open.",
            "none",
            (Query("sum(sessiontrack_api_streams)", "open"),),
        ),
        TimeSeries(
            "Sessions read",
            "From memory, where the same was read within a second, or from the store.",
            "cps",
            (Query("sum by (source) (rate(sessiontrack_api_reads_total[5m]))", "{{source}}"),),
        ),
    ),
)

MACHINE = Dashboard(
    "machine",
    "SessionTrack: machine",
    "What the workers take of the machine, and what is left.",
    (
        TimeSeries(
            "Disk",
            "Room above what is to stay free. Below 0 the capture waits, and servers may refuse to write.",
            "bytes",
            (Query("sessiontrack_disk_free_bytes - sessiontrack_disk_reserve_bytes", "{{worker}} {{instance}}"),),
            _HALF,
            least=None,
        ),
        TimeSeries(
            "Processor",
            "Cores that each worker keeps busy.",
            "percentunit",
            (Query("worker:cpu_seconds:rate5m", _WORKER),),
            _HALF,
        ),
        TimeSeries(
            "Memory",
            "What each worker has resident.",
            "bytes",
            (Query('sum by (worker) (process_resident_memory_bytes{job="sessiontrack"})', _WORKER),),
        ),
        TimeSeries(
            "Peak of memory",
            "The most that each worker ever had.",
            "bytes",
            (Query('max by (worker) (process_resident_memory_peak_bytes{job="sessiontrack"})', _WORKER),),
        ),
        TimeSeries(
            "Open files",
            "Files and connections; a number that only grows is a leak.",
            "none",
            (Query('sum by (worker) (process_open_fds{job="sessiontrack"})', _WORKER),),
        ),
        TimeSeries(
            "Running for",
            "Since each worker was started; one that falls again and again is one that dies.",
            "s",
            (Query('time() - max by (worker) (process_start_time_seconds{job="sessiontrack"})', _WORKER),),
            _HALF,
        ),
        TimeSeries(
            "Versions",
            "Workers of each release.",
            "none",
            (Query("count by (version) (sessiontrack_build_info)", "{{version}}"),),
            _HALF,
        ),
    ),
)

DASHBOARDS = (PIPELINE, EDGES, MACHINE)
