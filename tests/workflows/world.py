"""A repository on the tests' GitHub whose workflows really run: what GitHub would start for what
happened is started in act, with a token of the permissions that the file asks for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.checkout import make_checkout
from tests.github.checks import ATTACHED, report_run
from tests.github.events import Event
from tests.github.governed import GovernedHub
from tests.workflows import act
from tests.workflows.parsed import WORKFLOWS, starts, workflow

LEVELS = ("none", "read", "write")
REQUIRED = "ci"
PEOPLE = {"admin": "admin", "maintainer": "write", "reviewer": "write"}


@dataclass
class World:
    """`hub` is the GitHub, `clone` a person's checkout. `variables` and `secrets` are those of the
    repository; `environ` is what its runners have. Workflows that are `left_out` are started by
    nothing but a test."""

    hub: GovernedHub
    room: Path
    clone: Path
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset({"security.yml"})
    runs: list[act.Run] = field(default_factory=list)
    seen: int = 0

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.clone), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout.strip()

    def events(self, environment: str, log: str = "events") -> list[str]:
        """The kinds of all events of an environment, newest first, as people read them."""
        self.git("fetch", "--quiet", "origin")
        name = f"refs/remotes/origin/delivery/{log}/{environment}"
        if not self.git("for-each-ref", name):
            return []
        return [line.split()[1] for line in self.git("log", "--format=%s", name).splitlines()]

    def branch(self, name: str, files: Mapping[str, str], message: str, base: str = "main") -> None:
        """Commit `files` on a new branch of what origin has, and push it as a person."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "-C", name, f"origin/{base}")
        for path, text in files.items():
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "--force", "origin", name)

    def delivery(self, *arguments: str, token: str) -> str:
        """Run `delivery` in the clone as the holder of a token; what it printed."""
        environ = {"GITHUB_SERVER_URL": self.hub.url, "GITHUB_API_URL": self.hub.url}
        done = subprocess.run(
            [sys.executable, "-m", "delivery", *arguments], cwd=self.clone, text=True,
            capture_output=True, check=False,
            env={**os.environ, **environ, **self.environ, "GITHUB_TOKEN": token},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def read(self, path: str, revision: str = "main") -> str:
        """A file as GitHub has it; empty where it is not there."""
        try:
            return self.hub.bare.git("show", f"{revision}:{path}")
        except subprocess.CalledProcessError:
            return ""

    def install_app(self) -> None:
        """Give the repository its App, as docs/github.md says."""
        number = str(self.hub.app_id)
        self.hub.variables["DELIVERY_APP_ID"] = self.variables["DELIVERY_APP_ID"] = number
        self.secrets["DELIVERY_APP_KEY"] = self.hub.app_pem
        self.delivery("github", "apply", token=self.hub.token(self.hub.person("admin", "admin")))

    def settle(self, **options: Any) -> list[act.Run]:
        """Run whatever GitHub would start for what happened since the last time, and what follows
        from that, until nothing is left."""
        done: list[act.Run] = []
        while self.seen < len(self.hub.events):
            event = self.hub.events[self.seen]
            self.seen += 1
            if event.triggers:
                done += self._start(event, **options)
        return done

    def click(self, number: int, **options: Any) -> list[act.Run]:
        """A writer lets the workflows run that wait on a pull request which GITHUB_TOKEN opened."""
        person = self.hub.person("reviewer")
        raw = self.hub.ask(person, "GET", f"/pulls/{number}")
        payload = {
            "action": "opened", "number": number, "pull_request": raw,
            "repository": self.hub.repository_json(self.hub.slug), "sender": person.json(),
        }  # fmt: skip
        event = Event("pull_request", "opened", person.login, True, payload)
        return self._start(event, **options)

    def schedule(self, name: str, **options: Any) -> act.Run:
        """The clock of a workflow struck."""
        payload = {"schedule": "*", "repository": self.hub.repository_json(self.hub.slug)}
        return self._run(name, Event("schedule", "", "github", True, payload), **options)

    def dispatch(self, name: str, inputs: Mapping[str, str], **options: Any) -> act.Run:
        """A person starts a workflow by hand, on main."""
        payload = {
            "inputs": dict(inputs), "ref": "refs/heads/main",
            "repository": self.hub.repository_json(self.hub.slug),
        }  # fmt: skip
        return self._run(name, Event("workflow_dispatch", "", "x", True, payload), **options)

    def merge(self, number: int) -> None:
        """Two people: one approves, the other merges."""
        self.hub.approve(self.hub.person("reviewer"), number)
        self.hub.merge_pull(self.hub.person("maintainer"), number)

    def pulls(self, label: str = "", state: str = "open") -> list[int]:
        """The numbers of pull requests with a label."""
        return [
            number
            for number, pull in sorted(self.hub.pulls.items())
            if pull.state == state and (not label or label in pull.labels)
        ]

    def _start(self, event: Event, **options: Any) -> list[act.Run]:
        names = sorted(path.name for path in (self.clone / WORKFLOWS).glob("*.yml"))
        if event.name == "workflow_dispatch":
            wanted = [event.payload["workflow"].rpartition("/")[2]]
        else:
            wanted = [
                name
                for name in names
                if name not in self.left_out and starts(workflow(name), event.name, event.payload)
            ]
        return [self._run(name, event, **options) for name in wanted]

    def _run(self, name: str, event: Event, **options: Any) -> act.Run:
        room = self.room / f"{len(self.runs):02}-{name.removesuffix('.yml')}-{event.name}"
        checkout = room.with_name(f"{room.name}-checkout")
        commit = self._check_out(checkout, event)
        modes = cache_modes(name, checkout)
        self._prepare(checkout)
        queued = self._queued(event)
        queued["status"] = "in_progress"
        job = act.Job(
            workflow=name,
            event=event.name,
            payload=event.payload,
            checkout=checkout,
            environ=self._environ(event) | {"CACHE_MODES": json.dumps(modes)},
            secrets={**self._secrets(event), "GITHUB_TOKEN": self._token(name, event)},
            variables=self.variables,
        )
        run = act.run(replace(job, **options), room)
        shutil.rmtree(checkout, ignore_errors=True)
        self.runs.append(run)
        conclusion = "success" if run.ok else "failure"
        queued |= {"status": "completed", "conclusion": None if run.killed else conclusion}
        if name == "ci.yml" and REQUIRED in run.jobs:
            self.report_check(commit, event.name, run.jobs[REQUIRED])
        return run

    def _queued(self, event: Event) -> dict[str, Any]:
        """What GitHub says of the run of an event that was dispatched."""
        number = event.payload.get("run")
        return next((run for run in self.hub.runs if run["id"] == number), {})

    def _check_out(self, folder: Path, event: Event) -> str:
        """A clone at the commit that the event is about; the commit that checks are shown at."""
        self._plain_git("clone", "--quiet", str(self.hub.bare.path), str(folder))
        self._plain_git("-C", str(folder), "remote", "set-url", "origin", self.hub.clone_url())
        pull = event.payload.get("pull_request")
        if pull:
            ref = f"refs/pull/{pull['number']}/merge"
            self._plain_git("-C", str(folder), "fetch", "--quiet", str(self.hub.bare.path), ref)
            self._plain_git("-C", str(folder), "checkout", "--quiet", "--detach", "FETCH_HEAD")
            return str(pull["head"]["sha"])
        branch = str(event.payload.get("ref", "refs/heads/main")).removeprefix("refs/heads/")
        self._plain_git("-C", str(folder), "checkout", "--quiet", "-B", branch, f"origin/{branch}")
        return self.hub.bare.branch(branch) or ""

    def _prepare(self, folder: Path) -> None:
        """Take out of the workflow files the one key that act does not know; the double of
        actions/cache gets it otherwise. git does not see the change."""
        for file in sorted((folder / WORKFLOWS).glob("*.yml")):
            text = file.read_text()
            file.write_text(re.sub(r"(?m)^ +cache-mode: .*\n", "", text))
            self._plain_git("-C", str(folder), "update-index", "--assume-unchanged", str(file))

    @staticmethod
    def _plain_git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], check=True, capture_output=True)

    def _environ(self, event: Event) -> dict[str, str]:
        return {
            "GITHUB_SERVER_URL": self.hub.url,
            "GITHUB_API_URL": self.hub.url,
            "GITHUB_REPOSITORY": self.hub.slug,
            "GITHUB_RUN_ID": str(1000 + len(self.runs)),
            "RUNNER_ENVIRONMENT": "self-hosted" if "DEPLOY_RUNNER" in self.variables
            else "github-hosted",
            **self.environ,
        }  # fmt: skip

    def _secrets(self, event: Event) -> dict[str, str]:
        """A fork's pull request gets none."""
        pull = event.payload.get("pull_request")
        outside = pull and pull["head"]["repo"]["full_name"] != self.hub.slug
        return {} if outside else self.secrets

    def _token(self, name: str, event: Event) -> str:
        """GITHUB_TOKEN with all that the jobs of the file ask for; a fork's may only read. (act has
        one token per run; that each job asks for little is held by test_static.py.)"""
        asked: dict[str, str] = {}
        for job in workflow(name)["jobs"].values():
            for permission, level in (job.get("permissions") or {}).items():
                found = max(LEVELS.index(level), LEVELS.index(asked.get(permission, "none")))
                asked[permission] = LEVELS[found]
        pull = event.payload.get("pull_request")
        if pull and pull["head"]["repo"]["full_name"] != self.hub.slug:
            asked = dict.fromkeys(asked, "read")
        return self.hub.token(self.hub.bot, asked)

    def statuses(self, commit: str) -> list[tuple[str, str]]:
        """Context and state of each status of a commit, oldest first."""
        return [(s["context"], s["state"]) for s in self.hub.statuses if s["sha"] == commit]

    def report_check(self, commit: str, event: str, result: str) -> None:
        """The check run that the last job of ci.yml ends as, which has another name in a run that
        was dispatched."""
        conclusion = "success" if result == "success" else "failure"
        name = REQUIRED if event in ATTACHED else "dispatched"
        report_run(self.hub, name, commit, event, conclusion)


def cache_modes(name: str, root: Path) -> dict[str, str]:
    """Job → its `cache-mode`, of the jobs that say one."""
    jobs = workflow(name, root)["jobs"]
    return {key: job["cache-mode"] for key, job in jobs.items() if "cache-mode" in job}


@contextmanager
def world(
    room: Path, model: str, files: Mapping[str, str], *, applied: bool = True
) -> Iterator[World]:
    """A fork of this template with a fixture model, `files` on top, on a GitHub of its own that
    `delivery github apply` has set up, unless it was made a moment ago. It has no App yet."""
    clone = make_checkout(room / "clone", model)
    bare = room / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    with GovernedHub(bare, **PEOPLE) as hub:
        here = World(hub, room, clone)
        admin = hub.token(hub.person("admin", "admin"))
        here.git("remote", "add", "origin", hub.clone_url(admin))
        for path, text in files.items():
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            (clone / path).write_text(text)
        here.git("add", "--all")
        here.git("commit", "--quiet", "--allow-empty", "-m", "Make it ours")
        here.git("push", "--quiet", "-u", "origin", "main")
        if applied:
            here.delivery("github", "apply", token=admin)
        here.git("remote", "set-url", "origin", hub.clone_url(hub.token(hub.person("maintainer"))))
        here.seen = len(hub.events)
        yield here
