"""Evidence for any time: its laws, and the same numbers from other implementations."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.gates.numbers.anytime import RISKS, half_width, relative_risk, split, split_counts
from tests.delivery.gates.numbers import oracles

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
KEPT = HERE / "oracles.json"


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8"))


def test_the_split_is_what_ville_computes(kept: dict[str, Any]) -> None:
    ours = split(oracles.hits().astype(bool), oracles.SHARE, oracles.CONCENTRATION)
    np.testing.assert_allclose(ours[oracles.SHOWN], kept["bernoulli"], rtol=1e-8, atol=1e-9)


def test_the_width_is_what_ville_computes(kept: dict[str, Any]) -> None:
    """It looks for the best mixture numerically; the paper approximates it in closed form."""
    sizes = np.array(oracles.SHOWN) + 1
    ours = [half_width(1 / np.sqrt(n), int(n), oracles.PLANNED, oracles.ALPHA) for n in sizes]
    np.testing.assert_allclose(ours, kept["width"], rtol=0.04)
    assert ours[-1] == pytest.approx(kept["width"][-1], rel=0.005)


def test_the_width_with_the_same_mixture_is_exactly_theirs(kept: dict[str, Any]) -> None:
    planned = kept["mixture"]["planned"]
    sizes = np.array(oracles.SHOWN) + 1
    ours = [half_width(1 / np.sqrt(n), int(n), planned, oracles.ALPHA) for n in sizes]
    np.testing.assert_allclose(ours, kept["mixture"]["width"], rtol=1e-9)


def test_each_risk_is_a_bet_on_the_arm_of_an_incident() -> None:
    """By hand, for two incidents at different shares."""
    logs = relative_risk(np.array([True, False]), np.array([0.05, 0.5]))
    first = [r / (0.05 * r + 0.95) for r in RISKS]
    second = [f * 1 / (0.5 * r + 0.5) for f, r in zip(first, RISKS, strict=True)]
    np.testing.assert_allclose(np.exp(logs), [np.mean(first), np.mean(second)])


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.95])
def test_a_bet_is_fair(share: float) -> None:
    """Its mean over both arms is 1 if both fail alike, after every history."""
    for history in ([], [True], [False, True]):
        shares = np.array([0.5] * len(history) + [share])
        won, lost = (
            np.exp(relative_risk(np.array([*history, arm]), shares)[-1]) for arm in (True, False)
        )
        before = np.exp(relative_risk(np.array(history, bool), shares[:-1])[-1:]).sum() or 1.0
        assert share * won + (1 - share) * lost == pytest.approx(before)


@pytest.mark.parametrize("arm", [True, False])
def test_without_a_choice_nothing_is_learnt(arm: bool) -> None:
    logs = relative_risk(np.array([arm]), np.array([float(arm)]))
    assert logs[0] == pytest.approx(0)


def test_no_incidents_are_no_evidence() -> None:
    assert len(relative_risk(np.empty(0, bool), np.empty(0))) == 0


def test_evidence_does_not_overflow() -> None:
    logs = relative_risk(np.ones(5_000, bool), np.full(5_000, 0.05))
    assert np.isfinite(logs).all()
    assert logs[-1] > 1_000


def test_two_arms_are_the_case_of_many() -> None:
    hits = oracles.hits().astype(bool)
    counts = np.array([[hits.sum()], [(~hits).sum()]], dtype=float)
    many = split_counts(counts, np.array([oracles.SHARE, 1 - oracles.SHARE]), 1_000)
    assert many[0] == pytest.approx(split(hits, oracles.SHARE, 1_000)[-1])


@pytest.mark.parametrize(("share", "arm"), [(0.0, True), (1.0, False)])
def test_an_arm_that_must_get_nothing_and_does_is_certain(share: float, arm: bool) -> None:
    assert split(np.array([not arm, arm]), share, 1_000).tolist() == [0.0, np.inf]


def test_an_interval_is_narrowest_in_errors_near_what_was_planned() -> None:
    widths = {n: half_width(1.0, n, 20_000, 0.05) for n in (1_000, 20_000, 400_000)}
    assert min(widths, key=widths.__getitem__) == 20_000


@pytest.mark.skipif(not os.environ.get("THOROUGH"), reason="THOROUGH=1 computes the oracles anew")
def test_the_kept_values_are_what_the_oracles_say(kept: dict[str, Any]) -> None:
    lock = ROOT / "requirements" / "oracles.lock"
    if not lock.is_file():
        pytest.skip("deleted: template.yml lets a repository do without")
    command = ["uv", "run", "--no-project", "--isolated", "--python", "3.11"]
    command += ["--with-requirements", str(lock), "python", oracles.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"requirements/oracles.lock cannot be installed here: {done.stderr[-300:]}")
    fresh = json.loads(done.stdout)
    assert fresh["versions"] == kept["versions"]
    for name in ("bernoulli", "width", "cuped"):
        np.testing.assert_allclose(fresh[name], kept[name], rtol=1e-6)
