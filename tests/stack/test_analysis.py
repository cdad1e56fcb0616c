"""What is said about many sessions is what a plain count over them comes to."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bench.corpus import generate
from queries.activity import activity, model_periods
from queries.day import day
from queries.filters import Filters
from queries.session_shapes import MESSAGE_EDGES, PAUSE_EDGES_MS, session_shapes
from queries.sessions import list_sessions
from queries.spans import Span
from queries.timeline import session_timeline
from queries.tool_transitions import tool_transitions
from queries.tool_usage import tool_usage
from queries.topics import topics
from schemas.topics import MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings
from streams.derive import Derived, derive
from tests.samples import events_of
from tests.stack.own_schema import own_schema
from tests.stack.test_sessions import store

# With summer time, and some days of it on another date than UTC's.
ZONE = "America/New_York"
UNCOUNTED = {"custom_message", "compaction", "branch_summary"}


class World:
    """Some hundred sessions, in the tables and in memory."""

    def __init__(self, settings: Settings, derived: Derived) -> None:
        self.settings = settings
        self.sessions = derived.sessions
        self.messages = [each for each in derived.messages.values() if not each["inherited"]]
        self.calls = [each for each in derived.tool_calls.values() if not each["inherited"]]

    def active(self, since: int, until: int) -> set[str]:
        """The sessions that begin, say something or are active last in a span."""
        spoke = {each["session_id"] for each in self.messages if since <= each["timestamp"] < until}
        return spoke | {
            session_id
            for session_id, each in self.sessions.items()
            if since <= each["created_at"] < until or since <= each["last_activity_at"] < until
        }


@pytest.fixture(scope="module")
async def world(stack_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("corpus") / "state"
    generate(folder, 120, seed=11)
    derived = derive(await events_of(folder))
    with own_schema(stack_settings, migrated=True) as settings:
        await store(settings, SESSIONS, *derived.sessions.values())
        await store(settings, MESSAGES, *derived.messages.values())
        await store(settings, TOOL_CALLS, *derived.tool_calls.values())
        yield World(settings, derived)


def local(milliseconds: int, zone: str = ZONE) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(ZoneInfo(zone))


def summed(messages: Iterable[Any]) -> dict[str, int]:
    found = list(messages)
    return {
        "messages": sum(each["role"] not in UNCOUNTED for each in found),
        "errors": sum(each["is_error"] for each in found),
        "total_tokens": sum(each["total_tokens"] for each in found),
        "cost_nanousd": sum(each["cost_nanousd"] for each in found),
    }


def sums(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in ("messages", "errors", "total_tokens", "cost_nanousd")}


def test_all_of_the_activity_is_that_of_the_sessions(world: World) -> None:
    found = activity(world.settings, Span(Filters(), ZONE))
    assert sums(found.totals) == summed(world.messages)
    assert found.totals["sessions"] == len(world.sessions)
    for name in ("total_tokens", "cost_nanousd"):
        assert found.totals[name] == sum(each[name] for each in world.sessions.values())
    assert found.totals["messages"] == sum(each["message_count"] for each in world.sessions.values())
    assert found.totals["calls"] == sum(each["model_call"] for each in world.messages)
    for part in (found.periods, found.channels, found.agents):
        assert sums(found.totals) == {name: sum(row[name] for row in part) for name in sums(found.totals)}
    assert sum(row["messages"] for row in found.hours) == found.totals["messages"]


def test_days_are_those_of_the_reader_and_lead_to_their_sessions(world: World) -> None:
    found = activity(world.settings, Span(Filters(), ZONE))
    by_day: dict[str, list[Any]] = defaultdict(list)
    for each in world.messages:
        by_day[f"{local(each['timestamp']):%Y-%m-%d}"].append(each)
    assert by_day.keys() <= {row["day"] for row in found.periods}
    for row in found.periods:
        begin = datetime.fromisoformat(row["day"]).replace(tzinfo=ZoneInfo(ZONE))
        assert local(row["since"]) == begin
        assert local(row["until"]) == begin + timedelta(days=1)
        assert sums(row) == summed(by_day[row["day"]])
        active = world.active(row["since"], row["until"])
        listed = list_sessions(world.settings, Filters(since=row["since"], until=row["until"]), limit=1000).rows
        assert row["sessions"] == len(active)
        assert {each["session_id"] for each in listed} == active


def test_weeks_months_and_hours_add_up_to_the_same(world: World) -> None:
    whole = activity(world.settings, Span(Filters(), ZONE)).totals["messages"]
    weeks = activity(world.settings, Span(Filters(), ZONE, "week")).periods
    assert {datetime.fromisoformat(row["day"]).isoweekday() for row in weeks} == {1}
    months = activity(world.settings, Span(Filters(), ZONE, "month")).periods
    hours = activity(world.settings, Span(Filters(), ZONE, "hour")).periods
    assert {row["until"] - row["since"] for row in hours} == {3_600_000}
    for periods in (weeks, months, hours):
        assert sum(row["messages"] for row in periods) == whole
        assert all(earlier["until"] <= later["since"] for earlier, later in pairwise(periods))


def test_the_hours_of_the_week(world: World) -> None:
    counted: Counter[tuple[int, int]] = Counter()
    who = defaultdict(set)
    for each in world.messages:
        if each["role"] not in UNCOUNTED:
            at = local(each["timestamp"])
            counted[at.isoweekday(), at.hour] += 1
            who[at.isoweekday(), at.hour].add(each["session_id"])
    found = activity(world.settings, Span(Filters(), ZONE)).hours
    assert {(row["weekday"], row["hour"]): row["messages"] for row in found} == counted
    for row in found:
        assert row["sessions"] == len(who[row["weekday"], row["hour"]])
        assert set(row["examples"]) <= who[row["weekday"], row["hour"]]
        assert len(row["examples"]) == min(3, row["sessions"])


def test_a_span_and_a_filter_bound_what_is_counted(world: World) -> None:
    times = sorted(each["timestamp"] for each in world.messages)
    since, until = times[len(times) // 4], times[3 * len(times) // 4]
    agent = Counter(each["agent_id"] for each in world.sessions.values()).most_common(1)[0][0]
    chosen = {each for each in world.active(since, until) if world.sessions[each]["agent_id"] == agent}
    within = [each for each in world.messages if each["session_id"] in chosen and since <= each["timestamp"] < until]
    span = Span(Filters(agent=agent, since=since, until=until), ZONE)
    found = activity(world.settings, span)
    assert found.totals["sessions"] == len(chosen)
    assert sums(found.totals) == summed(within)
    assert [row["name"] for row in found.agents] == [agent]
    models = Counter((each["provider"], each["model"]) for each in within if each["model_call"])
    assert {(row["provider"], row["model"]): row["calls"] for row in found.models} == models
    assert sum(row["calls"] for row in model_periods(world.settings, span)) == models.total()
    listed = {each["session_id"] for each in list_sessions(world.settings, span.filters, limit=1000).rows}
    assert listed == chosen


@pytest.mark.parametrize("minutes", [0, 7, 60, 100_000], ids=str)
def test_a_span_may_begin_and_end_at_any_moment_and_a_zone_be_off_by_quarters(world: World, minutes: int) -> None:
    zone = "Asia/Kathmandu"
    times = sorted(each["timestamp"] for each in world.messages)
    # Within a message's own millisecond, so that quarters are cut where something was said.
    since = times[len(times) // 3]
    until = since + minutes * 60_000 + 1
    within = [each for each in world.messages if since <= each["timestamp"] < until]
    by_hour: dict[int, list[Any]] = defaultdict(list)
    for each in within:
        at = local(each["timestamp"], zone)
        by_hour[int(at.replace(minute=0, second=0, microsecond=0).timestamp() * 1000)].append(each)
    found = activity(world.settings, Span(Filters(since=since, until=until), zone, "hour"))
    assert sums(found.totals) == summed(within)
    assert {row["since"]: sums(row) for row in found.periods if row["since"] in by_hour} == {
        hour: summed(each) for hour, each in by_hour.items()
    }
    assert sum(row["messages"] for row in found.periods) == found.totals["messages"]
    models = Counter((each["provider"], each["model"]) for each in within if each["model_call"])
    assert {(row["provider"], row["model"]): row["calls"] for row in found.models} == models


@pytest.mark.parametrize("minutes", [7, 60 * 24 * 7], ids=str)
@pytest.mark.parametrize("narrowed", [False, True], ids=["all", "one agent"])
def test_figures_of_a_span_lead_to_the_sessions_behind_them(world: World, minutes: int, narrowed: bool) -> None:
    # Cut where a tool failed and a model answered, in the middle of sessions.
    times = sorted(each["started_at"] for each in world.calls if each["outcome"] == "failed")
    until = times[len(times) // 2] + 1
    since = until - minutes * 60_000
    agent = Counter(each["agent_id"] for each in world.sessions.values()).most_common(1)[0][0]
    asked = Filters(agent=agent if narrowed else None, since=since, until=until)

    def counted(each: Any, at: str) -> bool:
        return since <= each[at] < until and not (narrowed and world.sessions[each["session_id"]]["agent_id"] != agent)

    def of(found: Iterable[Any]) -> set[str]:
        return {each["session_id"] for each in found}

    def listed(**filters: Any) -> set[str]:
        return of(list_sessions(world.settings, replace(asked, **filters), limit=1000).rows)

    calls = [each for each in world.calls if counted(each, "started_at")]
    said = [each for each in world.messages if counted(each, "timestamp")]
    tools = {row["name"]: row for row in tool_usage(world.settings, Span(asked))}
    assert set(tools) == {each["name"] for each in calls}
    for name, row in tools.items():
        own = [each for each in calls if each["name"] == name]
        assert listed(tool=name) == of(own)
        assert row["sessions"] == len(of(own))
        assert listed(tool=name, failed="tool") == of(each for each in own if each["outcome"] == "failed")
    found = activity(world.settings, Span(asked))
    for row in found.models:
        replies = [each for each in said if each["model_call"] and each["model"] == row["model"]]
        model = f"{row['provider']}/{row['model']}"
        assert listed(model=model) == of(replies)
        assert row["sessions"] == len(of(replies))
        assert listed(model=model, failed="model") == of(each for each in replies if each["is_error"])
        both = of(replies) & of(each for each in calls if each["name"] == "exec" and each["outcome"] == "failed")
        assert listed(model=model, tool="exec", failed="tool") == both
    assert listed(failed="any") == of(each for each in said if each["is_error"])
    assert listed(failed="tool") == of(each for each in calls if each["outcome"] == "failed")
    assert listed(failed="model") == of(each for each in said if each["model_call"] and each["is_error"])


def test_tools(world: World) -> None:
    found = {row["name"]: row for row in tool_usage(world.settings, Span(Filters()))}
    assert {name: row["calls"] for name, row in found.items()} == Counter(each["name"] for each in world.calls)
    for name, row in found.items():
        calls = [each for each in world.calls if each["name"] == name]
        outcomes = Counter(each["outcome"] for each in calls)
        assert {outcome: row[outcome] for outcome in ("succeeded", "failed", "pending")} == {
            outcome: outcomes[outcome] for outcome in ("succeeded", "failed", "pending")
        }
        durations = [each["duration_ms"] for each in calls if each["duration_ms"] is not None]
        assert row["median_ms"] == (statistics.median_low(durations) if durations else None)
        assert row["sessions"] == len({each["session_id"] for each in calls})


def test_how_tools_follow_one_another(world: World) -> None:
    by_session: dict[str, list[Any]] = defaultdict(list)
    for each in sorted(world.calls, key=lambda call: (call["started_at"], call["tool_call_id"])):
        by_session[each["session_id"]].append(each)
    expected: Counter[tuple[str | None, str]] = Counter()
    succeeded: Counter[tuple[str | None, str]] = Counter()
    for calls in by_session.values():
        for before, call in zip([None, *calls], calls, strict=False):
            pair = before and before["name"], call["name"]
            expected[pair] += 1
            succeeded[pair] += call["outcome"] == "succeeded"
    found = tool_transitions(world.settings, Span(Filters()))
    assert {(row["source"], row["target"]): row["calls"] for row in found} == expected
    assert {(row["source"], row["target"]): row["succeeded"] for row in found} == +succeeded | {
        pair: 0 for pair in expected if not succeeded[pair]
    }


def test_lengths_and_pauses(world: World) -> None:
    found = session_shapes(world.settings, Span(Filters()))
    for bar in found.messages:
        held = [
            each["session_id"]
            for each in world.sessions.values()
            if bar.at_least <= each["message_count"] < (bar.below or 2**62)
        ]
        assert bar.count == len(held)
        assert set(bar.examples) <= set(held)
    assert [bar.at_least for bar in found.messages] == list(MESSAGE_EDGES)
    assert sum(bar.count for bar in found.durations) == len(world.sessions)
    spoken: dict[str, list[Any]] = defaultdict(list)
    for each in sorted(world.messages, key=lambda message: message["timestamp"]):
        if each["role"] in ("user", "assistant", "toolResult", "bashExecution"):
            spoken[each["session_id"]].append(each)
    pauses = [
        later["timestamp"] - earlier["timestamp"]
        for messages in spoken.values()
        for earlier, later in pairwise(messages)
    ]
    for place, edge in enumerate(PAUSE_EDGES_MS):
        below = (*PAUSE_EDGES_MS, 2**62)[place + 1]
        counted = sum(bars[place].count for bars in found.pauses.values())
        assert counted == sum(edge <= pause < below for pause in pauses)


def test_a_session_in_time_is_whole_whatever_the_page(world: World) -> None:
    session_id = max(world.sessions, key=lambda each: world.sessions[each]["message_count"])
    whole = session_timeline(world.settings, session_id, limit=2_000)
    assert whole.next is None
    steps, after = [], None
    while True:
        page = session_timeline(world.settings, session_id, limit=7, after=after)
        steps += page.steps
        after = page.next
        if after is None:
            break
    assert Counter(map(str, steps)) == Counter(map(str, whole.steps))
    replies = [each for each in world.messages if each["session_id"] == session_id and each["model_call"]]
    assert sum(step.kind == "model" for step in whole.steps) == len(replies)
    assert sum(step.tokens for step in whole.steps) == sum(each["total_tokens"] for each in replies)
    calls = [each for each in world.calls if each["session_id"] == session_id]
    assert sum(step.kind == "tool" for step in whole.steps) == len(calls)
    assert sum(turn.tool_calls for turn in whole.turns) == len(calls)
    assert all(step.end is None or step.begin <= step.end for step in whole.steps)


def test_a_day_side_by_side(world: World) -> None:
    busiest = Counter(local(each["timestamp"]).date() for each in world.messages).most_common(1)[0][0]
    begin = datetime(busiest.year, busiest.month, busiest.day, tzinfo=ZoneInfo(ZONE))
    since, until = (int(at.timestamp() * 1000) for at in (begin, begin + timedelta(days=1)))
    found = day(world.settings, Span(Filters(since=since, until=until), ZONE))
    within = [each for each in world.messages if since <= each["timestamp"] < until]
    assert found.complete
    assert sum(row["messages"] for row in found.stretches) == len(within)
    assert {row["session_id"] for row in found.stretches} == {each["session_id"] for each in within}
    for row in found.stretches:
        times = sorted(
            each["timestamp"]
            for each in within
            if each["session_id"] == row["session_id"] and row["begin"] <= each["timestamp"] <= row["end"]
        )
        assert all(later - earlier <= 600_000 for earlier, later in pairwise(times))
        assert (times[0], times[-1], len(times)) == (row["begin"], row["end"], row["messages"])
    assert 1 <= found.most_at_once <= len(found.stretches)


def test_topics_name_words_that_their_sessions_say(world: World) -> None:
    found = topics(world.settings, Span(Filters(), ZONE, "month"))
    said: dict[str, str] = defaultdict(str)
    for each in world.messages:
        if each["role"] == "user":
            said[each["session_id"]] += each["text"].casefold()
    assert sum(period.sessions for period in found) <= len(world.sessions)
    named = [(term.term, session) for period in found for term in period.terms for session in term.examples]
    assert named
    assert all(term in said[session] for term, session in named)


def test_words_of_a_language_are_no_topics(world: World) -> None:
    found = topics(world.settings, Span(Filters(), ZONE, "week"))
    terms = {term.term for period in found for term in period.terms}
    assert not terms & {"does", "have", "them", "there", "which", "sind", "nicht", "está", "para", "avec", "dans"}


def test_a_time_zone_that_nobody_knows_is_told(world: World) -> None:
    with pytest.raises(UsageError, match="time zone"):
        activity(world.settings, Span(Filters(), "Mars/Olympus"))
