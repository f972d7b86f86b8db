"""A training, and the one pull request with its result: what one job does, or two."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.ci.handoff import METRICS, PARAMS, Packed, pack, unpack
from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import CANDIDATE, Pull
from delivery.git.command import GitError
from delivery.release.training import forget_receipts
from delivery.retraining.attestation import attestation
from delivery.retraining.body import difference
from delivery.retraining.params import override
from delivery.storage.dvc_lock import LOCK, require_in_step

RETRAIN = "retrain"
STAGE = "ingest"  # asks for the data, which may have grown although no file here changed


@dataclass(frozen=True, slots=True)
class RetrainResult:
    """What came of it: a pull request, a commit on a branch, a folder, or nothing new."""

    packed: Path | None = None
    pull: Pull | None = None
    commit: str | None = None
    unchanged: bool = False


def train(context: Context, settings: Sequence[str]) -> None:
    """Run the pipeline in the work tree, with `settings` (KEY=VALUE) put into params.yaml.

    Raises:
        InputError: uncommitted changes, an unknown key, or a stage that fails.
    """
    context.repository.require_clean()
    context.store.place()  # before hours of training, not after
    file = context.root / PARAMS
    for setting in settings:
        override(file, setting)
    for command in (["--force", STAGE], []):
        forget_receipts(context.root)  # `load` may write what it likes, and has run by the second
        context.progress(f"dvc repro {' '.join(command)}".rstrip())
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro", "--no-run-cache", *command],
            cwd=context.root, stdout=sys.stderr, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise InputError(
                "`dvc repro` failed; its output is above. Mend the error and run this again: it "
                "goes on with the stage that failed."
            )


def pack_to(context: Context, folder: Path) -> RetrainResult:
    """Lay out what the second job needs."""
    require_in_step(context.root)
    pack(context, folder)
    return RetrainResult(packed=folder)


def propose_from(
    context: Context, folder: Path, *, onto: str = "", trained: str = "", reason: str = ""
) -> RetrainResult:
    """Commit what was trained to the branch `onto`, or open the one retrain pull request, whose
    body begins with `reason`, as Markdown. A signed statement of the training goes along where
    `trained`, the commit that was checked out for it, has main's engine."""
    if onto:
        require_own(onto)
    packed = unpack(context, folder)
    git = context.repository
    git.fetch()
    base = _branch(context, onto) if onto else git.main()
    _require_same_params(context, packed, base, onto or "main")
    files = {LOCK: packed.lock, PARAMS: packed.params}
    if all(git.read(base, path) == text for path, text in files.items()):
        if onto:
            context.forge.check(onto, base)  # a run before may have ended right after its push
        return RetrainResult(unchanged=True)
    title = f"Retrain: {packed.headline}" if packed.headline else "Retrain"
    files |= attestation(context, packed, trained)
    commit = git.commit_files(base, files, title)
    context.store.keep(commit, git.main())
    if onto:
        git.push_branch(commit, onto)
        context.forge.check(onto, commit)
        return RetrainResult(commit=commit)
    return RetrainResult(
        pull=_propose(context, packed, (base, commit), title, reason), commit=commit
    )


def _propose(
    context: Context, packed: Packed, commits: tuple[str, str], title: str, reason: str
) -> Pull:
    """The pull request of these bytes; older ones give way to it. `commits` are main's and the
    one on top of it."""
    base, commit = commits
    head = f"{RETRAIN}/{packed.digest}"
    for pull in context.forge.pulls(state="open"):
        if RETRAIN in pull.labels and pull.head.startswith(f"{RETRAIN}/") and pull.head != head:
            context.forge.close(pull.number, f"superseded by {head}")
    if not context.forge.pulls(head=head, state="open"):
        context.repository.push_branch(commit, head)
    metrics = context.store.metrics(base, METRICS), packed.metrics
    params = context.repository.read(base, PARAMS) or "", packed.params
    body = "\n\n".join(filter(None, (reason, difference(metrics, params))))
    return context.forge.open(head, title, body, (RETRAIN, CANDIDATE))


def require_own(branch: str) -> None:
    if branch in ("main", "HEAD") or branch.startswith(("promote/", "rollback/")):
        raise HeldError(f"{branch} is not a branch that a training may be committed to")


def _require_same_params(context: Context, packed: Packed, base: str, branch: str) -> None:
    """What is packed holds params.yaml whole: it must not undo what was changed meanwhile."""
    trained, now = (context.repository.read(commit, PARAMS) for commit in (packed.base, base))
    if now not in (trained, packed.params):
        raise HeldError(
            f"params.yaml of {branch} was changed while this was trained from "
            f"{packed.base[:12]}. Train again: `gh workflow run train.yml`."
        )


def _branch(context: Context, onto: str) -> str:
    """The commit that the branch is at. A name that git would read as more than one is none."""
    try:
        context.repository.run("check-ref-format", f"refs/heads/{onto}")
        context.repository.run("fetch", "--quiet", "origin", f"refs/heads/{onto}")
    except GitError as error:
        raise InputError(f"origin has no branch {onto}") from error
    return context.repository.commit("FETCH_HEAD")
