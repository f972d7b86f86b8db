"""The first commit of "Use this template", on each plan: every workflow that GitHub starts for it
ends green, before anybody has applied a setting or made a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.checkout import shared_folder
from tests.github.plans import Plan
from tests.workflows import act
from tests.workflows.advisories import advisories
from tests.workflows.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(act.missing()), reason=act.missing())]

SHOWN = {"scan", "codeql", "scorecard"}  # on the Security page


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    room = tmp_path_factory.mktemp("commit")
    with advisories() as source, world(room, "minimal", {}, applied=False) as found:
        found.variables["ADVISORIES_URL"] = source.url
        found.environ["SHARED"] = str(shared_folder(tmp_path_factory) / "workspace")
        found.left_out = frozenset()
        yield found


@pytest.mark.parametrize(
    ("plan", "scans"), [("public", SHOWN), ("free", {"scan"}), ("team", {"scan"})]
)
def test_the_first_commit_is_green_on_every_plan(here: World, plan: Plan, scans: set[str]) -> None:
    here.hub.subscribe(plan)
    (push,) = [event for event in here.hub.events if event.name == "push"]
    payload = push.payload | {"repository": here.hub.repository_json(here.hub.slug)}
    before = here.hub.bare.refs()
    runs = here._start(replace(push, payload=payload))
    jobs = {run.workflow: set(run.jobs) for run in runs}
    assert [run.log[-3000:] for run in runs if not run.ok] == []
    assert jobs == {"deploy.yml": {"pending"}, "release.yml": {"release"}, "security.yml": scans}
    assert "nothing to release yet" in runs[1].log
    assert here.hub.bare.refs() == before, "nothing was proposed"
    assert here.hub.releases == {}, "nothing was stored"
