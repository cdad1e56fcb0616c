"""Which bulk operations a batch comes to, and what the answers mean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.opensearch.bulk import MOST_BYTES, Operation, check, chunks, combined, even_bytes, operation
from consumers.opensearch.refreshing import CATCHING_UP, RefreshInterval
from schemas.topics import MESSAGES
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import OpenSearchSettings
from tests.records import message

TARGET = OpenSearchSettings(index_prefix="mine")


def received(message_id: str, version: int | None, text: str = "") -> Operation:
    """Of a record; of a tombstone where the version is None."""
    record = None if version is None else message(message_id=message_id, version=version, text=text)
    return operation(MESSAGES.name, message_id.encode(), record, TARGET)


def lines(*batch: Operation) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(combined(batch)).splitlines()]


def test_a_record_is_indexed_with_its_version_behind_the_alias() -> None:
    action, body = lines(received("m1", 7, "hello"))
    assert action == {
        "index": {"_index": "mine-messages", "_id": "m1", "version": 7, "version_type": "external"},
    }
    assert body["text"] == "hello"


def test_a_repair_replaces_a_document_of_the_same_version() -> None:
    record = message(message_id="m1", version=7)
    (action, _) = lines(operation(MESSAGES.name, b"m1", record, TARGET, replace_equal=True))
    assert (action["index"]["version"], action["index"]["version_type"]) == (7, "external_gte")


def test_only_the_highest_version_of_a_document_is_sent() -> None:
    sent = lines(received("m1", 2, "newer"), received("m1", 1, "older"), received("m2", 1))
    assert [line["index"]["_id"] for line in sent[::2]] == ["m1", "m2"]
    assert sent[1]["text"] == "newer"


def test_of_one_version_the_first_is_sent() -> None:
    _, body = lines(received("m1", 2, "first"), received("m1", 2, "again"))
    assert body["text"] == "first"


def test_a_tombstone_deletes_and_what_comes_after_it_counts() -> None:
    assert lines(received("m1", 5), received("m1", None)) == [{"delete": {"_index": "mine-messages", "_id": "m1"}}]
    deleted, indexed, body = lines(received("m1", 5), received("m1", None), received("m1", 3, "again"))
    assert "delete" in deleted
    assert indexed["index"]["version"] == 3
    assert body["text"] == "again"


def test_a_record_of_several_lines_is_one_line() -> None:
    assert len(received("m1", 1, "a\nb\r\n\u2028c\ud800").lines.split(b"\n")) == 3


@given(st.lists(st.binary(min_size=1, max_size=20)), st.integers(1, 50))
def test_chunks_keep_all_operations_in_order_and_within_the_bound(framed: list[bytes], most: int) -> None:
    made = list(chunks(framed, most))
    assert b"".join(made) == b"".join(framed)
    assert all(len(chunk) <= max(most, max(map(len, framed))) for chunk in made)


@given(st.lists(st.integers(1, 2 * MOST_BYTES), min_size=1, max_size=12))
def test_requests_that_go_at_once_end_together(sizes: list[int]) -> None:
    framed = [bytes(size) for size in sizes]
    most = even_bytes(framed, 2)
    assert most <= MOST_BYTES + max(sizes)
    made = list(chunks(framed, most))
    assert len(made) <= 2 * -(-sum(sizes) // (2 * MOST_BYTES))


class TestAnswers:
    def answer(self, status: int, error_type: str | None = None, **error: Any) -> dict[str, Any]:
        result: dict[str, Any] = {"_index": "mine-messages-000001", "_id": "m1", "status": status}
        if error_type:
            result["error"] = {"type": error_type, **error}
        return {"errors": error_type is not None, "items": [{"index": result}]}

    def test_a_version_that_is_there_already_is_a_success(self) -> None:
        check(self.answer(409, "version_conflict_engine_exception"))

    @pytest.mark.parametrize(
        ("status", "error_type"),
        [
            (429, "rejected_execution_exception"),
            (503, "unavailable_shards_exception"),
            (429, "cluster_block_exception"),
            (403, "cluster_block_exception"),
            (404, "index_not_found_exception"),
        ],
    )
    def test_what_would_refuse_any_record_is_tried_again(self, status: int, error_type: str) -> None:
        with pytest.raises(TransientError, match=error_type):
            check(self.answer(status, error_type))

    def test_a_disk_that_is_nearly_full_is_named(self) -> None:
        reason = "index [m] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has …]"
        with pytest.raises(TransientError, match="disk is nearly full"):
            check(self.answer(429, "cluster_block_exception", reason=reason))

    def test_a_record_that_does_not_fit_is_named_without_its_text(self) -> None:
        answer = self.answer(
            400,
            "mapper_parsing_exception",
            reason="failed to parse field [timestamp] of type [date]. Preview of field's value: 'secret'",
            caused_by={"type": "illegal_argument_exception", "reason": "secret"},
        )
        with pytest.raises(TerminalError) as raised:
            check(answer)
        assert str(raised.value) == (
            "OpenSearch refuses mine-messages-000001/m1:"
            " mapper_parsing_exception, illegal_argument_exception in field timestamp"
        )

    def test_a_store_that_is_overloaded_is_waited_for_before_any_record_is_blamed(self) -> None:
        bad, busy = self.answer(400, "mapper_parsing_exception"), self.answer(429, "rejected_execution_exception")
        with pytest.raises(TransientError):
            check({"errors": True, "items": bad["items"] + busy["items"]})


def test_what_is_written_shows_seldom_only_while_full_batches_follow_each_other() -> None:
    refreshing = RefreshInterval("500ms", full=100)
    assert [refreshing.after(records) for records in (100, 500, 100)] == ["500ms"] * 3
    assert [refreshing.after(records) for records in (100, 100)] == [CATCHING_UP] * 2
    assert refreshing.after(99) == "500ms"
    assert refreshing.after(100) == "500ms"
    assert refreshing.after(0) == "500ms"
