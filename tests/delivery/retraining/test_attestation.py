"""Who ran a training is known, or nobody vouches for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.ci.handoff import Packed
from delivery.context import Context
from delivery.release.training import FILE, STAGES, lock_sha256, read_training
from delivery.retraining.attestation import OWN, attestation
from delivery.settings.host import Surroundings
from delivery.trust.keys import Role, own_file, own_public_key, public_half
from tests.delivery.release.test_training import receipt
from tests.origin import Origin, make_origin

RAN = {stage: receipt(stage) for stage in STAGES}
PACKED = Packed("0" * 40, "stages: {}\n", "{}\n", {}, RAN)
ENGINE = ("pipeline/sealed/seal.py", "delivery/cli/main.py", "dvc.yaml", "requirements/dev.lock")


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = make_origin(tmp_path)
    made.push({**dict.fromkeys(ENGINE, "mains\n"), "model/fit.py": "one\n"}, "Have an engine")
    return made


@pytest.fixture
def told() -> list[str]:
    """What the command said on the way."""
    return []


def attest(
    origin: Origin, told: list[str], trained: str, packed: Packed = PACKED
) -> Mapping[str, str]:
    return attestation(Context(origin.path, told.append), packed, trained)


def branch(origin: Origin, files: dict[str, str]) -> str:
    """The commit of a branch that changes these files."""
    return origin.push(files, branch="mine")


def test_a_training_by_mains_code_is_signed_with_what_its_stages_said(
    origin: Origin, told: list[str]
) -> None:
    main = origin.git("rev-parse", "HEAD")
    signed = read_training(attest(origin, told, main)[FILE])
    own = own_public_key(os.environ)
    assert own is not None
    assert signed.genuine(own)
    said = signed.training
    assert (said.commit, said.lock) == (main, lock_sha256(PACKED.lock))
    assert said.stages == RAN
    assert told == []


def test_what_a_branch_writes_of_its_own_does_not_make_it_another_engine(
    origin: Origin, told: list[str]
) -> None:
    """Sealed stages run it sealed, or no training runs it."""
    files = {path if "." in path else f"{path}/of_ours.py": "x\n" for path in OWN}
    assert attest(origin, told, branch(origin, {**files, "model/fit.py": "two\n"}))


@pytest.mark.parametrize(
    "path",
    [*ENGINE, ".github/actions/setup/action.yml", "ruamel.py", "models/x.py", ".dvc/config"],
)
def test_a_pull_request_that_brings_its_own_engine_is_not_attested(
    origin: Origin, told: list[str], path: str
) -> None:
    """A module at the root is imported before a library of that name."""
    commit = branch(origin, {path: "lets everything be read\n", "model/fit.py": "two\n"})
    assert attest(origin, told, commit) == {}
    assert f"not main's code ran: {commit[:12]} changes {path}" in told[0]


def test_an_engine_that_a_branch_takes_away_is_not_mains(origin: Origin, told: list[str]) -> None:
    origin.git("rm", "--quiet", ENGINE[0])
    assert attest(origin, told, branch(origin, {})) == {}
    assert ENGINE[0] in told[0]


def test_three_files_stand_for_all(origin: Origin, told: list[str]) -> None:
    assert attest(origin, told, branch(origin, dict.fromkeys(ENGINE, "mine\n"))) == {}
    assert "and 1 more" in told[0]


def test_a_branch_of_an_older_main_has_mains_engine(origin: Origin, told: list[str]) -> None:
    """It was reviewed as well."""
    commit = branch(origin, {"model/fit.py": "two\n"})
    origin.git("reset", "--quiet", "--hard", "origin/main")
    origin.push({ENGINE[0]: "newer\n"}, "Improve the seal")
    assert attest(origin, told, commit)


@pytest.mark.parametrize("lacking", [*STAGES, ""])
def test_what_did_not_run_is_not_attested(origin: Origin, told: list[str], lacking: str) -> None:
    """DVC restores outputs from its run cache, and no receipts; empty: all were restored."""
    ran = {stage: said for stage, said in RAN.items() if lacking not in ("", stage)}
    assert attest(origin, told, "HEAD", replace(PACKED, receipts=ran)) == {}
    assert f"{lacking or 'train and export'} did not run" in told[0]


@pytest.mark.parametrize("stage", STAGES)
def test_what_ran_unsealed_is_not_attested(origin: Origin, told: list[str], stage: str) -> None:
    unsealed = {stage: receipt(stage, held=[], sealed=False)}
    assert attest(origin, told, "HEAD", replace(PACKED, receipts=RAN | unsealed)) == {}
    assert "unsealed" in told[0]


@pytest.mark.parametrize(("trained", "why"), [("", "nobody says"), ("f" * 40, "no commit fffff")])
def test_nobody_vouches_for_code_that_is_not_known(
    origin: Origin, told: list[str], trained: str, why: str
) -> None:
    assert attest(origin, told, trained) == {}
    assert why in told[0]


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Surroundings, "is_hosted", True)


def test_a_key_that_ends_with_its_job_signs_nothing(
    origin: Origin, told: list[str], hosted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "empty"))
    assert attest(origin, told, "HEAD") == {}
    assert Role.RELEASES.variable in told[0]
    assert own_public_key(os.environ) is None, "none was made for it"


def test_a_hosted_job_signs_with_the_key_that_it_was_given(
    origin: Origin, told: list[str], hosted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"XDG_DATA_HOME": str(tmp_path / "ci")}
    public = own_public_key(theirs, make=True)
    pem = own_file(theirs).read_text()
    monkeypatch.setenv(Role.RELEASES.variable, pem)
    assert public == public_half(pem)
    assert read_training(attest(origin, told, "HEAD")[FILE]).genuine(public_half(pem))
