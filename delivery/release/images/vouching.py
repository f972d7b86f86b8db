"""Before somebody signs for an image: it is made again from its release, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from delivery.bento.bento import Bento
from delivery.bento.digest import file_hashes
from delivery.errors import InputError, RefusedError
from delivery.gates.supply_chain.signature import judge
from delivery.gates.verdict import Verdict
from delivery.image.compare import differences
from delivery.image.contents import contents
from delivery.image.findings import findings
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.image.registry import pull
from delivery.image.release import kept_image, release_image
from delivery.release.images.statement import Statement, claims, read_statement, sign_statement
from delivery.release.signature import evidence_about
from delivery.release.signing import Signature
from delivery.settings.host import Surroundings
from delivery.state.record import Record
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout
from delivery.trust.keys import own_key


def pulled(reference: Reference, checkout: Checkout) -> Image:
    """An image by its own digest. InputError where that names an index."""
    image = pull(reference, checkout.workspace)
    if image.digest != reference.digest:
        raise InputError(f"{reference} is an index; name the image {image.digest} itself")
    return image


def require_of_release(
    checkout: Checkout, bento: Bento, record: Record, image: Image, base: Reference
) -> None:
    """RefusedError unless `image` is, to the byte, what is made of `bento` on `base`, and has
    nothing that no image should have.

    Raises:
        TargetError: base or wheels cannot be reached.
    """
    wrong = findings(image.config, contents(image), file_hashes(bento.path))
    if not wrong:
        again = kept_image(bento.id, base, checkout.workspace)
        again = again or release_image(bento, record, base, checkout.workspace).image
        wrong = [f"made again, it differs: {each}" for each in differences(again, image)]
    if wrong:
        raise RefusedError(
            f"{image.digest} is no image of {bento.id} on {base}: {'; '.join(wrong)}"
        )


def vouched(
    checkout: Checkout, snapshot: Snapshot, statement: Statement
) -> tuple[Mapping[str, str], Verdict]:
    """The file that says it, signed with this machine's key, and what it counts for in the first
    environment."""
    pem = own_key(checkout.surroundings.environ, make=True)
    assert pem is not None, "it was made"
    path, text = sign_statement(statement.by(builder(checkout.surroundings)), pem)
    read = read_statement(text, path)
    wanted = claims(statement.release, statement.bento_sha256, statement.image.digest)
    about = Signature(read.bundle, read.statement.claims), wanted, datetime.now(UTC)
    evidence = evidence_about(checkout, snapshot, snapshot.settings.first, about)
    return {path: text}, judge(evidence)


def builder(surroundings: Surroundings) -> str:
    """Who made it again: a run of a workflow, or somebody on a machine."""
    name = surroundings.actor["name"]
    return surroundings.run_url or f"urn:model-delivery:builder:{name}"
