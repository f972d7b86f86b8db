"""`delivery github app` makes the App that the workflows act as, with a person's two clicks."""

from __future__ import annotations

import html
import json
import re
import stat
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from delivery.cli import options
from delivery.cli.main import cli
from delivery.commands.doctor import jobs
from delivery.commands.github.app import FOLDER, propose, receive
from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.github.access import access
from delivery.governance.live import Site
from delivery.governance.main import Main
from tests.github.governing import Governed
from tests.origin import ROOT


def click(page: Path) -> httpx.Response:
    """What a browser sends when the button is clicked."""
    text = page.read_text(encoding="utf-8")
    (action,) = re.findall(r'action="([^"]+)" method="post"', text)
    (value,) = re.findall(r'name="manifest" value="([^"]*)"', text)
    fields = {"manifest": html.unescape(value)}
    return httpx.post(html.unescape(action), data=fields, trust_env=False)


def test_two_clicks_and_a_code_make_the_app(world: Governed) -> None:
    page = propose(world.context).page
    back = click(page)
    address = back.headers["location"]
    assert address.startswith(f"{world.hub.url}/acme/model?code=")
    result = receive(world.context, address)
    assert result.key.read_text() == world.hub.app_pem
    assert stat.S_IMODE(result.key.stat().st_mode) == 0o600
    assert result.key.parent == world.context.workspace / FOLDER
    assert world.hub.app_permissions == {
        "contents": "write",
        "pull_requests": "write",
        "metadata": "read",
    }
    assert result.commands[0] == f"gh variable set DELIVERY_APP_ID --body {world.hub.app_id}"


def test_the_commands_that_are_left_satisfy_doctor(world: Governed) -> None:
    """A `gh` that keeps variables and secrets takes them as they are printed."""
    address = click(propose(world.context).page).headers["location"]
    for command in receive(world.context, address).commands:
        if match := re.fullmatch(r"gh variable set (\w+) --body (\d+)", command):
            world.hub.variables[match[1]] = match[2]
        elif match := re.fullmatch(r"gh secret set (\w+) --env ([\w-]+) < (.+)", command):
            assert Path(match[3]).read_text() == world.hub.app_pem
            world.hub.secrets.add((match[2], match[1]))
    shown = jobs.app(Site(access(world.context.surroundings.github)), Main(world.context))
    assert shown == f"{world.hub.app_id}: rollbacks merge themselves in staging, production"


def test_a_code_is_good_once(world: Governed) -> None:
    code = click(propose(world.context).page).headers["location"].partition("code=")[2]
    receive(world.context, code)
    with pytest.raises(InputError, match="good once, and for an hour"):
        receive(world.context, code)


def test_a_persons_repository_makes_it_under_their_own_settings(
    world: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f'"{world.hub.url}/organizations/acme/settings/apps/new"' in _page(world)
    monkeypatch.setattr(Site, "about", {"owner": {"type": "User"}})
    assert f'"{world.hub.url}/settings/apps/new"' in _page(world)


def _page(world: Governed) -> str:
    return propose(world.context).page.read_text(encoding="utf-8")


def test_a_dry_run_prints_the_manifest_and_writes_nothing(
    world: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.origin.path)
    monkeypatch.setattr(options, "require_own_checkout", lambda _: None)
    shown = CliRunner().invoke(cli, ["github", "app", "--dry-run"])
    manifest = json.loads(shown.stdout)
    assert (manifest["public"], manifest["default_events"]) == (False, [])
    assert manifest["hook_attributes"]["active"] is False
    assert not (world.context.workspace / FOLDER).exists()


def test_the_app_is_allowed_what_jobs_ask_of_it_and_no_more(world: Governed) -> None:
    asked: dict[str, str] = {"metadata": "read"}
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in parse_yaml(file.read_text(encoding="utf-8"), file.name)["jobs"].values():
            for step in job.get("steps", ()):
                if "create-github-app-token" in step.get("uses", ""):
                    for name, level in step["with"].items():
                        if name.startswith("permission-"):
                            key = name.removeprefix("permission-").replace("-", "_")
                            asked[key] = level
    assert propose(world.context, write=False).manifest["default_permissions"] == asked
