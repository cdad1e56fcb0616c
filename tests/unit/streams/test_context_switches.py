from __future__ import annotations

from schemas.records import SessionEvent
from streams.context_switches import MOST_SETTINGS
from streams.derive import derive
from tests.unit.streams.events import SESSION, event, lifecycle, model_change


def switches(*events: SessionEvent) -> list[tuple[str, int, str | None]]:
    record = derive(events).sessions[SESSION]
    return [(switch["kind"], switch["at"], switch["value"]) for switch in record["context_switches"]]


def snapshot(name: str, at: int, data: str | None) -> SessionEvent:
    return event("CUSTOM", name, at, custom={"custom_type": "model-snapshot", "data": data})


def level(name: str, at: int, value: str) -> SessionEvent:
    return event("THINKING_LEVEL_CHANGE", name, at, thinking_level_change={"level": value})


def test_a_stated_model_is_a_switch_where_it_differs_from_the_one_before() -> None:
    assert switches(
        model_change("3", 3_000, "y"),
        model_change("1", 1_000, "x"),
        snapshot("2", 2_000, '{"provider":"sim","modelId":"x"}'),
        snapshot("4", 4_000, '{"provider":"sim","modelId":"x"}'),
    ) == [("model", 3_000, "sim/y"), ("model", 4_000, "sim/x")]


def test_thinking_levels_and_models_do_not_mix() -> None:
    assert switches(
        level("1", 1_000, "low"), model_change("2", 2_000, "x"), level("3", 3_000, "low"), level("4", 4_000, "high")
    ) == [("thinking_level", 4_000, "high")]


def test_each_compaction_branch_and_reset_is_a_switch() -> None:
    summary = {"summary": "s", "first_kept_entry_id": None, "tokens_before": 1, "tokens_after": None}
    assert switches(
        event("COMPACTION", "1", 1_000, compaction=summary),
        event("COMPACTION", "2", 2_000, compaction=summary),
        event("BRANCH_SUMMARY", "3", 3_000, branch_summary={"from_id": "root", "summary": "s"}),
        event("RESET", "4", 4_000, reset={"reason": "daily"}),
        lifecycle("reset", 5_000),
        lifecycle("deleted", 6_000),
    ) == [
        ("compaction", 1_000, None),
        ("compaction", 2_000, None),
        ("branch", 3_000, None),
        ("reset", 4_000, "daily"),
        ("reset", 5_000, None),
    ]


def test_a_snapshot_that_says_nothing_is_no_setting() -> None:
    assert (
        switches(
            model_change("0", 500, "x"),
            snapshot("1", 1_000, "{"),
            snapshot("2", 2_000, "[]"),
            snapshot("3", 3_000, '{"modelId":5}'),
            snapshot("4", 4_000, None),
        )
        == []
    )


def test_inherited_settings_are_no_switches() -> None:
    assert switches(model_change("1", 1_000, "x", inherited=True), model_change("2", 2_000, "y")) == []


def test_the_list_is_bounded_and_the_count_is_not() -> None:
    log = [model_change(str(number), number, f"m{number}") for number in range(MOST_SETTINGS + 500)]

    record = derive(reversed(log)).sessions[SESSION]

    assert record["context_switches"] == derive(log).sessions[SESSION]["context_switches"]
    assert len(record["context_switches"]) == MOST_SETTINGS - 1
    assert record["context_switch_count"] == MOST_SETTINGS + 500 - 1
