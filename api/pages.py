"""The web dashboard: the files that `make web` has built, served from memory.

The files are few and small. Each is read and compressed once, and what is not among them can't be asked for.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.answers import matches
from api.problems import problem

BUILT = Path(__file__).with_name("static")
# Their names hold a digest of what is in them.
_NEVER_CHANGING = "/_next/static/"
_HOME, _NOT_FOUND = "/", "/404"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")
# No page that opened ours reaches into it, and none learns from where it was left.
_PAGE_HEADERS = {"Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "no-referrer"}
_POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent.

    Attributes:
        body: Its bytes.
        compressed: The same with gzip; None where that saves nothing.
        headers: What is told of it.
    """

    body: bytes
    compressed: bytes | None
    headers: Mapping[str, str]


class Pages(BaseRoute):
    """The route of all addresses that the dashboard has.

    Args:
        folder: Where the built files are.
    """

    path = "/{page}"

    def __init__(self, folder: Path = BUILT) -> None:
        self._files = dict(_read(folder))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether an address is one of the dashboard, or a person has mistyped one."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return Match.NONE, {}
        path = scope["path"]
        asked_by_person = "text/html" in Headers(scope=scope).get("accept", "")
        lost = asked_by_person and not path.startswith("/v1/") and _NOT_FOUND in self._files
        if path in self._files or path == _HOME or lost:
            return Match.FULL, {"route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the file."""
        await self._answer(scope["path"], Headers(scope=scope))(scope, receive, send)

    def _answer(self, path: str, asked: Headers) -> Response:
        if not self._files:
            return problem(
                404,
                "the web dashboard is not built",
                hint="Run `make web` where the source code is, then start `sessiontrack serve` again.",
            )
        found = self._files.get(path)
        if found is None:
            return _response(self._files[_NOT_FOUND], asked, 404)
        if matches(found.headers["ETag"], asked.get("if-none-match")):
            return Response(status_code=304, headers=found.headers)
        return _response(found, asked, 200)


def _response(file: File, asked: Headers, status: int) -> Response:
    if file.compressed is not None and "gzip" in asked.get("accept-encoding", ""):
        return Response(file.compressed, status, {**file.headers, "Content-Encoding": "gzip"})
    return Response(file.body, status, file.headers)


def _read(folder: Path) -> Iterator[tuple[str, File]]:
    """The files by their addresses: a page has no ending."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            path = f"/{file.relative_to(folder).as_posix()}"
            page = path.removesuffix(".html")
            yield (_HOME if page == "/index" else page), _file(path, file.read_bytes())


def _file(path: str, body: bytes) -> File:
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type,
        "ETag": f'"{sha256(body).hexdigest()[:32]}"',
        "Cache-Control": "public, max-age=31536000, immutable" if path.startswith(_NEVER_CHANGING) else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if media_type == "text/html":
        headers |= _PAGE_HEADERS | {"Content-Security-Policy": _policy(body)}
    compressed = gzip.compress(body, mtime=0) if media_type.startswith(_COMPRESSIBLE) else body
    return File(body, compressed if len(compressed) < len(body) else None, headers)


def _policy(page: bytes) -> str:
    """What a page may load: what is served here, and the scripts that stand in it, told by their digests."""
    digests = sorted({b64encode(sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(page)})
    return _POLICY.format(scripts=" ".join(f"'sha256-{digest}'" for digest in digests))
