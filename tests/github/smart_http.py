"""git over HTTP, by `git http-backend`, with the credentials and the rules of GitHub."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from typing import TYPE_CHECKING

from tests.github import rules
from tests.github.actors import Token
from tests.github.bare import ZERO, Bare
from tests.github.pulls import try_merge
from tests.github.wire import Answer, Request

if TYPE_CHECKING:
    from tests.github.hub import Hub

PATH = re.compile(r"/([^/]+/[^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
ASK = {"WWW-Authenticate": 'Basic realm="GitHub"'}


def serve(hub: Hub, request: Request) -> Answer | None:
    """The answer to git; None if this is something else."""
    match = PATH.fullmatch(request.path)
    if match is None:
        return None
    slug, what = match.groups()
    writes = "git-receive-pack" in (what, request.query.get("service"))
    repo = hub.repos.get(slug)
    refused = _refused(hub, request, repo, writes=writes)
    if refused is not None or repo is None:
        return refused
    if what == "git-receive-pack":
        return _receive(hub, request, repo)
    if what == "info/refs" and not writes and repo is hub.bare:
        for pull in hub.pulls.values():
            try_merge(hub, pull)
    return _backend(request, repo, what, {})


def _refused(hub: Hub, request: Request, repo: Bare | None, *, writes: bool) -> Answer | None:
    token = request.token
    if token is None and (writes or hub.settings["private"] or "Authorization" in request.headers):
        return Answer(401, b"Invalid username or token.\n", dict(ASK))
    if repo is None or (token and not _reads(hub, token)):
        return Answer(404, b"Repository not found.\n")
    if token and writes and not _writes(hub, token, repo):
        said = f"Permission to {repo.slug}.git denied to {token.actor.login}.\n"
        return Answer(403, said.encode())
    return None


def _reads(hub: Hub, token: Token) -> bool:
    if not hub.settings["private"]:
        return True
    return token.may("contents=read") and (token.actor.role, token.actor.kind) != ("none", "person")


def _writes(hub: Hub, token: Token, repo: Bare) -> bool:
    if repo is hub.bare:
        return token.may("contents=write")
    return repo.slug.startswith(f"{token.actor.login}/")


def _receive(hub: Hub, request: Request, repo: Bare) -> Answer:
    commands = _commands(request)
    token = request.token
    assert token is not None
    environ = {}
    if repo is hub.bare:
        environ = _judged(hub, token, commands)
    before = repo.refs()
    answer = _backend(request, repo, "git-receive-pack", environ)
    after = repo.refs()
    for _, _, ref in commands:
        old, new = before.get(ref, ZERO), after.get(ref, ZERO)
        if old != new:
            hub.pushed(repo.slug, ref, old, new, request)
    return answer


def _judged(hub: Hub, token: Token, commands: list[tuple[str, str, str]]) -> dict[str, str]:
    """What the hook has to know: why not, or what it has to look at."""
    broken: list[str] = []
    forward = []
    for old, new, ref in commands:
        found = rules.broken_by_push(hub, token.actor, ref, old, new)
        if ref.startswith("refs/pull/"):
            found.append("deny updating a hidden ref")
        if found:
            broken.append(f"GH013: Repository rule violations found for {ref}.")
            broken += [f"- {line}" for line in found]
        if rules.must_fast_forward(hub, token.actor, ref):
            forward.append(ref)
    environ = {"HUB_REFUSALS": "\n".join(broken), "HUB_FAST_FORWARD": " ".join(forward)}
    if not token.may("workflows=write"):
        environ["HUB_NO_WORKFLOWS"] = "1"
    return environ


def _commands(request: Request) -> list[tuple[str, str, str]]:
    """(old, new, ref) of each command of a push, which come before its pack."""
    content = request.content
    if request.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    found, position = [], 0
    while (size := int(content[position : position + 4] or b"0", 16)) > 4:
        line = content[position + 4 : position + size].split(b"\0")[0].decode().strip()
        position += size
        if not line.startswith(("shallow ", "push-cert")):
            old, new, ref = line.split(" ", 2)
            found.append((old, new, ref))
    return found


def _backend(request: Request, repo: Bare, what: str, more: dict[str, str]) -> Answer:
    environ = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(repo.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repo.path.name}/{what}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.target.partition("?")[2],
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(request.content)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": request.token.actor.login if request.token else "",
        "REMOTE_ADDR": "127.0.0.1",
        **more,
    }
    if not environ["REMOTE_USER"]:
        del environ["REMOTE_USER"]
    run = subprocess.run(
        ["git", "http-backend"],
        input=request.content,
        capture_output=True,
        env=environ,
        check=False,
    )
    head, _, body = run.stdout.partition(b"\r\n\r\n")
    lines = (line.split(": ", 1) for line in head.decode().splitlines())
    headers = dict(lines)
    status = int(headers.pop("Status", "200 OK").split()[0])
    return Answer(status, body, headers)
