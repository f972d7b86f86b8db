"""`delivery inspect RELEASE`: is it what its record says, and where does it come from?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from delivery.bento.digest import file_hashes, release_id
from delivery.context import Context
from delivery.errors import DeliveryError, InputError
from delivery.evidence.supply_chain import artefact, licences, sbom
from delivery.gates import registry
from delivery.gates.policy import GatesPolicy
from delivery.gates.verdict import Verdict
from delivery.image.contents import contents
from delivery.image.findings import findings
from delivery.image.reference import Reference
from delivery.release.candidate import Candidate, released, this_platform
from delivery.release.images.described import provenance_beside, sbom_beside
from delivery.release.images.referrers import attached
from delivery.release.images.vouching import pulled
from delivery.release.provenance import source
from delivery.state.desired import evidence_path
from delivery.state.evidence_file import EvidenceFile, parse_evidence
from delivery.state.record import Record, record_path
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str


@dataclass(frozen=True, slots=True)
class InspectResult:
    """What was checked, where a release comes from and where it runs."""

    release: str
    findings: tuple[Finding, ...]
    facts: tuple[tuple[str, str], ...]
    environments: tuple[tuple[str, str], ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.ok)


def inspect(
    context: Context, release: str, *, offline: bool = False, image: str = ""
) -> InspectResult:
    """Check a release's bytes, record, SBOM, signature and evidence, and show its lineage.

    `offline` believes what was last fetched from origin; the bytes come from this machine if
    they are here. `image` is one that shall carry the release, by its digest.

    Raises:
        InputError: main has no such release.
        StoreError: the bytes are missing or others than recorded.
    """
    snapshot = context.snapshot(fetch=not offline)
    record = snapshot.record(release)
    candidate = released(context, snapshot, release)
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("record", partial(_record, record, candidate)),
        ("bento", partial(_bento, record, candidate.bento.path)),
        ("data", partial(_data, context, record)),
        *((verdict.gate, partial(_verdict, verdict))
          for verdict in inside(candidate, snapshot.settings.gates)),
        *((f"signature for {name}", partial(_signature, context, snapshot, release, name))
          for name in _places(snapshot, release)),
        *((f"evidence for {name}", partial(_evidence, context, snapshot, record, name))
          for name in _wanted(snapshot, release)),
    )  # fmt: skip
    looks += tuple(
        (f"image for {name}", partial(_named_image, context, snapshot, release, name))
        for name in _wanted(snapshot, release)
        if snapshot.environment(name).runs_images
    )
    if image:
        looks += (
            ("image", partial(_image, context, candidate, image)),
            ("image: SBOM", partial(_image_sbom, context, image)),
            ("image: provenance", partial(_image_provenance, record, image)),
        )
    findings = tuple(_look(name, look) for name, look in looks)
    return InspectResult(release, findings, _facts(record), tuple(_whereabouts(snapshot, release)))


def _look(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except DeliveryError as error:
        return Finding(name, False, str(error))


def _record(record: Record, candidate: Candidate) -> str:
    """Does it speak of the bytes that are there?"""
    contract = candidate.contract
    lock = this_platform(candidate.bento.path).lock_sha256
    pairs = {
        "id": (record.id, release_id(record.bento_sha256)),
        "name": (record.name, contract.name),
        "task": (record.task, contract.task),
        "trained_until": (record.trained_until, contract.trained_until),
        "executes_code": (record.executes_code, contract.runtime == "python"),
        "platform.lock_sha256": (record.platform.lock_sha256, lock),
    }
    for key, (says, is_so) in pairs.items():
        if says != is_so:
            path = record_path(record.id)
            raise InputError(f"{path}: {key} is {says!r}, and the bento has {is_so!r}")
    return "agrees with the contract and the lock inside the bento"


def _bento(record: Record, bento: Path) -> str:
    """The store checked the whole; here, the model's files by their own hashes."""
    model = file_hashes(bento / "src" / "artifacts" / "model")
    for name in sorted(model.keys() | record.model.keys()):
        if model.get(name) != record.model.get(name):
            raise InputError(f"artifacts/model/{name} is not the file of the record")
    return f"{len(file_hashes(bento))} files have the recorded hash"


def _data(context: Context, record: Record) -> str:
    """Does the commit that it was made from name the recorded data?"""
    made = record.made_from
    if source(context.repository, made.commit).data != made.data:
        path = record_path(record.id)
        raise InputError(f"{path}: dvc.lock of commit {made.commit[:12]} names other data")
    return f"dvc.lock of commit {made.commit[:12]} names it"


def _image(context: Context, candidate: Candidate, text: str) -> str:
    """Does it carry the bento, file by file, and nothing that it should not?"""
    image = pulled(Reference.parse(text, "--image"), context)
    bento = file_hashes(candidate.bento.path)
    if wrong := findings(image.config, contents(image), bento):
        raise InputError("; ".join(wrong))
    return f"{len(bento)} files of the bento are as released, {len(image.layers)} layers"


def _image_sbom(context: Context, text: str) -> str:
    """Does the SBOM in the registry list what is in it?"""
    reference = Reference.parse(text, "--image")
    return sbom_beside(pulled(reference, context), reference, attached(reference))


def _image_provenance(record: Record, text: str) -> str:
    """Does the provenance in the registry speak of it?"""
    reference = Reference.parse(text, "--image")
    return provenance_beside(record, reference, attached(reference))


def _named_image(context: Context, snapshot: Snapshot, release: str, environment: str) -> str:
    """Is the image that the environment wants one that somebody signed for?"""
    image = snapshot.attempt(environment).desired.wanted.image
    verdict = context.signature(snapshot, release, environment, image)
    return f"{image}: {_verdict(verdict)}"


def inside(release: Candidate, policy: GatesPolicy) -> Iterator[Verdict]:
    """The verdicts on what its bento holds."""
    for module in (artefact, sbom, licences):
        gate = registry.gate(module.__name__.rpartition(".")[2])
        yield gate.judge(module.inspect(release), policy.section(gate.name))


def _verdict(verdict: Verdict) -> str:
    if verdict.status != "pass":
        raise InputError(f"{verdict.why} ({verdict.status})")
    return f"{verdict.measured}: {verdict.why}"


def _signature(context: Context, snapshot: Snapshot, release: str, environment: str) -> str:
    return _verdict(context.signature(snapshot, release, environment))


def _evidence(context: Context, snapshot: Snapshot, record: Record, environment: str) -> str:
    """Is the evidence that main holds about these bytes, and does it let them pass?"""
    path = evidence_path(environment)
    evidence = parse_evidence(context.repository.read(snapshot.commit, path) or "", path)
    sha256 = (evidence.judged and evidence.judged.candidate_sha256) or record.bento_sha256
    if evidence.release != record.id or sha256 != record.bento_sha256:
        raise InputError(
            f"{path} is about {evidence.release} (bento {sha256[:12]}…), not about {record.id}"
        )
    blocked = [f"{line.gate} {line.status}" for line in evidence.unsettled]
    if blocked:
        raise InputError(f"{path} has {', '.join(blocked)}, and it was promoted all the same")
    if evidence.verdicts:
        return _passed(evidence)
    if not evidence.rollback_of:
        raise InputError(f"{path} has no verdict")
    return "a rollback: judged when it came first"


def _passed(evidence: EvidenceFile) -> str:
    """How many gates it passed, and what a reader has to know beside."""
    passed = sum(line.status == "pass" for line in evidence.verdicts)
    unseen = [f"; {x.gate} {x.status}" for x in evidence.verdicts if x.status == "not checked"]
    given = [f"; {gate} overridden: {why}" for gate, why in evidence.overrides.items()]
    return f"{passed} gates passed{''.join(unseen)}{''.join(given)}"


def _wanted(snapshot: Snapshot, release: str) -> list[str]:
    """The environments that want the release now; evidence.json is about that one."""
    names = snapshot.settings.environments
    return [name for name in names if snapshot.attempt(name).desired.wanted.release == release]


def _places(snapshot: Snapshot, release: str) -> list[str]:
    """Where its signature has to count: where it is wanted, or else where it would go first."""
    return _wanted(snapshot, release) or [snapshot.settings.first]


def _facts(record: Record) -> tuple[tuple[str, str], ...]:
    """From the data to the bento, each with its hash."""
    source, place = record.made_from, record.platform
    return (
        ("name", f"{record.name} ({record.task})"),
        ("data", source.data),
        ("trained until", record.trained_until or "rows have no time"),
        ("recipe", f"{source.recipe} at commit {source.commit}"),
        ("engine", source.engine or "a part of the recipe"),
        *((f"model/{name}", digest) for name, digest in sorted(record.model.items())),
        ("serving.lock", place.lock_sha256),
        ("sbom", record.sbom_sha256 or "none"),
        ("bento", record.bento_sha256),
        ("built on", f"{place.os} {place.arch}, {place.libc}, Python {place.python}"),
    )


def _whereabouts(snapshot: Snapshot, release: str) -> Iterator[tuple[str, str]]:
    """Images and attempts, newest first per environment."""
    for name in snapshot.settings.environments:
        for attempt in snapshot.history(name):
            wanted = attempt.desired.wanted
            if wanted.release == release:
                if wanted.image != "none":
                    yield "image", wanted.image
                yield name, f"{attempt.state.value}, attempt {attempt.commit}"
