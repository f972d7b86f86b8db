"""One release on two bases, by the commands that people use, on an engine: built, signed for,
promoted, deployed, and back. What judges models is left out; who vouches for which image is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import release_id
from delivery.commands import image
from delivery.commands.deploy import deploy
from delivery.commands.promote import promote
from delivery.commands.rollback import rollback
from delivery.context import Context
from delivery.deployment import active, advance
from delivery.deployment.advance import PromoteRequest
from delivery.errors import HeldError, RefusedError
from delivery.gates.judgement import Judgement
from delivery.image.reference import Reference
from delivery.image.registry import push
from delivery.judgement.proposed import Judged
from delivery.settings.policy import EnvironmentSettings
from delivery.state.record import record_path, render_record
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target
from tests.delivery.deployment.production import ENV
from tests.delivery.image.test_build import bento as with_package
from tests.delivery.imaged import well_signed
from tests.delivery.place import World, judgement
from tests.delivery.running import free_port
from tests.images.base import on_base
from tests.images.placed import FAKE, Dock
from tests.origin import make_origin
from tests.origin import record as record_of

pytestmark = pytest.mark.images


@dataclass(frozen=True)
class Imaged(World):
    """A checkout whose only environment is on an engine."""

    target = Context.target
    signature = Context.signature
    signed = Context.signed

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        return self.root.parent / "bento"


@dataclass
class Yard:
    """The release, the two bases, and where it runs."""

    world: Imaged
    release: str
    name: str
    bases: tuple[Reference, Reference]
    target: Target

    def publish(self, base: Reference) -> str:
        """Build, push and sign on `base`, and merge the signature; the image."""
        built = image.build(self.world, self.release, str(base), push_to=self.name)
        signed = image.sign(self.world, self.release, built.pushed, str(base))
        assert signed.pull is not None
        self.world.forge.merge(signed.pull.number)
        return built.pushed

    def promote(self) -> None:
        """Propose it, merge it, and bring it up."""
        result = promote(self.world, PromoteRequest(ENV, self.release))
        assert result.pull is not None
        self.world.forge.merge(result.pull.number)
        deploy(self.world, ENV, budget=240)

    @property
    def running(self) -> str:
        """The image of the one container that there is of the release."""
        (container,) = self.target.runtime.files.slots()  # type: ignore[attr-defined]
        return str(container.image)


@pytest.fixture
def yard(docked: Dock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """A release whose package `bentoml` answers at once."""
    if docked.docker.restart is None:
        pytest.skip("this engine is somebody else's: its production is left alone")
    made = with_package(tmp_path, "bentoml", FAKE.read_text())
    release = release_id(made.sha256)
    record = record_of(release).model_copy(update={"bento_sha256": made.sha256})
    place = EnvironmentSettings(target=docked.settings(free_port())).model_dump()["target"]
    target = json.dumps({key: value for key, value in place.items() if value})
    origin = make_origin(tmp_path)
    origin.push({
        "delivery.yaml": f"environments: {{ {ENV}: {{ target: {target} }} }}\n",
        record_path(release): render_record(record),
    })  # fmt: skip
    newer = tmp_path / "newer"
    newer.write_text("a package of the base, in a newer version\n")
    other = on_base(tmp_path / "other", docked.python, {"usr/share/newer": newer})
    bases = docked.base, push(other, f"{docked.host}/base", "made")
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    monkeypatch.setattr("delivery.context.released_signature", lambda *_: well_signed())
    subject = type("Candidate", (), {"bento": Bento(release, made.path)})
    monkeypatch.setattr(advance, "released", lambda *_: subject)
    passed: Judgement = judgement("pass")()
    about = {"judged": {"candidate_sha256": made.sha256}}
    judged = Judged(replace(passed, candidate=release, evidence=about), tmp_path / "report.html")
    monkeypatch.setattr(advance, "judge", lambda *_: judged)
    monkeypatch.setattr(advance, "markdown", lambda _: "what judges models is left out")
    world = Imaged(origin.path, print)
    runs = world.target(world.snapshot().settings.environment(ENV))
    docked.made.append(runs)
    yield Yard(world, release, f"{docked.host}/team/rebuilt", bases, runs)
    docked.clear()


def test_a_new_base_comes_by_a_promotion_and_goes_by_a_rollback(yard: Yard) -> None:
    old, new = yard.bases
    with pytest.raises(HeldError, match="names none of"):
        yard.promote()
    first = yard.publish(old)
    yard.promote()
    assert yard.running == first
    second = yard.publish(new)
    assert second != first
    with pytest.raises(RefusedError, match="made again, it differs"):
        image.sign(yard.world, yard.release, second, str(old))
    deploy(yard.world, ENV, budget=240)
    assert yard.running == first, "without a promotion nothing changes"
    yard.promote()
    assert yard.running == second
    rollback(yard.world, ENV, reason="the new base is slow", dry_run=False)
    assert yard.running == first
