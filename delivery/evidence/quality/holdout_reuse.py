"""How many distinct models were judged on one holdout, counted on origin.

    ref                                    holds
    refs/delivery/looks/<holdout>/<n>      a blob: the hash of the n-th model that was judged on it

Creating a ref is compare-and-swap: of two who come at once, one takes the next number. Blobs are
told apart by git's own hash, so counting needs no fetch. The same model finds its number again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from delivery.bento.digest import file_hashes
from delivery.errors import HeldError
from delivery.evidence.table import column, read_split
from delivery.evidence.trial import Trial
from delivery.gates.quality.holdout_reuse import Evidence
from delivery.git.command import GitError
from delivery.git.refs import LOOKS
from delivery.git.repository import Repository
from serving.contract import MODEL, PREDICTOR, Roles


def gather(trial: Trial) -> Evidence:
    """The candidate's number among the models that were judged on this holdout."""
    repository = trial.submitted.checkout.repository
    return look(repository, trial.evaluation.data, trial.bento.model, trial.bento.contract.roles)


def look(repository: Repository, data: Path, model: Path, roles: Roles) -> Evidence:
    """Count the model in the folder `model` as one that was judged on the holdout in `data`.

    Where origin cannot be written the look gets the number that it would have.
    """
    try:
        place = f"{LOOKS}/{rows_sha256(data, roles)[:40]}"
        content = repository.run("hash-object", "-w", "--stdin", stdin=model_sha256(model))
        return _count(repository, place, content)
    except (GitError, HeldError) as error:
        return Evidence(None, str(error))


def rows_sha256(data: Path, roles: Roles) -> str:
    """The identity of a holdout: its row ids and labels. Another column makes no other exam.

    Raises:
        HeldError: it cannot be read, or has no such columns.
    """
    file, table = data / "holdout.parquet", read_split(data, "holdout")
    names = (roles.row_id, roles.label)
    texts = [pc.cast(column(table, name, file), pa.string()) for name in names]
    rows = sorted(zip(*(values.to_pylist() for values in texts), strict=True), key=str)
    return hashlib.sha256("\n".join(map(str, rows)).encode()).hexdigest()


def model_sha256(model: Path) -> str:
    """The identity of a model: what answers, not how it is described or packaged."""
    files = {
        name: sha256
        for name, sha256 in file_hashes(model).items()
        if name == MODEL or name.startswith(f"{PREDICTOR}/")
    }
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()


def _count(repository: Repository, place: str, content: str) -> Evidence:
    while True:
        taken = _taken(repository, place)
        known = [number for number, other in taken.items() if other == content]
        if known:
            return Evidence(min(known))
        number = max(taken, default=0) + 1
        ref = f"{place}/{number}"
        try:
            repository.run(
                "push", "--quiet", f"--force-with-lease={ref}:", "origin", f"{content}:{ref}"
            )
        except GitError as error:
            if number not in _taken(repository, place):  # nobody else was first: no leave to write
                return Evidence(number, uncounted=str(error))


def _taken(repository: Repository, place: str) -> Mapping[int, str]:
    """Number → blob of every look at a holdout."""
    lines = repository.run("ls-remote", "origin", f"{place}/*").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {int(ref.rpartition("/")[2]): blob for blob, ref in pairs}
