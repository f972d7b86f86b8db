"""Where delivery runs, from the environment and the URL of origin."""

from __future__ import annotations

import base64
import inspect
import json
import re
from pathlib import Path

import pytest

from delivery.settings.host import append, surroundings
from tests.checkout import ROOT

TOKEN = "ghs_secret"
JOB = {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": TOKEN, "RUNNER_ENVIRONMENT": "github-hosted"}


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/models",
        "https://github.com/acme/models.git",
        "https://x-access-token:abc@github.com/acme/models.git",
        "git@github.com:acme/models.git",
        "ssh://git@github.com/acme/models.git",
    ],
)
def test_every_form_of_a_url_on_github_is_known(url: str) -> None:
    github = surroundings({}, url).github
    assert github is not None
    assert (github.slug, github.api) == ("acme/models", "https://api.github.com")


@pytest.mark.parametrize(
    "url", ["", "../origin.git", "/srv/git/acme/models", "https://gitlab.com/a/b"]
)
def test_another_origin_is_local_even_inside_a_job(url: str) -> None:
    found = surroundings(JOB, url)
    assert found.github is None
    assert not found.in_job
    assert not found.rehearses


def test_an_enterprise_server_is_named_by_the_environment() -> None:
    environ = {
        "GITHUB_SERVER_URL": "https://git.acme.example",
        "GITHUB_API_URL": "https://x/api/v3/",
    }
    github = surroundings(environ, "https://git.acme.example/team/models").github
    assert github is not None
    assert github.api == "https://x/api/v3"
    assert surroundings(environ, "https://github.com/a/b").github is None


def test_the_token_is_never_in_a_repr_and_reaches_git_by_its_environment() -> None:
    found = surroundings(JOB, "https://github.com/acme/models")
    assert TOKEN not in repr(found)
    assert found.github is not None
    credentials = found.github.credentials()
    assert credentials["GIT_CONFIG_KEY_0"] == "http.https://github.com/.extraheader"
    encoded = credentials["GIT_CONFIG_VALUE_0"].split()[-1]
    assert base64.b64decode(encoded).decode() == f"x-access-token:{TOKEN}"


def test_the_token_of_an_app_comes_first() -> None:
    github = surroundings(JOB | {"DELIVERY_APP_TOKEN": "app"}, "https://github.com/a/b").github
    assert github is not None
    assert (github.token, github.is_app) == ("app", True)


def test_jobs_rehearse_unless_a_runner_is_named() -> None:
    url = "https://github.com/a/b"
    assert surroundings(JOB, url).rehearses
    assert surroundings(JOB, url).is_hosted
    assert not surroundings(JOB | {"DEPLOY_RUNNER": "own"}, url).rehearses
    assert not surroundings({}, url).rehearses


def test_the_pull_request_of_a_job_is_that_of_its_event(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    url = "https://github.com/a/b"
    assert surroundings(JOB | {"GITHUB_EVENT_PATH": str(event)}, url).pull == 7
    assert surroundings(JOB, url).pull is None


def test_what_is_written_names_who_wrote_it_and_in_which_run() -> None:
    url = "https://github.com/a/b"
    ref = "a/b/.github/workflows/deploy.yml@refs/heads/main"
    job = {"GITHUB_ACTOR": "ada", "GITHUB_WORKFLOW_REF": ref, "GITHUB_JOB": "deploy"}
    assert surroundings(JOB | job | {"GITHUB_RUN_ID": "42"}, url).actor == {
        "name": "ada",
        "job": f"{ref} deploy",
        "run": f"{url}/actions/runs/42",
    }
    person = surroundings({"USER": "ada"}, url).actor
    assert list(person) == ["name"]
    assert person["name"].startswith("ada@")


def test_a_summary_grows_and_nothing_is_written_outside_a_job(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    append(file, "one")
    append(file, "two")
    append(None, "three")
    assert file.read_text() == "one\ntwo\n"


def test_every_variable_that_is_read_is_in_the_table() -> None:
    """`locustfile` and `keeper` are programs; what starts them sets their variables."""
    text = "".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "delivery").rglob("*.py")
        if file.name not in {"locustfile.py", "keeper.py"}
    )
    read = set(re.findall(r'environ\.get\("([A-Z_]+)"', text))
    assert {"GITHUB_TOKEN", "ADVISORIES_URL"} <= read
    table = str(inspect.getmodule(surroundings).__doc__).replace("\n", " ").replace(",", " ")
    assert {name for name in read if f" {name} " not in table} == {"PATH", "HOME"}
