"""`delivery retrain`: train anew and propose the result as one pull request.

    one machine     delivery retrain [--set KEY=VALUE]
    two jobs        delivery retrain --pack FOLDER      runs the code that trains; may not write
                    delivery retrain --from FOLDER      may write, and runs main's code alone

What lies in FOLDER is data to the second job: files by name, objects checked against their hash.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.commands.pulls import CANDIDATE
from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.git import GitError
from delivery.lock import LOCK, require_in_step
from delivery.packed import METRICS, PARAMS, Packed, pack, unpack
from delivery.params import override
from delivery.report.difference import difference

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
    for command in (["--force", "--single-item", STAGE], []):
        context.progress(f"dvc repro {' '.join(command)}".rstrip())
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro", *command],
            cwd=context.root, stdout=sys.stderr, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise InputError(
                "`dvc repro` failed; what it said is above. Mend that, and run this again: it "
                "goes on with the stage that failed."
            )


def ask_for(context: Context, branch: str) -> None:
    """Start train.yml on main about `branch`, whose own run could not write what it trains."""
    _start(context, "train.yml", "main", {"branch": branch})


def pack_to(context: Context, folder: Path) -> RetrainResult:
    """Lay out what the second job needs."""
    require_in_step(context.root)
    pack(context, folder)
    return RetrainResult(packed=folder)


def propose_from(context: Context, folder: Path, *, onto: str = "") -> RetrainResult:
    """Commit what was trained to the branch `onto`, or open the one retrain pull request."""
    packed = unpack(context, folder)
    git = context.repository
    git.fetch()
    base = _branch(context, onto) if onto else git.main()
    files = {LOCK: packed.lock, PARAMS: packed.params}
    if all(git.read(base, path) == text for path, text in files.items()):
        return RetrainResult(unchanged=True)
    title = f"Retrain: {packed.headline}" if packed.headline else "Retrain"
    commit = git.commit_files(base, files, title)
    context.store.keep(commit, git.main())
    if onto:
        git.push_branch(commit, onto)
        github = context.surroundings.github
        if context.surroundings.in_job and github and not github.is_app:
            _start(context, "ci.yml", onto, {})  # what GITHUB_TOKEN pushes starts none by itself
        return RetrainResult(commit=commit)
    return RetrainResult(pull=_propose(context, packed, base, commit, title), commit=commit)


def _propose(context: Context, packed: Packed, base: str, commit: str, title: str) -> Pull:
    """The pull request of these bytes; older ones give way to it."""
    head = f"{RETRAIN}/{packed.digest}"
    for pull in context.forge.pulls(state="open"):
        if RETRAIN in pull.labels and pull.head.startswith(f"{RETRAIN}/") and pull.head != head:
            context.forge.close(pull.number, f"superseded by {head}")
    if not context.forge.pulls(head=head, state="open"):
        context.repository.push_branch(commit, head)
    metrics = context.store.metrics(base, METRICS), packed.metrics
    params = context.repository.read(base, PARAMS) or "", packed.params
    body = difference(metrics, params)
    return context.forge.open(head, title, body, (RETRAIN, CANDIDATE))


def _start(context: Context, name: str, ref: str, inputs: Mapping[str, str]) -> None:
    """Start a workflow on a branch. Twice does no harm: the same training gives the same bytes."""
    api, github = context.api, context.surroundings.github
    assert github is not None
    path = f"/repos/{github.slug}/actions/workflows/{name}/dispatches"
    api.post(path, {"ref": ref, "inputs": dict(inputs)}, adopt=lambda: None)


def _branch(context: Context, onto: str) -> str:
    if onto in ("main", "HEAD") or onto.startswith(("promote/", "rollback/")):
        raise HeldError(f"{onto} is not a branch that a training may be committed to")
    try:
        context.repository.run("fetch", "--quiet", "origin", f"refs/heads/{onto}")
    except GitError as error:
        raise InputError(f"origin has no branch {onto}") from error
    return context.repository.commit("FETCH_HEAD")
