"""image.yml and rescan.yml as they are, with a registry on loopback: from a release on main to an
image that main vouches for, and that a scanner is asked about later. What Grype finds is played,
and Sigstore keeps what it would attest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import release_id
from delivery.image.reference import Reference
from delivery.image.registry import push
from delivery.state.desired import Desired, ReleaseRef, desired_path, render_desired
from delivery.state.record import pointer_path, record_path, render_record
from delivery.storage.store import Store
from delivery.trust.keys import own_file, own_public_key
from tests.delivery.image.made import base
from tests.delivery.image.test_build import bento as toy
from tests.delivery.scanners.test_image_report import MATCH
from tests.images.engine import registry
from tests.origin import record as record_of
from tests.origin import version
from tests.workflows import act
from tests.workflows.parsed import ROOT, WORKFLOWS
from tests.workflows.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(act.missing()), reason=act.missing())]
FILE = f"{WORKFLOWS}/image.yml"
POLICY = """\
environments:
  production: { target: { kind: local, port: 7102 } }
trust:
  ci: { key: keys/releases.pub, may: [releases] }
"""
# Both log in as people do; here everybody may, and a daemon that is not there need not be asked.
LOGIN = '#!/bin/sh\n[ "$1" = login ] && exec cat > /dev/null\nexec {program} "$@"\n'


@dataclass
class Yard:
    """A fork with a release on main, the registry of its images, and what a scanner will find."""

    here: World
    registry: str
    base: Reference
    release: str
    scanned: Path

    def run(self, *found: Any) -> act.Run:
        self.will_find(*found)
        return self.here.dispatch("image.yml", {"release": self.release, "base": str(self.base)})

    def will_find(self, *found: Any) -> None:
        told = {
            "matches": list(found),
            "source": {"type": "image", "target": {"manifestDigest": "DIGEST"}},
            "descriptor": {"name": "grype", "timestamp": "NOW"},
        }
        self.scanned.write_text(json.dumps(told))

    def rescan(self, *found: Any) -> act.Run:
        self.will_find(*found)
        return self.here.dispatch("rescan.yml", {})

    @property
    def statements(self) -> list[str]:
        """What main has of signed images."""
        names = self.here.hub.bare.git("ls-tree", "--name-only", "main", "releases/").splitlines()
        return [name for name in names if ".image." in name]


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    room = tmp_path_factory.mktemp("image")
    signer = {"XDG_DATA_HOME": str(room / "signer")}
    key = own_public_key(signer, make=True)
    assert key is not None
    with registry(room) as host, pytest.MonkeyPatch.context() as patch:
        text = (ROOT / FILE).read_text().replace("REGISTRY: ghcr.io", f"REGISTRY: {host}")
        files = {
            FILE: text, "delivery.yaml": POLICY, "keys/releases.pub": key.pem,
            ".dvc/config": f"[core]\nremote = store\n['remote \"store\"']\nurl = {room}/store\n",
        }  # fmt: skip
        for name in ("docker", "skopeo"):
            program = room / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(LOGIN.format(program=shutil.which(name) or "false"))
            program.chmod(0o755)
        patch.setenv("PATH", f"{room / 'bin'}{os.pathsep}{os.environ['PATH']}")
        below = push(base(room), f"{host}/python", "base")
        with world(room, "minimal", files) as here:
            here.secrets["DELIVERY_SIGNING_KEY"] = own_file(signer).read_text()
            here.variables["DEPLOY_RUNNER"] = "own"
            here.environ["SCANNED"] = str(room / "scanned.json")
            release = put_release(here, room)
            yield Yard(here, host, below, release, room / "scanned.json")


def put_release(here: World, room: Path) -> str:
    """A toy bento in the store and its record on main, as an earlier release left them."""
    made = toy(room)
    release = Bento(release_id(made.sha256), made.path)
    about = record_of(release.id).model_copy(update={"bento_sha256": made.sha256})
    store = Store(here.clone, room / "workspace")
    pointer = store.put(release.id, release.path, here.git("rev-parse", "HEAD"))
    files = {pointer_path(release.id): pointer, record_path(release.id): render_record(about)}
    for path, text in files.items():
        (here.clone / path).write_text(text)
    here.git("add", "--force", *files)
    here.git("commit", "--quiet", "-m", f"Release {release.id}")
    here.hub.bare.git("fetch", "--quiet", str(here.clone), "+HEAD:refs/heads/main")
    return release.id


def test_a_release_becomes_an_image_that_main_vouches_for(yard: Yard) -> None:
    run = yard.run()
    assert run.ok, run.log
    assert set(run.jobs) == {"build", "scan", "sign", "attest"}
    attested = (run.artifacts / "attested/image").read_text().strip()
    name, _, digest = attested.partition("@")
    assert name == f"{yard.registry}/{yard.here.hub.slug.lower()}"
    assert yard.statements == [], "until somebody merges it, nobody vouches for it"
    (number,) = yard.here.pulls("signature")
    head = yard.here.hub.pulls[number].head_sha
    yard.here.report_check(head, "pull_request", "success")  # what ci.yml does: tests/workflows
    yard.here.merge(number)
    (statement,) = yard.statements
    assert statement.startswith(
        f"releases/{yard.release}.image.{digest.removeprefix('sha256:')[:16]}."
    )


def test_a_build_that_says_another_digest_is_not_signed_for(yard: Yard) -> None:
    """Whoever runs in the job that pushes: what is signed is made again elsewhere."""
    other = push(base(yard.here.room / "other", "changed"), str(yard.base.name), "base")
    text = yard.here.read(FILE)
    lies = f'printf "name={other.name}\\ndigest={other.digest}\\n" >> "$GITHUB_OUTPUT"'
    line = next(each for each in text.splitlines() if "delivery image build" in each)
    yard.here.branch("lie", {FILE: text.replace(line, f"{line} && {lies}")}, "Lie")
    yard.here.hub.bare.git("update-ref", "refs/heads/main", "refs/heads/lie")
    run = yard.run()
    yard.here.hub.bare.git("update-ref", "refs/heads/main", "refs/heads/lie~1")
    assert run.jobs["build"] == run.jobs["scan"] == "success"
    assert run.jobs["sign"] == "failure"
    assert f"{other.digest} is no image of {yard.release}" in run.log
    assert not (run.artifacts / "attested").exists()


def test_a_severe_vulnerability_that_a_newer_package_ends_is_not_signed_for(yard: Yard) -> None:
    run = yard.run(MATCH)
    assert run.jobs["sign"] == "failure"
    assert "numpy 2.0 has GHSA-aaaa-bbbb-cccc (critical)" in run.log
    assert not (run.artifacts / "attested").exists()


def test_what_becomes_known_of_a_wanted_image_fails_the_run_of_a_morning(yard: Yard) -> None:
    idle = yard.rescan(MATCH)
    assert idle.ok, idle.log
    assert idle.jobs == {"wanted": "success"}, "nobody wants an image"
    image = str(yard.base)  # any image will do
    wanted = replace(version(yard.release), image=image)
    place = f'{{ kind: docker, port: 7102, base: "{image}", router: "{image}" }}'
    files = {
        "delivery.yaml": POLICY.replace("{ kind: local, port: 7102 }", place),
        desired_path("production"): render_desired(Desired(wanted, ReleaseRef(), "none")),
    }
    yard.here.branch("docker", files, "Run images")
    yard.here.hub.bare.git("update-ref", "refs/heads/main", "refs/heads/docker")
    run = yard.rescan(MATCH)
    assert run.jobs == {"wanted": "success", "scan": "success", "judge": "failure"}, run.log
    assert "numpy 2.0 has GHSA-aaaa-bbbb-cccc (critical)" in run.log
    assert yard.rescan().ok
