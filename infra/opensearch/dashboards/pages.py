"""What each dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass

from infra.opensearch.dashboards.aggregations import Days, Metric, Terms
from infra.opensearch.dashboards.charts import Bars, Chart, Number, Pie, Table

# Data views, without the prefix, and the time of their documents.
VIEWS = {
    "sessions": "last_activity_at",
    "messages": "timestamp",
    "model-calls": "timestamp",
    "tool-calls": "started_at",
}
# What a fork copied of its parent belongs into no sum.
_OWN = "inherited:false"


@dataclass(frozen=True)
class Search:
    """A list of documents, the latest first.

    Attributes:
        title: Its name.
        view: The data view that it reads, without the prefix.
        query: DQL.
        columns: Fields that are shown beside the time.
    """

    title: str
    view: str
    query: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Placed:
    """A panel of a dashboard.

    Attributes:
        content: What it shows.
        width: Of 48 columns.
        height: In rows.
    """

    content: Chart | Search
    width: int
    height: int = 15


@dataclass(frozen=True)
class Page:
    """A dashboard.

    Attributes:
        name: The end of its id.
        title: For people.
        description: What it answers.
        panels: From left to right and from top to bottom.
    """

    name: str
    title: str
    description: str
    panels: tuple[Placed, ...]


_MESSAGES = Metric("Messages")
_CALLS = Metric("Calls")
_SESSIONS = Metric("Sessions")
_COST = Metric("Cost, USD", "sum", "cost_usd")
_TOKENS = Metric("Tokens", "sum", "total_tokens")

ACTIVITY = Page(
    "activity",
    "SessionTrack: activity",
    "Who is active, when, where and on what.",
    (
        Placed(Number("Sessions", "sessions", (_SESSIONS, Metric("Messages", "sum", "message_count"))), 16, 8),
        Placed(Number("What people wrote", "messages", (_MESSAGES,), query=f"origin:USER and {_OWN}"), 16, 8),
        Placed(Number("Longest session", "sessions", (Metric("Milliseconds", "max", "duration_ms"),)), 16, 8),
        Placed(
            Bars(
                "Messages by day and role",
                "messages",
                (_MESSAGES,),
                (Days("timestamp"), Terms("Role", "role")),
                query=_OWN,
            ),
            48,
        ),
        Placed(Pie("Sessions by channel", "sessions", (_SESSIONS,), (Terms("Channel", "channel"),)), 16),
        Placed(Pie("Sessions by agent", "sessions", (_SESSIONS,), (Terms("Agent", "agent_id"),)), 16),
        Placed(
            Table(
                "Projects",
                "sessions",
                (_SESSIONS, Metric("Messages", "sum", "message_count"), Metric("Tool calls", "sum", "tool_calls")),
                (Terms("Project", "project", 50),),
            ),
            16,
        ),
        Placed(
            Search(
                "What people said",
                "messages",
                f"origin:USER and {_OWN}",
                ("sender_name", "channel", "text", "session_id"),
            ),
            48,
            20,
        ),
    ),
)

TOOLS = Page(
    "tools",
    "SessionTrack: tools and errors",
    "Which tools are called, how long they take, and what fails.",
    (
        Placed(Number("Tool calls", "tool-calls", (_CALLS,), query=_OWN), 16, 8),
        Placed(
            Number("Failed tool calls", "tool-calls", (Metric("Failed"),), query=f"outcome:failed and {_OWN}"), 16, 8
        ),
        Placed(Number("Failed model calls", "model-calls", (Metric("Failed"),), query="stop_reason:error"), 16, 8),
        Placed(
            Bars(
                "Tools by outcome",
                "tool-calls",
                (_CALLS,),
                (Terms("Tool", "name"), Terms("Outcome", "outcome")),
                query=_OWN,
            ),
            24,
        ),
        Placed(
            Bars(
                "Failed tool calls by day",
                "tool-calls",
                (Metric("Failed"),),
                (Days("started_at"), Terms("Tool", "name")),
                query=f"outcome:failed and {_OWN}",
            ),
            24,
        ),
        Placed(
            Table(
                "How long tools take",
                "tool-calls",
                (_CALLS, Metric("Mean, ms", "avg", "duration_ms"), Metric("Longest, ms", "max", "duration_ms")),
                (Terms("Tool", "name", 50),),
                query=f"duration_ms:* and {_OWN}",
            ),
            24,
        ),
        Placed(
            Table(
                "Model errors",
                "model-calls",
                (Metric("Errors"),),
                (Terms("Provider", "provider"), Terms("Model", "model")),
                query="stop_reason:error",
            ),
            24,
        ),
        Placed(
            Search(
                "Tool calls that failed",
                "tool-calls",
                f"outcome:failed and {_OWN}",
                ("name", "exit_code", "error", "arguments", "session_id"),
            ),
            48,
            20,
        ),
        Placed(
            Search(
                "Sessions with trouble",
                "sessions",
                "error_count > 0",
                ("title", "channel", "error_count", "tools_failed", "model_errors"),
            ),
            48,
            20,
        ),
    ),
)

COST = Page(
    "cost",
    "SessionTrack: cost",
    "What the models cost, which of them, and where.",
    (
        Placed(Number("Cost", "model-calls", (_COST,)), 16, 8),
        Placed(Number("Tokens", "model-calls", (_TOKENS,)), 16, 8),
        Placed(Number("Model calls", "model-calls", (_CALLS,)), 16, 8),
        Placed(
            Bars("Cost by day and model", "model-calls", (_COST,), (Days("timestamp"), Terms("Model", "model"))), 48
        ),
        Placed(Pie("Cost by channel", "model-calls", (_COST,), (Terms("Channel", "channel"),)), 16),
        Placed(Pie("Tokens by agent", "model-calls", (_TOKENS,), (Terms("Agent", "agent_id"),)), 16),
        Placed(
            Table("Dearest sessions", "sessions", (_COST, _TOKENS), (Terms("Session", "session_id"),)),
            16,
        ),
        Placed(
            Table(
                "Models",
                "model-calls",
                (
                    _COST,
                    _CALLS,
                    Metric("Input tokens", "sum", "input_tokens"),
                    Metric("Output tokens", "sum", "output_tokens"),
                    Metric("Read from cache", "sum", "cache_read_tokens"),
                ),
                (Terms("Provider", "provider"), Terms("Model", "model", 50)),
            ),
            48,
        ),
        Placed(
            Search(
                "Model calls that ended in an error",
                "model-calls",
                "stop_reason:error",
                ("provider", "model", "error_message", "session_id"),
            ),
            48,
            20,
        ),
    ),
)

PAGES = (ACTIVITY, TOOLS, COST)
