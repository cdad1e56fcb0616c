from typing import Any

import pytest

from producers.clawdbot.content import content_blocks
from producers.clawdbot.messages import message
from schemas.records import Message


def parsed(value: dict[str, Any]) -> Message:
    found = message(value)
    assert found is not None
    return found


def filled(record: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}


def test_an_assistants_message() -> None:
    found = parsed(
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "A list.", "thinkingSignature": "reasoning_content"},
                {"type": "text", "text": "I'll write it down."},
                {"type": "toolCall", "id": "call_c0", "name": "write", "arguments": {"path": "notes/groceries.md"}},
            ],
            "api": "openai-completions",
            "provider": "sim",
            "model": "sim-1",
            "usage": {
                "input": 3122,
                "output": 53,
                "cacheRead": 4683,
                "cacheWrite": 0,
                "totalTokens": 7858,
                "cost": {"input": 0.009366000000000001, "output": 0.000795, "total": 0.011565900000000002},
            },
            "stopReason": "toolUse",
            "timestamp": 1795308677903,
        }
    )
    assert [filled(block) for block in found["content"]] == [
        {"type": "thinking", "text": "A list."},
        {"type": "text", "text": "I'll write it down."},
        {
            "type": "toolCall",
            "tool_call_id": "call_c0",
            "tool_name": "write",
            "arguments": '{"path":"notes/groceries.md"}',
        },
    ]
    assert found["usage"] == {
        "input": 3122,
        "output": 53,
        "cache_read": 4683,
        "cache_write": 0,
        "total": 7858,
        "cost_nanousd": 11_565_900,
    }
    assert (found["origin"], found["created_at"], found["sender"]) == ("MODEL", 1795308677903, None)


def test_a_tool_result() -> None:
    found = parsed(
        {
            "role": "toolResult",
            "toolCallId": "call_a0",
            "toolName": "exec",
            "content": [{"type": "text", "text": "69G"}],
            "details": {"status": "completed", "exitCode": 0, "durationMs": 23},
            "isError": False,
        }
    )
    assert (found["tool_call_id"], found["tool_name"], found["is_error"]) == ("call_a0", "exec", False)
    assert (found["tool_status"], found["exit_code"], found["duration_ms"]) == ("completed", 0, 23)
    assert found["details"] == '{"status":"completed","exitCode":0,"durationMs":23}'
    assert found["origin"] == "TOOL"


def test_a_result_of_an_old_transcript_names_its_call_otherwise() -> None:
    assert parsed({"role": "toolResult", "toolUseId": "call_1", "content": "x"})["tool_call_id"] == "call_1"


def test_a_bash_execution() -> None:
    found = parsed({"role": "bashExecution", "command": "echo hi", "output": "hi\n", "exitCode": 0})
    assert (found["command"], found["exit_code"], found["origin"]) == ("echo hi", 0, "USER")
    assert [filled(block) for block in found["content"]] == [{"type": "text", "text": "hi\n"}]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input": 0, "output": 0, "totalTokens": 0}, (0, 0, 0)),
        ({"input": 5, "output": 2, "cacheRead": 3}, (5, 10, 0)),
        ({"cost": {"input": 0.25, "output": 0.5}}, (0, 0, 750_000_000)),
        ({"input": "many", "totalTokens": None, "cost": {"total": True}}, (0, 0, 0)),
        ({"input": 10**400, "cost": {"total": 1e300}}, (0, 0, 0)),
    ],
    ids=["injected", "total missing", "cost total missing", "wrong types", "beyond 64 bits"],
)
def test_usage_with_gaps(usage: dict[str, Any], expected: tuple[int, int, int]) -> None:
    found = parsed({"role": "assistant", "usage": usage})["usage"]
    assert found is not None
    assert (found["input"], found["total"], found["cost_nanousd"]) == expected


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ({"role": "assistant", "stopReason": "injected"}, "GATEWAY"),
        ({"role": "assistant", "provider": "openclaw", "model": "gateway-injected"}, "GATEWAY"),
        ({"role": "assistant", "provider": "clawdbot", "model": "delivery-mirror"}, "MIRROR"),
        ({"role": "assistant", "provider": "elsewhere", "model": "delivery-mirror"}, "MODEL"),
        ({"role": "assistant", "stopReason": "error", "content": []}, "MODEL"),
        ({"role": "user", "content": "hello"}, "USER"),
        ({"role": "user", "content": "[cron:1f2e nightly] Check the disk"}, "SYSTEM"),
        ({"role": "user", "content": "hello", "provenance": {"kind": "inter_session"}}, "SYSTEM"),
        ({"role": "hookMessage", "content": "x"}, "SYSTEM"),
        ({"role": "martian"}, "UNKNOWN"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_origin(value: dict[str, Any], origin: str) -> None:
    assert parsed(value)["origin"] == origin


def test_a_message_that_is_no_object_has_no_body() -> None:
    assert message("hello") is None


def test_an_error_as_an_object_is_kept_as_json() -> None:
    assert parsed({"role": "assistant", "errorMessage": {"code": 400}})["error_message"] == '{"code":400}'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, []),
        ("hello", [{"type": "text", "text": "hello"}]),
        ([{"type": "image", "data": "QUJD", "mimeType": "image/png"}],
         [{"type": "image", "mime_type": "image/png", "bytes": 4}]),
        ([{"type": "image", "source": {"data": "QUJD", "media_type": "image/png"}}],
         [{"type": "image", "mime_type": "image/png", "bytes": 4}]),
        ([{"type": "toolUse", "id": "t", "name": "read", "input": {"a": 1}}],
         [{"type": "toolCall", "tool_call_id": "t", "tool_name": "read", "arguments": '{"a":1}'}]),
        ([{"type": "functionCall", "name": "read", "args": {}}],
         [{"type": "toolCall", "tool_name": "read", "arguments": "{}"}]),
        ([{"type": "function_call", "call_id": "t", "name": "read", "arguments": '{"a": 1}'}],
         [{"type": "toolCall", "tool_call_id": "t", "tool_name": "read", "arguments": '{"a":1}'}]),
        ([{"type": "toolCall", "name": "read", "arguments": '{"a": '}],
         [{"type": "toolCall", "tool_name": "read", "arguments": '"{\\"a\\": "'}]),
        ([{"type": "redactedThinking", "data": "x"}],
         [{"type": "redactedThinking", "other": '{"type":"redactedThinking","data":"x"}'}]),
        ([{"type": "text", "text": 7}], [{"type": "text", "other": '{"type":"text","text":7}'}]),
        ([7, None], [{"type": "unknown", "other": "7"}, {"type": "unknown"}]),
    ],
    ids=["nothing", "text", "image", "image with source", "toolUse", "functionCall", "arguments as text",
         "torn arguments", "unknown block", "text of a wrong type", "no blocks at all"],
)  # fmt: skip
def test_content_blocks(content: Any, expected: list[dict[str, Any]]) -> None:
    assert [filled(block) for block in content_blocks(content)] == expected
