"""Who may ask: programs of this machine, and whoever has the token; no page of another site in this machine's browser.

A browser sends what a foreign page asks for to loopback addresses as well. Two headers tell: `Host`, which names the
foreign site where its name was pointed at this machine (DNS rebinding), and `Origin` or `Sec-Fetch-Site`, which name
where the page came from (cross-site request forgery).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from sessiontrack.errors import UsageError
from sessiontrack.settings import ApiSettings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# 16 characters of base64 are 96 bits: not to be guessed over a network.
SHORTEST_TOKEN = 16
# Whoever supervises the process has no token, and learns nothing of anybody.
OPEN_TO_ALL = ("/v1/health/live", "/v1/health/ready")
# Beside it are the files of the web dashboard, which are the same for everybody: what they show they ask for here.
_API = "/v1/"
_OWN_PAGES = ("same-origin", "none")


class Guard:
    """Refuses requests that are not for this API, or not from its own.

    Args:
        app: What is guarded.
        settings: Which names it has, and the token.
    """

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._names = names(settings)
        self._token = settings.token.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request pass, or answers it."""
        refusal = self._refusal(Headers(scope=scope), scope["path"]) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await receive()
            # Before it is accepted this is a plain 403.
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, headers: Headers, path: str) -> Response | None:
        host = headers.get("host", "")
        if _name(host) not in self._names:
            return problem(
                421,
                "this API has another name than the one that was asked for",
                hint="Ask by the address that `sessiontrack serve` logs, or add the name to the setting api.hosts.",
            )
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        foreign = site not in _OWN_PAGES and not _is_link(headers, path)
        if foreign or (origin is not None and urlsplit(origin).netloc != host):
            return problem(
                403, "pages of other sites may not ask", hint="Ask from a program, or from a page of this address."
            )
        open_to_all = path in OPEN_TO_ALL or not path.startswith(_API)
        if self._token and not open_to_all and not self._is_known(headers.get("authorization", "")):
            return problem(
                401,
                "the token is missing or wrong",
                hint="Send `Authorization: Bearer TOKEN` with the setting api.token.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return None

    def _is_known(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        # In constant time: how long it takes tells nothing of how much is right.
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)


def check_settings(settings: ApiSettings) -> None:
    """Refuses to listen where others could ask without a token.

    Raises:
        UsageError: There is no token, and the address is no loopback address; or the token is too short.
    """
    token = settings.token.get_secret_value()
    how = "Set SESSIONTRACK_API__TOKEN to a random text, such as `openssl rand -hex 32` prints."
    if not token and not is_loopback(settings.host):
        raise UsageError(f"whoever reaches {settings.host} could read every session without a token", hint=how)
    if token and len(token) < SHORTEST_TOKEN:
        raise UsageError(f"the token is shorter than {SHORTEST_TOKEN} characters, and could be guessed", hint=how)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def names(settings: ApiSettings) -> frozenset[str]:
    """The names under which the API is asked, in lower case, an IPv6 address in brackets."""
    given: Iterable[str] = (settings.host, *settings.hosts)
    return LOOPBACK_NAMES | {f"[{each}]" if each.count(":") > 1 and "[" not in each else each.lower() for each in given}


def _is_link(headers: Headers, path: str) -> bool:
    """Whether a person follows a link to a page, which other sites may hold: they learn nothing by it."""
    navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return navigates and not path.startswith(_API)


def _name(host: str) -> str:
    """A Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() and not name.endswith(":") else host).lower()
