"""Where `delivery` runs: a person's machine or a job of GitHub Actions. Read once.

Whether pull requests live on GitHub is decided by where `origin` is, not by a setting: the
rehearsal of the whole loop inside a job has a bare repository for its origin and stays local.

    variable                  read for
    GITHUB_TOKEN, GH_TOKEN    reading and writing on GitHub
    DELIVERY_APP_TOKEN        the same as a GitHub App, which may merge rollbacks by itself
    GITHUB_SERVER_URL         which host is GitHub; https://github.com if unset
    GITHUB_API_URL            its REST interface; https://api.github.com if unset
    DEPLOY_RUNNER             the runner where environments run; empty: jobs rehearse them
    CI_STATUS                 false: checks of pull requests by GITHUB_TOKEN wait for a click
    RUNNER_ENVIRONMENT        github-hosted: nothing that is started here stays
    GITHUB_ACTIONS            true: this is a job
    GITHUB_RUN_ID             which run of a workflow, for a link to it
    GITHUB_ACTOR              who started it
    GITHUB_WORKFLOW_REF       which workflow, at which ref
    GITHUB_JOB                which of its jobs
    USER, LOGNAME             who works here, outside a job
    GITHUB_EVENT_PATH         the event of a job: which pull request it is about
    GITHUB_HEAD_REF           the branch of a pull request, in a job
    GITHUB_OUTPUT             where a job's outputs go
    GITHUB_STEP_SUMMARY       where a job's page is written
    DELIVERY_SIGNING_KEY      the key that signs releases, as PEM or as a file's path
    DELIVERY_EVENT_KEY        the key that signs events, the same way
    SERVING_LOG_KEY           hides sensitive inputs in the prediction log; erasing finds them by it
    XDG_DATA_HOME             where this machine keeps its own keys
    DELIVERY_WORKSPACE        machine-local state outside the checkout, which a runner may clean
    ADVISORIES_URL            who is asked for known vulnerabilities; PyPI's advisories if unset

Elsewhere: DELIVERY_PORT_OFFSET (`delivery.settings.policy`). What starts a program hands on the
rest of the environment or leaves it out, and reads none of it.
"""

from __future__ import annotations

import base64
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from serving.settings.host import LOG_KEY

SERVER = "https://github.com"
API = "https://api.github.com"
URL = re.compile(
    r"^(?:https?://(?:[^/@]+@)?|ssh://git@|git@)(?P<host>[^/:]+(?::\d+)?)[/:]"
    r"(?P<slug>[^/]+/[^/]+?)(?:\.git)?/?$"
)


@dataclass(frozen=True, slots=True)
class GitHub:
    """The repository on GitHub, and who we are there. `token` is empty where there is none."""

    slug: str
    server: str
    api: str
    token: str = field(repr=False)
    is_app: bool

    def credentials(self) -> Mapping[str, str]:
        """What git needs to reach it: in the environment, so in no file and no process list."""
        if not self.token:
            return {}
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.server}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }


@dataclass(frozen=True)
class Surroundings:
    """What the environment says. `github` is None where origin is not on GitHub."""

    environ: Mapping[str, str] = field(repr=False)
    github: GitHub | None = None

    @property
    def in_job(self) -> bool:
        """Is this a job that is about the repository on GitHub?"""
        return self.github is not None and self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def rehearses(self) -> bool:
        """Do jobs rehearse the environments, because no runner is named where they run?"""
        return self.in_job and not self.environ.get("DEPLOY_RUNNER")

    @property
    def starts_checks(self) -> bool:
        """Is this a job whose token starts no checks by what it pushes and opens?"""
        by_token = self.in_job and self.github is not None and not self.github.is_app
        return by_token and self.environ.get("CI_STATUS") != "false"

    @property
    def job_token(self) -> str:
        """GITHUB_TOKEN, which may start workflows; the App's may not."""
        return self.environ.get("GITHUB_TOKEN", "") if self.in_job else ""

    @property
    def is_hosted(self) -> bool:
        """Is this a machine that ends with the job, so that nothing started here can stay?"""
        return self.in_job and self.environ.get("RUNNER_ENVIRONMENT") == "github-hosted"

    @property
    def workspace(self) -> Path | None:
        path = self.environ.get("DELIVERY_WORKSPACE")
        return Path(path).absolute() if path else None

    @property
    def log_key(self) -> str:
        """The key of the prediction log; empty without one."""
        return self.environ.get(LOG_KEY, "")

    @property
    def summary(self) -> Path | None:
        path = self.environ.get("GITHUB_STEP_SUMMARY") if self.in_job else None
        return Path(path) if path else None

    @property
    def output(self) -> Path | None:
        path = self.environ.get("GITHUB_OUTPUT") if self.in_job else None
        return Path(path) if path else None

    @cached_property
    def event(self) -> Mapping[str, Any]:
        """The event that the job is for; empty outside a job."""
        path = self.environ.get("GITHUB_EVENT_PATH") if self.in_job else None
        if not path or not Path(path).is_file():
            return {}
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}

    @property
    def pull(self) -> int | None:
        """The number of the pull request that the job is about."""
        number = (self.event.get("pull_request") or {}).get("number")
        return int(number) if number is not None else None

    @property
    def actor(self) -> Mapping[str, str]:
        """Who works here: what events say of their writer."""
        if not self.in_job:
            user = self.environ.get("USER") or self.environ.get("LOGNAME") or "somebody"
            return {"name": f"{user}@{platform.node()}"}
        workflow = self.environ.get("GITHUB_WORKFLOW_REF", "")
        return {
            "name": self.environ.get("GITHUB_ACTOR", ""),
            "job": f"{workflow} {self.environ.get('GITHUB_JOB', '')}".strip(),
            "run": self.run_url,
        }

    @property
    def run_url(self) -> str:
        """The page of this job's run; empty outside a job."""
        run = self.environ.get("GITHUB_RUN_ID")
        if self.github is None or not self.in_job or not run:
            return ""
        return f"{self.github.server}/{self.github.slug}/actions/runs/{run}"


def append(file: Path | None, text: str) -> None:
    """Add to the job's summary or outputs; nothing outside a job."""
    if file is not None:
        with file.open("a", encoding="utf-8") as out:
            out.write(text + "\n")


def surroundings(environ: Mapping[str, str], origin: str) -> Surroundings:
    """Where we are, given the URL of origin (empty where there is none)."""
    return Surroundings(environ, _github(environ, origin))


def _github(environ: Mapping[str, str], origin: str) -> GitHub | None:
    server = environ.get("GITHUB_SERVER_URL", SERVER).rstrip("/")
    match = URL.match(origin)
    if match is None or match["host"] != server.partition("://")[2]:
        return None
    app = environ.get("DELIVERY_APP_TOKEN", "")
    token = app or environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
    api = environ.get("GITHUB_API_URL", API).rstrip("/")
    return GitHub(match["slug"], server, api, token, is_app=bool(app))
