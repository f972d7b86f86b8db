"""A fork's first release as docs/github.md has it: the commands of the page, in their order.

Where the page has a person click or wait, GitHub works until nothing is left to do. Jobs are of
hosted runners: they rehearse the environments, and the bytes lie in GitHub Releases.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.checkout import shared_folder
from tests.origin import ROOT
from tests.ports import free_offset
from tests.workflows import act
from tests.workflows.advisories import advisories
from tests.workflows.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(act.missing()), reason=act.missing())]

PAGE = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
POLICY = """\
environments:
  staging: { target: { kind: local, port: 7101 } }
  production: { target: { kind: local, port: 7102 } }
gates:
  load:
    { users: 2, seconds: 1, requests_per_second: 20, minimum_requests: 10, throughput: 0.5,
      p95_ms: 5000, p99_ms: 5000 }
  latency: { blocks: 8, requests: 8, slack_ms: 1000 }
  data: { strong: 1 } # of these tumours, some columns alone tell nearly what the model does
"""
DESIRED = "infra/environments/production/desired.yaml"
OWN_TEST = "def test_ours() -> None:\n    assert True\n"


def steps() -> list[str]:
    """The blocks of commands of the first release, in order."""
    text = PAGE.partition("\n## The first release\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^   ```sh\n(.*?)^   ```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in blocks]


@dataclass
class Person:
    """Types what the page says, into a shell that stays open and into `gh`."""

    here: World
    number: str = ""
    runs: list[act.Run] = field(default_factory=list)

    def follow(self, block: str) -> str:
        """Type a block; what its shell commands printed."""
        shell = ""
        for line in block.splitlines():
            if line.startswith("gh "):
                self.type(shell)
                self.gh(shlex.split(line.replace("NUMBER", self.number), comments=True)[1:])
                shell = ""
            else:
                shell += line + "\n"
        return self.type(shell)

    def type(self, shell: str) -> str:
        shell = shell.replace("@you", "@maintainer").replace("@a-colleague", "@reviewer")
        hub = self.here.hub
        environ = {"GITHUB_SERVER_URL": hub.url, "GITHUB_API_URL": hub.url}
        done = subprocess.run(
            ["bash", "-c", shell], cwd=self.here.clone, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **environ, **self.here.environ, "PATH": self._path(),
                 "BORROW": str(act.BIN.parent)},
        )  # fmt: skip
        return done.stdout

    def gh(self, words: list[str]) -> None:
        """What the real one would ask GitHub for: the author's own, and a second person's."""
        hub, (_, verb, *rest) = self.here.hub, words
        author, other = hub.person("maintainer"), hub.person("reviewer")
        if verb == "create":
            branch = self.here.git("branch", "--show-current")
            title = self.here.git("log", "-1", "--format=%s")
            number = hub.open_pull(author, branch, title)
            self.here.seen = len(hub.events)  # its checks before the training: test_hostile.py
            hub.label(author, number, rest[rest.index("--label") + 1])
        elif verb == "list":
            (found,) = self.here.pulls(rest[rest.index("--label") + 1])
            self.number = str(found)
        elif verb == "review":
            hub.approve(other, self._number(rest[0]))
        elif verb == "merge":
            hub.merge_pull(author, self._number(rest[0]))
        else:
            raise AssertionError(f"the page calls gh {words}")
        self.runs += self.here.settle()

    def _number(self, name: str) -> int:
        if name.isdecimal():
            return int(name)
        return next(n for n, pull in self.here.hub.pulls.items() if pull.head_ref == name)

    def _path(self) -> str:
        """With a `gh` that knows the token of an administrator."""
        token = self.here.hub.token(self.here.hub.person("admin", "admin"))
        program = self.here.room / "bin" / "gh"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\n[ "$*" = "auth token" ] && echo {token}\n')
        program.chmod(0o755)
        own = self.here.clone / ".venv" / "bin"
        return os.pathsep.join(map(str, (own, program.parent, os.environ["PATH"])))


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """One whose repository was made from the template a moment ago."""
    room = tmp_path_factory.mktemp("first")
    files = {"delivery.yaml": POLICY, "tests/model/test_ours.py": OWN_TEST}
    with advisories() as source, world(room, "minimal", files, applied=False) as here:
        here.variables["ADVISORIES_URL"] = source.url
        here.environ["SHARED"] = str(shared_folder(tmp_path_factory) / "workspace")
        here.environ["DELIVERY_PORT_OFFSET"] = free_offset()
        yield Person(here)


def test_the_page_leads_to_production(person: Person) -> None:
    """One story, since each step of the page needs the one before."""
    here = person.here
    settings, training, candidate, staging, production = steps()

    doctor = person.follow(settings)
    assert "@maintainer" in here.read(".github/CODEOWNERS")
    assert "main" in {ruleset["name"] for ruleset in here.hub.rulesets.values()}
    assert "EVERYBODY" in doctor, "it is public, and Releases are its store"
    here.settle()

    (here.clone / "params.yaml").write_text(here.read("params.yaml").replace("C: 1.0", "C: 0.5"))
    person.follow(training)
    assert here.read("dvc.lock", "first")
    for step in (candidate, staging):
        person.follow(step)
    status = person.follow(production)

    assert [run.workflow for run in person.runs if not run.ok] == []
    (release,) = re.findall(r'^  release: "(r-\w{12})"', here.read(DESIRED), re.MULTILINE)
    rows = re.findall(rf"^(\w+) +{release} +verified in rehearsal", status, re.MULTILINE)
    assert rows == ["staging", "production"], status
    stored = {found["tag_name"].partition("-")[0] for found in here.hub.releases.values()}
    assert stored == {"lock", "r"}
