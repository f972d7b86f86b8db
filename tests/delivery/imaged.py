"""A production that runs images, beside a staging that runs processes; its target is in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.gates.supply_chain.signature import Evidence
from delivery.image.reference import Reference
from delivery.release.images.statement import Statement, sign_statement
from delivery.settings.policy import Environment
from delivery.targets.protocol import Instance, Target
from delivery.trust.keys import own_key
from tests.delivery.place import Place, World
from tests.origin import Origin, record

ONE, TWO = "r-111111111111", "r-222222222222"
NAME = "registry.example/team/online"
IMAGE = Reference(NAME, f"sha256:{'a' * 64}")
REBUILT = Reference(NAME, f"sha256:{'e' * 64}")
BASE = Reference("registry.example/python", f"sha256:{'b' * 64}")
POLICY = f"""\
environments:
  staging: {{ target: {{ kind: local, port: 7101 }} }}
  production:
    target: {{ kind: docker, port: 7102, base: "{BASE}", router: "{BASE}" }}
"""


def publish(
    origin: Origin, image: Reference = IMAGE, release: str = ONE, key: str | None = None
) -> str:
    """Put a statement on main, signed with this machine's key unless another is given; its path."""
    statement = Statement.about(image, image.digest, record(release), BASE)
    own = key or own_key(origin.environ, make=True)
    assert own is not None
    path, text = sign_statement(statement, own)
    origin.push({path: text}, f"Sign an image of {release}")
    return path


@dataclass
class Yard(Place):
    """Remembers which image each release was started from."""

    images: dict[str, str] = field(default_factory=dict)
    broken_images: set[str] = field(default_factory=set)

    def start(self, bento: Bento) -> Instance:
        broken = bento.image in self.broken_images
        self.broken = self.broken | {bento.id} if broken else self.broken - {bento.id}
        instance = super().start(bento)
        self.images[bento.id] = bento.image
        return instance


@dataclass(frozen=True)
class Imaged(World):
    """Releases are signed well; what is in question is their images."""

    signature = Context.signature
    signed = Context.signed

    def target(self, environment: Environment) -> Target:
        return self.places.setdefault(environment.name, Yard(environment.name)).target

    @property
    def yard(self) -> Yard:
        made = self.places.setdefault("production", Yard("production"))
        assert isinstance(made, Yard)
        return made


def well_signed(environment: str = "production") -> Evidence:
    """What a release has whose own signature counts."""
    now = datetime.now(UTC)
    return Evidence(environment, {"a": "1"}, {"a": "1"}, now, own=True, genuine=True)
