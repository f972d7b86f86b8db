"""Requests, answers and routes of the tests' GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from tests.github.actors import Token
    from tests.github.hub import Hub


@dataclass
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes
    token: Token | None = None

    @property
    def path(self) -> str:
        return unquote(self.raw_path)

    @property
    def raw_path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in found.items()}

    @property
    def body(self) -> dict[str, Any]:
        try:
            body = json.loads(self.content or b"{}")
        except ValueError:
            raise RefusedError(400, "Problems parsing JSON") from None
        if not isinstance(body, dict):
            raise RefusedError(422, "Invalid request.")
        return body

    def required(self, *names: str) -> list[Any]:
        """Fields of the body; 422 names the missing one."""
        body = self.body
        for name in names:
            if body.get(name) in (None, ""):
                raise RefusedError(422, "Validation Failed", field=name, code="missing_field")
        return [body[name] for name in names]


@dataclass
class Answer:
    """`body` is JSON, or bytes as they are."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Listed:
    """Items that the server pages; `key` where GitHub wraps them with a total_count."""

    items: list[Any]
    key: str = ""


class RefusedError(Exception):
    """What GitHub says no with."""

    def __init__(self, status: int, message: str, /, **error: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error

    def answer(self) -> Answer:
        body: dict[str, Any] = {"message": str(self), "status": str(self.status)}
        if self.error:
            body["errors"] = [self.error]
        return Answer(self.status, body)


NotFound = RefusedError(404, "Not Found")
Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    needs: str
    handler: Handler
    people: bool


ROUTES: list[Route] = []


def route(
    method: str, path: str, needs: str = "", *, people: bool = False
) -> Callable[[Handler], Handler]:
    """Serve `path`, where {name} is one part and {name*} is the rest.

    `needs` is what GitHub's x-accepted-github-permissions says of it; with `people` a person who
    may see the repository needs no more than that.
    """
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, re.compile(pattern), needs, handler, people))
        return handler

    return register


def dispatch(hub: Hub, request: Request) -> Answer:
    """The answer of the route, as GitHub would give it to this token."""
    for found in ROUTES:
        match = found.pattern.fullmatch(request.raw_path)
        if match is None or found.method != request.method:
            continue
        names = {name: unquote(value) for name, value in match.groupdict().items()}
        headers = {"x-accepted-github-permissions": found.needs} if found.needs else {}
        try:
            hub.admit(request, names, found)
            result = found.handler(hub, request, **names)
        except RefusedError as refused:
            answer = refused.answer()
        else:
            answer = _answer(hub, request, result)
        answer.headers |= headers
        return answer
    return NotFound.answer()


def _answer(hub: Hub, request: Request, result: Any) -> Answer:
    if isinstance(result, Answer):
        return result
    if isinstance(result, Listed):
        return _page(hub, request, result)
    return Answer(200, result)


def _page(hub: Hub, request: Request, listed: Listed) -> Answer:
    """One page and the Link header to its neighbours."""
    query = request.query
    size = min(100, max(1, int(query.get("per_page", "30"))))
    page, total = max(1, int(query.get("page", "1"))), len(listed.items)
    last = max(1, -(-total // size))
    items = listed.items[(page - 1) * size : page * size]
    links = {"next": page + 1, "last": last} if page < last else {}
    if page > 1:
        links |= {"first": 1, "prev": page - 1}
    rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "page")
    link = ", ".join(
        f'<{hub.url}{request.raw_path}?{rest}&page={n}>; rel="{rel}"' for rel, n in links.items()
    )
    body = {"total_count": total, listed.key: items} if listed.key else items
    return Answer(200, body, {"Link": link} if link else {})
