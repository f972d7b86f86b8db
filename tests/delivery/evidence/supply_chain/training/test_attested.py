"""Whose word on a training counts, and for which bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from delivery.evidence.supply_chain import sealed
from delivery.evidence.supply_chain.training.attested import attested
from delivery.evidence.trial import Trial
from delivery.release.training import FILE, Training, lock_sha256
from delivery.settings.host import Surroundings
from delivery.trust.keys import Role, own_key, public_half
from tests.checkout import POLICY
from tests.delivery.evidence.supply_chain.conftest import Said, Stated

LOCK = "stages: {}\n"
OTHER = "b" * 64


def training(said: Said, lock: str = LOCK) -> dict[str, Any]:
    """What a job hands on of the stages that `said` is about."""
    stages = {
        name: {"stage": name, "sealed": True, "closed": [], **stage}
        for name, stage in deepcopy(vars(said)).items()
    }
    for stage in stages.values():
        stage["read"].pop("model/.notes", None)
    return {"commit": "c" * 40, "lock": lock_sha256(lock), "stages": stages}


def signed(content: dict[str, Any], pem: str | None = None) -> str:
    key = pem or own_key(os.environ, make=True)
    assert key is not None
    return Training.model_validate(content).signed(key)


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """Somebody else's key."""
    pem = own_key({"XDG_DATA_HOME": str(tmp_path / "stranger")}, make=True)
    assert pem is not None
    return pem


@pytest.fixture
def tried(stated: Stated, said: Said) -> Callable[..., Trial]:
    """A candidate with this statement of its training on main, under these lines of `trust:`."""

    def trial(text: str, trust: str = "", lock: str = LOCK) -> Trial:
        policy = POLICY.read_text(encoding="utf-8") + trust
        return stated(said, beside={FILE: text, "dvc.lock": lock, "delivery.yaml": policy})

    return trial


def trust(pem: str, more: str = "may: [trainings]") -> str:
    return f"\ntrust:\n  ci: {{ key: {json.dumps(public_half(pem).pem)}, {more} }}\n"


def test_a_commit_without_a_statement_has_none(stated: Stated, said: Said) -> None:
    assert attested(stated(said)) == ("", "")


def test_what_this_machine_signed_counts_here(tried: Callable[..., Trial], said: Said) -> None:
    assert attested(tried(signed(training(said)))) == ("this machine", "")


def test_what_is_attested_is_not_fitted_again(
    tried: Callable[..., Trial], said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Surroundings, "in_job", True)
    monkeypatch.setattr(sealed, "Refitting", None)
    found = sealed.gather(tried(signed(training(said))))
    assert (found.attested, found.refit) == ("this machine", None)


def test_the_key_of_a_job_that_ended_is_nobodys(
    tried: Callable[..., Trial], said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Surroundings, "is_hosted", True)
    signer, why = attested(tried(signed(training(said))))
    assert (signer, "may sign no trainings" in why) == ("", True)


def test_only_who_may_sign_trainings_counts(
    tried: Callable[..., Trial], said: Said, stranger: str
) -> None:
    text = signed(training(said), stranger)
    assert attested(tried(text))[0] == "", "a pull request brings what it likes"
    assert attested(tried(text, trust(stranger))) == ("ci", "")
    signer, why = attested(tried(text, trust(stranger, "may: [releases, events]")))
    assert (signer, "may sign no trainings" in why) == ("", True)
    own = signed(training(said))
    assert attested(tried(own, trust(stranger)))[0] == "", "somebody was named, and it is not we"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("environments: [production]", "environments"),
        ("since: 2999-01-01", "since"),
        ("until: 2020-01-01", "until"),
        ("revoked: { at: 2020-01-01, why: it leaked }", "it leaked"),
    ],
)
def test_a_key_that_does_not_count_here_and_now_is_named(
    tried: Callable[..., Trial], said: Said, stranger: str, rule: str, why: str
) -> None:
    lines = trust(stranger, f"may: [trainings], {rule}")
    signer, reason = attested(tried(signed(training(said), stranger), lines))
    assert (signer, f"trust.ci.{why.split()[0]}" in reason or why in reason) == ("", True)


def test_a_key_is_judged_at_the_time_when_main_got_the_statement(
    tried: Callable[..., Trial], said: Said, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that ended takes none of the trainings with it that came before."""
    past = datetime.now(UTC) - timedelta(days=10)
    text, lines = signed(training(said), stranger), trust(
        stranger, f"may: [trainings], until: {past.date()}"
    )  # fmt: skip
    assert attested(tried(text + "\n", lines))[0] == "", "it came to main now"
    monkeypatch.setenv("GIT_COMMITTER_DATE", past.isoformat())
    assert attested(tried(text, lines)) == ("ci", "")


def test_what_was_changed_after_it_was_signed_counts_for_nothing(
    tried: Callable[..., Trial], said: Said
) -> None:
    content = json.loads(signed(training(said)))
    content["training"]["stages"]["train"]["platform"] = "B"
    assert "not signed with the key that it names" in attested(tried(json.dumps(content)))[1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"key": 1, "signature": "", "training": 1}']
)
def test_what_is_no_statement_counts_for_nothing(tried: Callable[..., Trial], text: str) -> None:
    assert "no signed statement" in attested(tried(text))[1]


def _unsealed(content: dict[str, Any]) -> None:
    content["stages"]["train"] |= {"sealed": False, "held": []}


def _open_network(content: dict[str, Any]) -> None:
    content["stages"]["export"]["held"] = ["files"]


def _half(content: dict[str, Any]) -> None:
    del content["stages"]["train"]


def _holdout(content: dict[str, Any]) -> None:
    content["stages"]["train"]["read"]["artifacts/data/holdout.parquet"] = OTHER


def _one_split(content: dict[str, Any]) -> None:
    del content["stages"]["train"]["read"]["artifacts/data/validation.parquet"]


def _more_model(content: dict[str, Any]) -> None:
    content["stages"]["export"]["wrote"]["artifacts/model/more.bin"] = OTHER


def _less_model(content: dict[str, Any]) -> None:
    del content["stages"]["export"]["wrote"]["artifacts/model/model.onnx"]


def _tampered(content: dict[str, Any]) -> None:
    content["stages"]["export"]["wrote"]["artifacts/model/model.onnx"] = OTHER


def _other_rows(content: dict[str, Any]) -> None:
    content["stages"]["train"]["read"]["artifacts/data/train.parquet"] = OTHER


def _other_code(content: dict[str, Any]) -> None:
    content["stages"]["train"]["read"]["model/fit.py"] = OTHER


def _cached_table(content: dict[str, Any]) -> None:
    content["stages"]["train"]["read"]["model/rows.csv"] = OTHER


def _swapped(content: dict[str, Any]) -> None:
    content["stages"]["train"]["wrote"] = {"artifacts/trained/model.pkl": OTHER}


def _nothing_fitted(content: dict[str, Any]) -> None:
    content["stages"]["train"]["wrote"] = {}


CHANGES = {
    _unsealed: "train ran unsealed",
    _open_network: "export ran unsealed",
    _half: "not about train and export",
    _holdout: "other rows than train and validation",
    _one_split: "other rows than train and validation",
    _more_model: "other files than the model has",
    _less_model: "other files than the model has",
    _tampered: "another artifacts/model/model.onnx",
    _other_rows: "another artifacts/data/train.parquet",
    _other_code: "another model/fit.py",
    _cached_table: "model/rows.csv, which git does not have",
    _swapped: "export was given another model",
    _nothing_fitted: "export was given another model",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_statement_about_anything_else_does_not_count_whoever_signed(
    tried: Callable[..., Trial], said: Said, change: Callable[[dict[str, Any]], None]
) -> None:
    content = training(said)
    change(content)
    signer, why = attested(tried(signed(content)))
    assert signer == ""
    assert CHANGES[change] in why


def test_a_statement_of_another_training_does_not_count(
    tried: Callable[..., Trial], said: Said
) -> None:
    """Parameters stand in dvc.lock, and nowhere else."""
    text = signed(training(said))
    assert "another dvc.lock" in attested(tried(text, lock="stages: {train: {}}\n"))[1]
    assert attested(tried(text, lock=LOCK.rstrip("\n"))) == ("this machine", "")


def test_why_it_does_not_count_is_told_with_what_came_of_fitting_again(
    tried: Callable[..., Trial], said: Said
) -> None:
    content = training(said)
    _tampered(content)
    found = sealed.gather(tried(signed(content)))
    assert "another artifacts/model/model.onnx" in found.unattested
    assert found.attested == ""


def test_events_are_signed_by_another_key(said: Said) -> None:
    """One that leaks signs no trainings."""
    events = own_key(os.environ, Role.EVENTS, make=True)
    own = own_key(os.environ, make=True)
    assert events is not None
    assert own is not None
    assert public_half(events).id != public_half(own).id
