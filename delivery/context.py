"""What a command works with: the checkout, and the adapters that its settings name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from delivery.forge.local import LocalForge
from delivery.forge.protocol import Forge
from delivery.gates.supply_chain import signature
from delivery.gates.verdict import Verdict
from delivery.manifests.render import INFRA
from delivery.release.signature import released_signature
from delivery.settings.policy import Environment
from delivery.state.desired import ReleaseRef
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout

if TYPE_CHECKING:
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
        from delivery.targets.registry import target_of  # most commands need no target

        rehearses = self.surroundings.rehearses
        return target_of(environment, self.workspace, self.manifests, rehearses=rehearses)

    def version(self, snapshot: Snapshot, environment: str, version: ReleaseRef) -> ReleaseRef:
        """With its image, where `environment` runs images and `version` names none: the newest
        that main has."""
        from delivery.release.images.published import named

        return named(self, snapshot, snapshot.environment(environment), version)

    def signed(
        self, snapshot: Snapshot, release: str, environment: str, image: str | None = None
    ) -> signature.Evidence:
        """The evidence on the signature of a release on main, and on its image where `environment`
        runs images; `image` None: of the release alone, which does not run there."""
        evidence = released_signature(self, snapshot, release, environment)
        if image is None or not snapshot.environment(environment).runs_images:
            return evidence
        from delivery.release.images.published import carried

        version = ReleaseRef(release, image=image)
        return replace(evidence, image=carried(self, snapshot, version, environment))

    def signature(
        self, snapshot: Snapshot, release: str, environment: str, image: str | None = None
    ) -> Verdict:
        """Is it signed by somebody who may sign for `environment`?"""
        return signature.judge(self.signed(snapshot, release, environment, image))

    def manifests(self, folder: Path) -> None:
        """Write infra/ into `folder`, as main was last seen."""
        self.repository.archive(self.repository.main(), [INFRA], folder)
