"""How the image of a release comes to the engine: by the digest that main names, and nothing else.

The engine pulls it by itself, with the login of the account that deploys.
"""

from __future__ import annotations

from delivery.bento.bento import NO_IMAGE, Bento
from delivery.errors import InputError
from delivery.image.reference import Reference
from delivery.targets.docker.engine import PULL, Engine


def pulled(engine: Engine, bento: Bento) -> str:
    """What `docker run` is told, once the engine has it: NAME@sha256:…

    Raises:
        InputError: no image is named, or one by a tag.
        TargetError: the registry does not give it.
    """
    if bento.image == NO_IMAGE:
        raise InputError(
            f"{bento.id} has no image, and {engine.place} runs nothing else. `delivery image build "
            f"{bento.id}` makes one: docs/images.md."
        )
    reference = str(Reference.parse(bento.image, f"image of {bento.id}"))
    if engine.inspected("image", reference) is None:
        engine("pull", "--quiet", reference, seconds=PULL)
    return reference
