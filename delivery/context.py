"""What a command works with: the checkout, and the adapters that its settings name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from delivery.forge.local import LocalForge
from delivery.forge.protocol import Forge
from delivery.gates.supply_chain import signature
from delivery.gates.verdict import Verdict
from delivery.manifests.render import INFRA
from delivery.release.signature import released_signature
from delivery.settings.policy import Environment
from delivery.state.desired import NONE
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout

if TYPE_CHECKING:
    from delivery.image.layout import Image
    from delivery.image.reference import Reference
    from delivery.targets.protocol import Target


@dataclass(frozen=True)
class Context(Checkout):
    """A checkout with its forge and its targets."""

    @cached_property
    def forge(self) -> Forge:
        github = self.surroundings.github
        if github is None:
            return LocalForge(self.repository)
        from delivery.forge.github import GithubForge  # a client of HTTP

        rest = f"It is whole at {self.surroundings.run_url}." if self.surroundings.run_url else ""
        whole = rest or "`delivery gate` writes it whole."
        return GithubForge(
            self.api,
            github.slug,
            merges_itself=github.is_app,
            starts_checks=self.surroundings.starts_checks,
            rest=whole,
        )

    def target(self, environment: Environment) -> Target:
        """The place where `environment` runs."""
        from delivery.targets.docker.images import Source
        from delivery.targets.registry import Sources, target_of  # most commands need no target

        images = Source(partial(self._named_image, environment.name), self._image)
        sources = Sources(images, self.manifests)
        rehearses = self.surroundings.rehearses
        return target_of(environment, self.workspace, sources, rehearses=rehearses)

    def _named_image(self, environment: str, release: str) -> Reference | None:
        """What main says that `release` runs from there; None where it names none."""
        from delivery.image.reference import Reference

        desired = self.snapshot(fetch=False).attempt(environment).desired
        for reference in (desired.wanted, desired.previous):
            if reference.release == release and reference.image != NONE:
                return Reference.parse(reference.image, f"image of {release} in desired.yaml")
        return None

    def _image(self, release: str, base: Reference) -> Image:
        """The image of a release of main, written here unless it is here already."""
        from delivery.bento.bento import Bento
        from delivery.image.release import kept_image, release_image

        if kept := kept_image(release, base, self.workspace):
            return kept
        snapshot = self.snapshot(fetch=False)
        bento = Bento(release, self.bento(snapshot, release))
        self.progress(f"building the image of {release} on {base.name}")
        return release_image(bento, snapshot.record(release), base, self.workspace).image

    def signed(self, snapshot: Snapshot, release: str, environment: str) -> signature.Evidence:
        """The evidence on the signature of a release on main."""
        return released_signature(self, snapshot, release, environment)

    def signature(self, snapshot: Snapshot, release: str, environment: str) -> Verdict:
        """Is a release on main signed by somebody who may sign for `environment`?"""
        return signature.judge(self.signed(snapshot, release, environment))

    def manifests(self, folder: Path) -> None:
        """Write infra/ into `folder`, as main was last seen."""
        self.repository.archive(self.repository.main(), [INFRA], folder)
