from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from producers.clawdbot.compressed import decompressed, decompressed_row, lines_of
from sessiontrack.errors import TerminalError
from tests.unit.producers.clawdbot.agent_database import compressed


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=5000), min_size=1, max_size=4), st.integers(1, 4000))
def test_what_was_compressed_comes_out_whatever_the_frames_and_pieces(frames: list[bytes], size: int) -> None:
    data = b"".join(compressed(frame) for frame in frames)
    assert b"".join(decompressed(pieces(data, size))) == b"".join(frames)


@given(st.binary(min_size=1, max_size=3000), st.floats(0, 0.999))
def test_what_is_cut_off_is_told(content: bytes, part: float) -> None:
    data = compressed(content)
    kept = data[: int(len(data) * part)]
    if kept:
        with pytest.raises(TerminalError):
            list(decompressed([kept]))


@given(st.binary(min_size=4, max_size=100).filter(lambda data: data[:4] != b"\x28\xb5\x2f\xfd"))
def test_what_is_no_zstd_is_told(data: bytes) -> None:
    with pytest.raises(TerminalError):
        list(decompressed([data]))


@given(st.binary(max_size=2000), st.integers(1, 300))
def test_lines_are_those_of_the_whole(content: bytes, size: int) -> None:
    *complete, rest = content.split(b"\n")
    expected = [line + b"\n" for line in complete] + ([rest] if rest else [])
    assert list(lines_of(pieces(content, size))) == expected


def test_a_row_that_explodes_is_refused_in_bounded_memory() -> None:
    exploding = zstandard.ZstdCompressor(level=19).compress(bytes(256 * 1024 * 1024))
    assert len(exploding) < 64 * 1024
    with pytest.raises(TerminalError, match="longer than any entry"):
        decompressed_row(exploding)
    with pytest.raises(TerminalError, match="longer than any entry"):
        list(lines_of(decompressed([exploding])))
    assert max(map(len, decompressed([exploding]))) <= 32 * 1024 * 1024
