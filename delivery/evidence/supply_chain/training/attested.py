"""Does the signed statement of a candidate's training count, and is it about this candidate?

Main's code sealed the training in a job without keys, and the next job signed what it said. A
statement about other bytes proves nothing about these; it is no doubt either, since whoever
trains after it leaves it behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from delivery.bento.digest import file_hashes
from delivery.errors import InputError
from delivery.evidence.supply_chain.training.statements import DATA, MODEL, TRAINED, doubts
from delivery.evidence.trial import Trial
from delivery.release.signature import trusted_keys
from delivery.release.training import (
    FILE,
    STAGES,
    Receipt,
    SignedTraining,
    Training,
    lock_sha256,
    read_training,
)
from delivery.storage.checkout import Checkout
from delivery.storage.dvc_lock import LOCK
from delivery.trust.keys import SHOWN, PublicKey, own_public_key
from delivery.trust.signers import broken_rule

OWN = "this machine"
SPLITS = {f"{DATA}train.parquet", f"{DATA}validation.parquet"}
CODE = "model/"


def attested(trial: Trial) -> tuple[str, str]:
    """By whom, and why it does not count. One of both is empty; both are, where the commit has no
    statement."""
    submission = trial.submitted
    text = submission.checkout.repository.read(submission.candidate.commit, FILE)
    if text is None:
        return "", ""
    try:
        signed = read_training(text)
        signer, stranger = _signer(trial, signed, text)
    except InputError as error:
        return "", str(error)
    why = stranger or next(_differences(trial, signed.training), "")
    return ("", f"{FILE} does not count: {why}") if why else (signer, "")


def _signer(trial: Trial, signed: SignedTraining, text: str) -> tuple[str, str]:
    """Who signed, and why that does not count here and now; empty where it does.

    Raises:
        InputError: a key under `trust:` cannot be read.
    """
    checkout, snapshot = trial.submitted.checkout, trial.submitted.snapshot
    keys = trusted_keys(checkout, snapshot, "trainings")
    name = next((name for name, key in keys.items() if key.id == signed.key_id), OWN)
    key = keys.get(name) if keys else _own_key(checkout)
    if key is None or key.id != signed.key_id:
        return "", f"key {signed.key_id[:SHOWN]} may sign no trainings under `trust:`"
    if not signed.genuine(key):
        return "", "it was not signed with the key that it names"
    if not keys:
        return OWN, ""
    where, at = trial.submitted.environment.name, _came_to_main(trial, text)
    return name, broken_rule(name, snapshot.settings.trust[name], where, at)


def _own_key(checkout: Checkout) -> PublicKey | None:
    """This machine's; a key that ends with its job is nobody's."""
    surroundings = checkout.surroundings
    return None if surroundings.is_hosted else own_public_key(surroundings.environ)


def _came_to_main(trial: Trial, text: str) -> datetime:
    """When main got this statement; now, where it has yet to."""
    git, commit = trial.submitted.checkout.repository, trial.submitted.snapshot.commit
    if git.read(commit, FILE) != text:
        return datetime.now(UTC)
    return datetime.fromisoformat(git.run("show", "-s", "--format=%cI", git.last_change(FILE)))


def _differences(trial: Trial, training: Training) -> Iterator[str]:
    """In what the statement is not about a sealed training of this candidate."""
    git, commit = trial.submitted.checkout.repository, trial.submitted.candidate.commit
    if lock_sha256(git.read(commit, LOCK) or "") != training.lock:
        yield f"it is about another {LOCK}"
    if set(training.stages) != set(STAGES):
        yield f"it is not about {' and '.join(STAGES)}"
        return
    yield from (f"{name} ran unsealed" for name, s in training.stages.items() if not s.was_sealed)
    yield from _other_files(trial, training.stages["train"], training.stages["export"])
    for path in {path for stage in training.stages.values() for path in stage.read}:
        if path.startswith(CODE) and git.blob(commit, path) is None:
            yield f"a stage read {path}, which git does not have"
    yield from doubts(
        trial, {name: stage.model_dump(mode="json") for name, stage in training.stages.items()}
    )


def _other_files(trial: Trial, train: Receipt, export: Receipt) -> Iterator[str]:
    """Files that sealed stages do not read, or not hand on. `doubts` compares what is in them."""
    if _below(DATA, train.read).keys() != SPLITS:
        yield "train read other rows than train and validation"
    model = {f"{MODEL}{name}" for name in file_hashes(trial.bento.model)}
    if _below(MODEL, export.wrote).keys() != model:
        yield "export wrote other files than the model has"
    fitted = _below(TRAINED, train.wrote)
    if not fitted or fitted != _below(TRAINED, export.read):
        yield "export was given another model than train wrote"


def _below(folder: str, files: Mapping[str, str]) -> Mapping[str, str]:
    return {path: sha256 for path, sha256 in files.items() if path.startswith(folder)}
