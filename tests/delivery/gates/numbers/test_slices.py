"""Slices: every large one is judged, all as one family, against its own loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from delivery.gates.numbers.bootstrap import holm
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.numbers.slices import MINIMUM_CLUSTERS, SHOWN, Slice, slices

ROWS = 200  # of a slice
LEAST = 100


def losses(
    effects: list[float], *, clusters: int = 20, reference: float = 1.0, seed: int = 0
) -> tuple[PairedLosses, dict[str, Any]]:
    """One segment with a slice for each effect: the candidate's loss is higher by that much."""
    random = np.random.default_rng(seed)
    total = len(effects) * ROWS
    noise = random.normal(0, 0.05, total)
    difference = np.repeat(effects, ROWS) + noise
    base = np.full(total, reference)
    codes = np.tile(np.arange(ROWS) % clusters, len(effects))
    values = np.repeat([f"s{n:02}" for n in range(len(effects))], ROWS)
    return PairedLosses("log loss", base + difference, base, codes), {"segment": values}


def judged(effects: list[float], margin: float = 0.0, **more: Any) -> dict[str, Slice]:
    paired, segments = losses(effects, **more)
    return {part.value: part for part in slices(paired, segments, LEAST, margin)}


def test_harm_is_proven_in_the_slice_that_has_it() -> None:
    parts = judged([0.0, 0.1, -0.1])
    assert {value for value, part in parts.items() if part.harmed} == {"s01"}
    assert parts["s01"].difference == pytest.approx(0.1, abs=0.02)
    assert parts["s01"].lower < parts["s01"].difference < parts["s01"].upper


def test_p_values_are_those_of_one_family() -> None:
    """Each slice alone is judged without a correction; all together by Holm's."""
    effects = list(np.linspace(0.0, 0.012, 10))
    paired, segments = losses(effects)
    together = {part.value: part.p for part in slices(paired, segments, LEAST, 0.0)}
    alone = {}
    for value in together:
        where = segments["segment"] == value
        few = PairedLosses(
            "l", paired.candidate[where], paired.reference[where], paired.clusters[where]
        )
        ((part),) = slices(few, {"segment": segments["segment"][where]}, LEAST, 0.0)
        alone[value] = part.p
    assert list(together.values()) == pytest.approx(holm([alone[value] for value in together]))
    assert any(alone[value] <= 0.05 < together[value] for value in together)


def test_many_looks_at_equal_models_prove_nothing() -> None:
    harmed = [
        any(part.harmed for part in judged([0.0] * 20, seed=seed).values()) for seed in range(20)
    ]
    assert sum(harmed) <= 3, "without a correction, most of them would"


@pytest.mark.parametrize(("p", "harmed"), [(None, False), (0.051, False), (0.049, True)])
def test_harm_is_proven_at_95_percent(p: float | None, harmed: bool) -> None:
    assert Slice("s", "v", 1, 1.0, 1.0, 0.1, 0.0, 0.2, 0.0, p).harmed is harmed


@pytest.mark.parametrize("reference", [0.25, 4.0])
def test_the_margin_is_a_share_of_the_slices_loss(reference: float) -> None:
    inside = judged([0.02 * reference], margin=0.1, reference=reference)["s00"]
    assert inside.margin == pytest.approx(0.1 * reference)
    beyond = judged([0.3 * reference], margin=0.1, reference=reference)["s00"]
    assert (inside.harmed, beyond.harmed) == (False, True)


def test_every_large_slice_is_judged_however_many_there_are() -> None:
    parts = judged([0.0] * SHOWN + [0.2])
    assert len(parts) == SHOWN + 1
    assert parts[f"s{SHOWN:02}"].harmed


def test_of_small_slices_only_the_largest_are_shown() -> None:
    paired, segments = losses([0.2] * (SHOWN + 3))
    found = slices(paired, segments, ROWS + 1, 0.0)
    assert len(found) == SHOWN
    assert {part.p for part in found} == {None}


@pytest.mark.parametrize("clusters", [MINIMUM_CLUSTERS - 1, MINIMUM_CLUSTERS])
def test_a_slice_of_fewer_than_five_clusters_is_not_judged(clusters: int) -> None:
    assert MINIMUM_CLUSTERS == 5
    part = judged([0.2], clusters=clusters)["s00"]
    enough = clusters == MINIMUM_CLUSTERS
    assert part.harmed is enough
    assert ((part.p is None), (part.lower is None)) == (not enough, not enough)


def test_a_slice_says_in_a_line_and_in_json_what_it_has() -> None:
    part = Slice("carrier", "UA", 1_234, 0.6, 0.5, 0.1, 0.05, 0.15, 0.01, 0.0123)
    assert part.describe() == "carrier = UA (+20.0%, 1,234 rows, p 0.012)"
    content = part.to_json()
    assert content.pop("harmed") is True
    assert Slice(**content) == part
    perfect = replace(part, reference=0.0)
    assert "(+inf%, " in perfect.describe()


def test_slices_are_in_the_order_of_their_size() -> None:
    paired, _ = losses([0.0, 0.0, 0.0])
    values = np.repeat(["few", "most", "some"], [100, 300, 200])
    assert [part.value for part in slices(paired, {"segment": values}, LEAST, 0.0)] == [
        "most", "some", "few",
    ]  # fmt: skip


def test_values_that_are_no_text_are_slices_too() -> None:
    paired, _ = losses([0.0, 0.2])
    found = slices(paired, {"hour": np.repeat([7, 8], ROWS)}, LEAST, 0.0)
    assert {(part.segment, part.value): part.harmed for part in found} == {
        ("hour", "7"): False, ("hour", "8"): True,
    }  # fmt: skip
