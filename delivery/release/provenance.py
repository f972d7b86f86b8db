"""What a commit's model was made from: its data, the fork's recipe and the engine, as hashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from delivery.documents import canonical_sha256, parse_yaml
from delivery.errors import InputError
from delivery.git.repository import Repository
from delivery.state.record import Source
from delivery.storage.dvc_lock import SPLITS, outputs

OWN = "model"  # what the fork wrote, its libraries among it
ENGINE = ("pipeline", "dvc.yaml", "requirements/pipeline.lock")
ENGINE_COMMAND = "python -m pipeline."


def source(repository: Repository, commit: str) -> Source:
    """The hashes that say what a commit's model was made from."""
    locked = outputs(repository, commit)
    params, stages = (_document(repository, commit, name) for name in ("params.yaml", "dvc.yaml"))
    params.pop("demo", None)
    _drop_which_data(params.get("data") or {})
    own = {
        "code": repository.object_id(commit, OWN),
        "params": params,
        "stages": _own_stages(stages.get("stages") or {}),
    }
    return Source(
        commit=commit,
        data=canonical_sha256({path: locked[path] for path in SPLITS}),
        recipe=canonical_sha256(own),
        engine=canonical_sha256({path: repository.object_id(commit, path) for path in ENGINE}),
    )


def _document(repository: Repository, commit: str, name: str) -> dict[str, Any]:
    """A YAML file at `commit`; empty where there is none."""
    return parse_yaml(repository.read(commit, name) or "", name) or {}


def _drop_which_data(data: dict[str, Any]) -> None:
    """How far the data go, and the versions of addresses: newer data are no other recipe."""
    data.pop("until", None)
    for address in data.get("sources") or ():
        if isinstance(address, dict):
            address.pop("version", None)
            address.pop("etag", None)


def same_recipe(repository: Repository, champion: Source, candidate: Source) -> bool:
    """Do both have one recipe, by today's definition?

    Records without an engine counted it as a part of the recipe: theirs is made anew from the
    commit that they name. Where main has that commit no more, nothing says that they are the same.
    """
    if (champion.engine is None) == (candidate.engine is None):
        if champion.recipe == candidate.recipe:
            return True
        if champion.engine is not None:
            return False
    try:
        return _recipe(repository, champion) == _recipe(repository, candidate)
    except InputError:
        return False


def _recipe(repository: Repository, made_from: Source) -> str:
    if made_from.engine is not None:
        return made_from.recipe
    return source(repository, made_from.commit).recipe


def _own_stages(stages: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those that run something else than a module of the engine."""
    return {
        name: stage
        for name, stage in stages.items()
        if not str(stage.get("cmd")).startswith(ENGINE_COMMAND)
    }
