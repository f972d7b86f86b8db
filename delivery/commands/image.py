"""`delivery image`: the image of a release that main has, and that of `delivery` itself. `build`
and `command` need no key, `sign` pushes nothing, `rescan` changes nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from delivery.bento.bento import NO_IMAGE, Bento
from delivery.context import Context
from delivery.errors import HeldError, RefusedError
from delivery.evidence.supply_chain.vulnerabilities import vouch
from delivery.forge.protocol import Pull
from delivery.gates.supply_chain import vulnerabilities
from delivery.gates.verdict import BLOCKING, Verdict
from delivery.image.build import TAG, Built, build_command
from delivery.image.reference import Reference, repository
from delivery.image.registry import images, pull, push
from delivery.image.release import release_image
from delivery.release.images.described import documents
from delivery.release.images.referrers import attach
from delivery.release.images.statement import Statement
from delivery.release.images.vouching import builder, pulled, require_of_release, vouched
from delivery.report.cells import cell
from delivery.settings.host import append
from delivery.state.snapshot import Snapshot
from delivery.trust.keys import SHOWN

LOCK = "requirements/delivery.lock"


@dataclass(frozen=True, slots=True)
class ImageResult:
    """An image of `release`, or of `delivery`. `sizes` has title, bytes, and bytes compressed of
    its parts; `pushed` is its name in a registry, empty where it was not pushed."""

    release: str
    base: str
    digest: str
    config_digest: str
    diff_ids: Sequence[str]
    sizes: Sequence[tuple[str, int, int]]
    layout: Path
    pushed: str


def build(context: Context, release: str, base: str, *, push_to: str = "") -> ImageResult:
    """Build the image of a release on `base`, look into it, and perhaps push it, with its SBOM and
    who built it beside it.

    Raises:
        InputError: main has no such release, or `base` or `push_to` is no name as expected.
        RefusedError: the image has what it should not have; the base brought it.
        TargetError: base, wheels or registry cannot be reached.
    """
    reference = Reference.parse(base, "--base")
    name = repository(push_to, "--push") if push_to else ""
    snapshot = context.snapshot()
    record = snapshot.record(release)
    bento = Bento(release, context.bento(snapshot, release))
    context.progress(f"building the image of {release} on {reference.name}")
    built = release_image(bento, record, reference, context.workspace)
    image = built.image
    pushed = ""
    if name:
        there = push(image, name, release)
        statement = Statement.about(there, image.config_digest, record, reference)
        attach(image, there, documents(image, statement.by(builder(context.surroundings))))
        pushed = str(there)
        append(context.surroundings.output, f"name={there.name}\ndigest={there.digest}")
    return _result(release, reference, built, pushed)


def command(context: Context, base: str, *, push_to: str = "") -> ImageResult:
    """Build the image that `delivery` runs from on `base`, by the lock that main has, and perhaps
    push it.

    Raises:
        InputError: `base` or `push_to` is no name as expected, or main has no such lock.
        TargetError: base, wheels or registry cannot be reached.
    """
    reference = Reference.parse(base, "--base")
    name = repository(push_to, "--push") if push_to else ""
    main = context.snapshot().commit
    below, folder = pull(reference, context.workspace), images(context.workspace) / TAG
    shutil.rmtree(folder, ignore_errors=True)
    context.progress(f"building the image of delivery on {reference.name}")
    with tempfile.TemporaryDirectory(prefix="lock-") as place:
        context.repository.archive(main, [LOCK], Path(place))
        built = build_command(Path(place) / LOCK, main, below, reference, folder)
    return _result(TAG, reference, built, str(push(built.image, name, TAG)) if name else "")


def _result(of: str, base: Reference, built: Built, pushed: str) -> ImageResult:
    image = built.image
    return ImageResult(
        of, str(base), image.digest, image.config_digest, image.diff_ids, built.sizes,
        image.layout.folder, pushed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImageSignResult:
    """What the signature counts for, what a scanner's report is judged to say, and the pull request
    that brings the signature; None where main has a statement of this key already."""

    release: str
    image: str
    verdict: Verdict
    scanned: Verdict
    pull: Pull | None


def sign(
    context: Context, release: str, image: str, base: str, *, report: Path | None = None
) -> ImageSignResult:
    """Vouch for an image of a release by a pull request, once it was made again on `base` and is
    the same. `report` is what a scanner found in it.

    Raises:
        InputError: main has no such release, a name is no NAME@sha256:…, or `report` is none.
        RefusedError: it is another image, it has a vulnerability that blocks, or this machine's
            key does not count.
        HeldError: there is no report that counts.
        TargetError: image, base or wheels cannot be reached.
    """
    reference, below = Reference.parse(image, "IMAGE"), Reference.parse(base, "--base")
    snapshot = context.snapshot()
    record = snapshot.record(release)
    bento = Bento(release, context.bento(snapshot, release))
    context.progress(f"making {reference} again on {below.name}, to compare it")
    found = pulled(reference, context)
    require_of_release(context, bento, record, found, below)
    scanned = _scanned(context, snapshot, found.digest, found.config_digest, report=report)
    statement = Statement.about(reference, found.config_digest, record, below)
    files, verdict = vouched(context, snapshot, statement)
    if verdict.status != "pass":
        raise RefusedError(f"{reference} stays as it is: {verdict.why}")
    if any(snapshot.text(snapshot.commit, path) for path in files):
        return ImageSignResult(release, str(reference), verdict, scanned, None)
    key, digest = str(verdict.details["key"])[:SHOWN], reference.digest.partition(":")[2][:SHOWN]
    title = f"Sign image {digest} of {release} with key {key}"
    head = f"sign/{release}-{digest}"
    git = context.repository
    git.push_branch(git.commit_files(snapshot.commit, files, title), head)
    body = (
        f"{title}.\n\nWhoever merges this says that `{reference}` may be trusted. It was made "
        f"again from the release on `{below}`, and is the same.\n\n"
        f"Vulnerabilities ({scanned.status}): {cell(scanned.measured)}: {cell(scanned.why)}.\n"
    )
    pull = context.forge.open(head, title, body, ("signature",))
    return ImageSignResult(release, str(reference), verdict, scanned, pull)


@dataclass(frozen=True, slots=True)
class WantedImage:
    """What main wants to run somewhere."""

    environment: str
    release: str
    image: str


def wanted(context: Context) -> Sequence[WantedImage]:
    """The images that environments want, for a scanner to look at; a job gets them as JSON."""
    snapshot = context.snapshot()
    names = [
        name for name in snapshot.settings.environments if snapshot.environment(name).runs_images
    ]
    versions = {name: snapshot.desired(name).wanted for name in names}
    found = [
        WantedImage(name, version.release, version.image)
        for name, version in versions.items()
        if version.exists and version.image != NO_IMAGE
    ]
    content = json.dumps([asdict(each) for each in found])
    append(context.surroundings.output, f"images={content}")
    return found


def rescan(context: Context, image: str, report: Path) -> Verdict:
    """What a scanner finds today in an image that was signed before, by main's policy.

    Raises:
        InputError: the name is no NAME@sha256:…, or `report` is none.
        RefusedError: it has a vulnerability that blocks.
        HeldError: the report does not count.
    """
    reference = Reference.parse(image, "IMAGE")
    return _scanned(context, context.snapshot(), reference.digest, report=report)


def _scanned(context: Context, snapshot: Snapshot, *digests: str, report: Path | None) -> Verdict:
    """The verdict on what a scanner found, by main's policy."""
    policy = snapshot.settings.gates.of(vulnerabilities.Policy)
    scanned = vulnerabilities.judge(vouch(context, snapshot, set(digests), report), policy)
    if scanned.status in BLOCKING:
        refused = scanned.status == "fail"
        raise (RefusedError if refused else HeldError)(
            f"{digests[0]} is {'refused' if refused else 'held'} by {scanned.gate}: {scanned.why}. "
            "docs/images.md says what to do."
        )
    return scanned
