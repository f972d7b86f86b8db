"""Which image a release runs from, and how it comes to the engine: by digest alone.

Where main names an image, the engine pulls NAME@sha256:… from its registry. Where it names none,
the image is written on this machine, the same bytes anywhere, and loaded; it has no name then, and
runs by the digest of its configuration.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from delivery.errors import TargetError
from delivery.image.archive import write_archive
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.targets.docker.engine import PULL, Engine


@dataclass(frozen=True, slots=True)
class Source:
    """Where the image of a release comes from. `named` is what main says, None where it names
    none; `build` writes it, on a base."""

    named: Callable[[str], Reference | None]
    build: Callable[[str, Reference], Image]


@dataclass(frozen=True, slots=True)
class Images:
    """The images of an environment on its engine."""

    engine: Engine
    base: Reference
    source: Source

    def named(self, release: str) -> str:
        """What main names; empty where it names none."""
        return str(self.source.named(release) or "")

    def ready(self, release: str, before: str = "") -> str:
        """What `docker run` is told, once the engine has it: NAME@sha256:… or sha256:…

        `before` is what the release ran from here: it stays with that where main names none, since
        an image on another base was not judged.

        Raises:
            TargetError: the registry does not give it, or the engine made something else of it.
        """
        if named := self.source.named(release):
            return self.pulled(named)
        if before and self.engine.inspected("image", before):
            return before
        image = self.source.build(release, self.base)
        return self._there(image) or self._loaded(image)

    def pulled(self, reference: Reference) -> str:
        """A named image, once the engine has it."""
        if self.engine.inspected("image", str(reference)) is None:
            self.engine("pull", "--quiet", str(reference), seconds=PULL)
        return str(reference)

    def _there(self, image: Image) -> str:
        """What the engine calls it: engines differ. Empty where it has it not."""
        digests = image.config_digest, image.digest
        return next((each for each in digests if self.engine.inspected("image", each)), "")

    def _loaded(self, image: Image) -> str:
        with _load(self.engine) as process:
            if process.stdin is not None:
                write_archive(image, process.stdin)
        if digest := self._there(image):
            return digest
        raise TargetError(
            f"{self.engine.place} made another image of what it was given, expected "
            f"{image.config_digest}. `delivery doctor`"
        )


@contextmanager
def _load(engine: Engine) -> Iterator[subprocess.Popen[bytes]]:
    """`docker load`, reading what is written to it. TargetError if it fails."""
    with tempfile.TemporaryFile() as errors:
        process = engine.opened("load", errors=errors)
        broken: OSError | None = None
        try:
            yield process
        except BrokenPipeError as error:  # it says why
            broken = error
        process.communicate(timeout=PULL)
        if process.returncode != 0 or broken:
            errors.seek(0)
            told = errors.read().decode(errors="replace").strip()[-600:]
            raise TargetError(f"docker load at {engine.place}: {told}") from broken
