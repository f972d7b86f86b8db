"""The tests' GitHub: start it over a bare repository, mint tokens, act as people, make it fail."""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github import app, checks, issues, objects, pull_routes, releases, settings, smart_http
from tests.github.actors import Actor, Permissions, Token, granted
from tests.github.rules import protected
from tests.github.server import Server
from tests.github.state import State
from tests.github.wire import Answer, NotFound, RefusedError, Request, Route, dispatch

ROUTED = (
    app,
    checks,
    issues,
    objects,
    pull_routes,
    releases,
    settings,
)  # importing them registers their routes
PUBLIC = ("metadata", "contents", "issues", "pull_requests", "checks", "statuses", "actions")
PUBLIC_READS = {f"{name}=read" for name in PUBLIC}


@dataclass
class Fault:
    """What to answer instead; status 0 drops the connection. `carried_out`: but do it first."""

    method: str
    pattern: re.Pattern[str]
    status: int
    times: int
    carried_out: bool
    headers: Mapping[str, str]
    message: str

    def answer(self) -> Answer:
        return Answer(self.status, {"message": self.message}, dict(self.headers))


class Hub(State):
    """A GitHub at `url`, REST and uploads and git, with one repository `slug` and its forks.

    `rulesets` None is what this template asks for (`rules.protected`).
    """

    def __init__(
        self,
        bare: Path,
        slug: str = "acme/model",
        *,
        private: bool = False,
        rulesets: Iterable[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(bare, slug, private=private)
        for found in protected(self.app_id) if rulesets is None else rulesets:
            self.add_ruleset(found)
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.crashes: list[str] = []
        self._server = Server(self.respond)
        self.url = self._server.url

    def __enter__(self) -> Hub:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._server.stop()
        if self.crashes and error is None:
            raise AssertionError("the tests' GitHub crashed:\n" + "\n".join(self.crashes))

    # Credentials

    @staticmethod
    def person(login: str, role: str = "write") -> Actor:
        """Somebody who is admin or write here, or read: anyone else who can see it."""
        return Actor(login, "person", role)

    def token(self, actor: Actor, permissions: Permissions | None = None) -> str:
        """A credential; a bot's has `permissions` alone, as `permissions:` of a job gives them."""
        if actor.kind != "person" and permissions is None:
            raise ValueError(f"say which permissions the token of {actor.login} has")
        made = Token(actor, granted(actor, permissions))
        self.tokens[made.value] = made
        return made.value

    def clone_url(self, token: str = "", slug: str = "") -> str:
        """Where to clone from and push to."""
        who = f"x-access-token:{token}@" if token else ""
        return f"{self.url.replace('://', f'://{who}')}/{slug or self.slug}.git"

    @cached_property
    def _app_key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def app_public_key(self) -> rsa.RSAPublicKey:
        return self._app_key.public_key()

    @property
    def app_pem(self) -> str:
        """The private key of the App, as GitHub lets one download it."""
        return self._app_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    # What people do in the browser

    def ask(self, who: Actor, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What `who` gets for a request below the repository; fails where GitHub refuses."""
        content = json.dumps(body or {}).encode()
        token = self.tokens[self.token(who)]
        request = Request(method, f"/repos/{self.slug}{path}", {}, content, token)
        with self.lock:
            answer = dispatch(self, request)
        if answer.status >= 400:
            raise AssertionError(f"{who.login}: {method} {path}: {answer.status} {answer.body}")
        return answer.body

    def open_pull(self, who: Actor, head: str, title: str, body: str = "") -> int:
        """`head` is a branch, or login:branch of a fork."""
        content = {"head": head, "base": "main", "title": title, "body": body}
        return int(self.ask(who, "POST", "/pulls", content)["number"])

    def label(self, who: Actor, number: int, *labels: str) -> None:
        self.ask(who, "POST", f"/issues/{number}/labels", {"labels": labels})

    def say(self, who: Actor, number: int, text: str) -> None:
        self.ask(who, "POST", f"/issues/{number}/comments", {"body": text})

    def approve(self, who: Actor, number: int) -> None:
        self.ask(who, "POST", f"/pulls/{number}/reviews", {"event": "APPROVE"})

    def merge_pull(self, who: Actor, number: int) -> str:
        """The merge commit; the branch stays, as long as nobody clicks."""
        return str(self.ask(who, "PUT", f"/pulls/{number}/merge")["sha"])

    def close_pull(self, who: Actor, number: int) -> None:
        self.ask(who, "PATCH", f"/pulls/{number}", {"state": "closed"})

    def said(self, number: int) -> list[str]:
        """The comments of a pull request, oldest first."""
        end = f"/issues/{number}"
        return [c["body"] for c in self.comments.values() if c["issue_url"].endswith(end)]

    # Failing

    def fail_next(
        self, method: str, pattern: str, status: int, times: int = 1, *,
        carried_out: bool = False, headers: Mapping[str, str] | None = None,
        message: str = "Server Error",
    ) -> None:  # fmt: skip
        """Answer the next `times` requests that fit with `status`; 0 drops the connection."""
        fault = Fault(
            method, re.compile(pattern), status, times, carried_out, headers or {}, message
        )
        self.faults.append(fault)

    # Serving

    def respond(self, request: Request) -> Answer:
        """The answer to any request."""
        with self.lock:
            self.requests.append((request.method, request.path))
            fault = self._fault(request)
            if fault and not fault.carried_out:
                return fault.answer()
            try:
                request.token = self._authenticated(request)
                answer = smart_http.serve(self, request) or dispatch(self, request)
            except RefusedError as refused:
                answer = refused.answer()
            except Exception:  # a bug in here must not look like a failing GitHub
                self.crashes.append(traceback.format_exc())
                answer = Answer(500, {"message": self.crashes[-1]})
            return fault.answer() if fault else answer

    def _fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.method == request.method and fault.pattern.search(request.target):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _authenticated(self, request: Request) -> Token | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        git = smart_http.PATH.fullmatch(request.path) is not None
        if not value or (not git and value.count(".") == 2):
            return None  # an App's JWT, which its own routes look at
        if scheme.lower() == "basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        found = self.tokens.get(value)
        if found is not None and not found.expired:
            return found
        if git or request.path.startswith("/storage/"):
            return None
        raise RefusedError(401, "Bad credentials")

    def admit(self, request: Request, names: Mapping[str, str], route: Route) -> None:
        """Refuse who may not do this, with what GitHub says to them."""
        if "owner" not in names or not route.needs:
            return
        slug, token = f"{names['owner']}/{names['name']}", request.token
        if slug != self.slug and not (slug in self.repos and route.needs == "metadata=read"):
            raise NotFound
        readable = any(part.strip() in PUBLIC_READS for part in route.needs.split(";"))
        if self.settings["private"]:
            if token is None or (token.actor.kind == "person" and token.actor.role == "none"):
                raise NotFound
        elif readable and request.method == "GET":
            return
        if token is None:
            raise RefusedError(401, "Requires authentication")
        if token.may(route.needs) or (route.people and token.actor.kind == "person"):
            return
        if token.actor.kind != "person":
            raise RefusedError(403, "Resource not accessible by integration")
        raise RefusedError(403, "Must have admin rights to Repository.")
