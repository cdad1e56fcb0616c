"""Segment files: events that wait for the broker, in the order in which they were accepted.

A segment is a run of records. A record is the length of its body and the CRC-32 of it, four bytes each, big-endian,
then the body. The body of the first record is the Avro schema (JSON) that the events were written with, so that a
later version of the program, or one that knows another registry, can read them. Each further body is an event in the
Confluent wire format; the schema id in it means nothing here.

Records are appended by whole writes and never changed. What a crash left of the last one is recognised by its length
or its CRC, and was never accepted. A length of zero ends a segment as well: a file system may leave zeros in place of
bytes that had not reached the disk when the power failed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO
from zlib import crc32

_FRAME = Struct(">II")


def framed(body: bytes) -> bytes:
    """The record of a body that is not empty."""
    return _FRAME.pack(len(body), crc32(body)) + body


def read_records(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Whole records from where the file stands, as far as they go.

    Args:
        file: A segment.
        end: Where to stop, at the latest.

    Yields:
        Where the record ends, and its body.
    """
    position = file.tell()
    while position + _FRAME.size < end:
        length, checksum = _FRAME.unpack(file.read(_FRAME.size))
        position += _FRAME.size + length
        # The length is looked at before it is believed: a torn one may ask for gigabytes.
        if not length or position > end:
            return
        body = file.read(length)
        if crc32(body) != checksum:
            return
        yield position, body


class SegmentWriter:
    """Appends to a new segment.

    Args:
        path: A file that does not exist yet.
        schema: The schema of the events, as JSON.

    Attributes:
        path: The file.
        size: How much of it is whole records.

    Raises:
        OSError: The disk is full, or the folder is gone.
    """

    def __init__(self, path: Path, schema: bytes) -> None:
        self.path = path
        self.size = 0
        # 0600: it holds what people wrote.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self.append(framed(schema))
        except OSError:
            os.close(self._file)
            path.unlink(missing_ok=True)
            raise

    def append(self, records: bytes) -> None:
        """Appends framed records, all or none of them.

        Raises:
            OSError: The disk is full or broken; the segment is as it was.
        """
        rest = memoryview(records)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(records)

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._file)


def sync_to_disk(path: Path) -> None:
    """Brings a file's bytes, or a folder's names, to the disk itself; one that is gone by now needs it no more.

    Raises:
        OSError: The disk does not take it.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
