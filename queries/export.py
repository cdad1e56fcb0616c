"""Gives a transcript back, byte for byte, from the archive alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from consumers.archive.container import CorruptSegmentError
from queries.archive import Archive, Segment
from queries.generations import Generation, Head, Line, LineTree, generations_of
from schemas.records import Reference, SessionEvent
from sessiontrack.errors import NotFoundError, SessionTrackError, UsageError
from sessiontrack.identity import GENESIS, next_chain
from sessiontrack.settings import Settings

# A transcript stands in few segments, one after the other; where captures overlap, its lines alternate between two.
_SEGMENTS_HELD = 2


class ExportError(SessionTrackError):
    """The archive does not hold the transcript as it was."""


def export(settings: Settings, session_id: str, generation: str | int | None = None) -> Iterator[bytes]:
    """The lines of a transcript, each proven by its chain before it is given, and the whole by the head's SHA-256.

    In memory are the chains of all its lines, and its lines of two segments.

    Args:
        settings: Where the archive is.
        session_id: Which session; in full.
        generation: A number of `generations`, or the beginning of a head; None is the current one.

    Raises:
        NotFoundError: The session or the generation is unknown.
        UsageError: The beginning of a head is ambiguous.
        ExportError: A line is missing or is not what it was; the message names it.
        CorruptSegmentError: A segment is missing or corrupt.
        UnavailableError: The object store does not answer.
    """
    with opened(settings, session_id, generation) as (_, lines):
        yield from lines


@contextmanager
def opened(
    settings: Settings, session_id: str, generation: str | int | None = None
) -> Iterator[tuple[Generation, Iterator[bytes]]]:
    """A generation, and its lines as `export` gives them, while the context lasts.

    Raises:
        NotFoundError: The session or the generation is unknown.
        UsageError: The beginning of a head is ambiguous.
        CorruptSegmentError: A segment is missing or corrupt.
        UnavailableError: The object store does not answer.
    """
    with Archive(settings) as archive:
        transcript = Transcript(archive, session_id)
        chosen = transcript.choose(generation)
        yield chosen, transcript.content(chosen)


def generations(settings: Settings, session_id: str) -> list[Generation]:
    """The generations of a session, in the order of their numbers; empty where it has no lines.

    Raises:
        NotFoundError: The session is unknown.
        CorruptSegmentError: A segment is missing or corrupt.
        UnavailableError: The object store does not answer.
    """
    with Archive(settings) as archive:
        return Transcript(archive, session_id).generations


def resolve_in_archive(settings: Settings, prefix: str) -> str:
    """The session whose id is `prefix`, or the only one whose id begins with it.

    Raises:
        NotFoundError: There is none.
        UsageError: There are several.
        CorruptSegmentError: A segment is missing or corrupt.
        UnavailableError: The object store does not answer.
    """
    with Archive(settings) as archive:
        if prefix and archive.session_segments(prefix):
            return prefix
        found = sorted(archive.session_ids(prefix))
    if not found:
        raise NotFoundError(f"no session begins with {prefix!r}", hint="`sessiontrack sessions` lists them.")
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} sessions begin with {prefix!r}: {', '.join(found[:5])}{', …' if len(found) > 5 else ''}",
            hint="Give more of the id.",
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a segment holds of a session."""

    lines: Sequence[Line]
    heads: Sequence[Head]
    content: Mapping[bytes, bytes | Reference]


class Transcript:
    """All that the archive holds of the lines of one session.

    Raises:
        NotFoundError: The session is unknown.
    """

    def __init__(self, archive: Archive, session_id: str) -> None:
        self._archive = archive
        self._session_id = session_id
        self._held: OrderedDict[Segment, _Loaded] = OrderedDict()
        segments = archive.session_segments(session_id)
        if not segments:
            raise NotFoundError(
                f"the archive has no session {session_id}", hint="`sessiontrack sessions` lists what was captured."
            )
        self._places: dict[bytes, Segment] = {}
        self._tree, heads = self._index(segments)
        self.generations = generations_of(self._tree, heads)

    def choose(self, wanted: str | int | None) -> Generation:
        """The generation with this number, or whose head begins so; the current one for None.

        Raises:
            NotFoundError: There is none.
            UsageError: Several heads begin so.
        """
        found = [generation for generation in self.generations if _is_wanted(generation, wanted)]
        if len(found) == 1:
            return found[0]
        hint = "Generations: " + (", ".join(_short(generation) for generation in self.generations) or "none") + "."
        if found:
            raise UsageError(f"{len(found)} generations of {self._session_id} begin with {wanted}", hint=hint)
        raise NotFoundError(f"session {self._session_id} has no generation {wanted or ''}".rstrip(), hint=hint)

    def content(self, generation: Generation) -> Iterator[bytes]:
        """The lines of a generation.

        Raises:
            ExportError: A line is missing or is not what it was.
        """
        if generation.missing_line is not None:
            raise ExportError(
                f"line {generation.missing_line} of generation {_short(generation)} is missing from the archive",
                hint="`sessiontrack capture --once` sends again what a folder still holds.",
            )
        chain, whole = GENESIS, sha256()
        for line in self._tree.path(generation.chain):
            raw = self._raw(line)
            chain = next_chain(chain, raw)
            if chain != line.chain:
                raise ExportError(
                    f"line {line.number} of generation {_short(generation)} is not what was captured: its chain is "
                    f"{chain.hex()[:12]}, not {line.chain.hex()[:12]} (in {self._places[line.chain].key.object})"
                )
            whole.update(raw)
            yield raw
        if generation.sha256 not in (None, whole.digest()):
            raise ExportError(f"generation {_short(generation)} does not have the SHA-256 that its head states")

    def _index(self, segments: Sequence[Segment]) -> tuple[LineTree, list[Head]]:
        lines: dict[bytes, Line] = {}
        heads: list[Head] = []
        for segment in segments:
            loaded = self._load(segment)
            heads.extend(loaded.heads)
            for line in loaded.lines:
                # The first capture of an event wins.
                if line.chain not in lines:
                    lines[line.chain] = line
                    self._places[line.chain] = segment
        return LineTree(lines.values()), heads

    def _raw(self, line: Line) -> bytes:
        content = self._load(self._places[line.chain]).content[line.chain]
        if isinstance(content, bytes):
            return content
        try:
            return self._archive.claim(content["key"])
        except CorruptSegmentError as error:
            raise ExportError(f"line {line.number} of session {self._session_id}: {error}") from error

    def _load(self, segment: Segment) -> _Loaded:
        if segment in self._held:
            self._held.move_to_end(segment)
            return self._held[segment]
        while len(self._held) >= _SEGMENTS_HELD:
            self._held.popitem(last=False)
        lines: list[Line] = []
        heads: list[Head] = []
        content: dict[bytes, bytes | Reference] = {}
        for _, event in self._archive.events(segment, self._session_id):
            if head := _head(event):
                heads.append(head)
            elif (found := _line(event)) and found[0].chain not in content:
                lines.append(found[0])
                content[found[0].chain] = found[1]
        self._held[segment] = _Loaded(lines, heads, content)
        return self._held[segment]


def _head(event: SessionEvent) -> Head | None:
    payload = event["payload"]
    head = payload["transcript_head"] if payload else None
    if head is None or event["chain"] is None:
        return None
    return Head(
        chain=event["chain"],
        lines=head["lines"],
        size=head["bytes"],
        sha256=head["sha256"],
        reason=head["reason"],
        state=head["state"],
        archived_at=head["archived_at"],
        occurred_at=event["occurred_at"],
        captured_at=event["captured_at"],
    )


def _line(event: SessionEvent) -> tuple[Line, bytes | Reference] | None:
    chain, previous, payload = event["chain"], event["previous_chain"], event["payload"]
    if chain is None or previous is None or payload is None:
        return None
    raw, reference = payload["raw"], payload["reference"]
    content = raw if raw is not None else reference
    if content is None:
        return None
    length = len(content) if isinstance(content, bytes) else content["bytes"]
    return Line(chain, previous, event["line_number"] or 0, length, event["occurred_at"]), content


def _is_wanted(generation: Generation, wanted: str | int | None) -> bool:
    if wanted is None:
        return generation.current
    # Six digits are a number still; a head that begins with so many of them is given with a letter more.
    if isinstance(wanted, int) or (wanted.isdecimal() and len(wanted) <= 6):
        return generation.number == int(wanted)
    return generation.chain.hex().startswith(wanted.lower())


def _short(generation: Generation) -> str:
    return f"{generation.number} ({generation.state}, {generation.chain.hex()[:12]})"
