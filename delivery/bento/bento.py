"""A bento on disk, and the release that it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from delivery.bento.digest import content_sha256
from delivery.errors import InputError
from serving.contract import Contract, read_contract
from serving.strict import DocumentError

SOURCE = "src"  # what BentoML calls the folder with everything that was included
MODEL = "artifacts/model"
NO_IMAGE = "none"  # as desired.yaml has it


@dataclass(frozen=True)
class Bento:
    """The folder `path` of a built bento. `id` names the release, `image` what carries it where
    images run: NAME@sha256:…"""

    id: str
    path: Path
    image: str = NO_IMAGE

    @property
    def model(self) -> Path:
        """The folder with the model, its contract and its examples."""
        return self.path / SOURCE / MODEL

    @cached_property
    def sha256(self) -> str:
        """The content hash over every file, read once."""
        return content_sha256(self.path)

    @cached_property
    def contract(self) -> Contract:
        """InputError where the bento has none that can be read."""
        try:
            return read_contract(self.model)
        except DocumentError as error:
            raise InputError(f"{self.id}: {error}") from error
