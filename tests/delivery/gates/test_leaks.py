"""When signs of a leak are named, and when rows cannot tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.gates.leaks import Skill, Twins, backdated, carriers, copied

COPIES = Twins(distinct=1.0, placebo=0.25, holdout={"train": 0.75, "validation": 0.25})


@pytest.mark.parametrize(("share", "named"), [(0.0, False), (0.5, False), (0.51, True)])
def test_old_rows_that_nobody_knew_are_named_beyond_a_share(share: float, named: bool) -> None:
    problems = list(backdated({"train": share, "validation": 0.0}, 0.5))
    assert [problem.partition(" are rows")[0] for problem in problems] == (
        [f"{share:.1%} of train"] if named else []
    )


@pytest.mark.parametrize(("more", "splits"), [(0.25, ["train"]), (0.5, []), (0.6, [])])
def test_twins_count_beyond_those_of_the_placebo(more: float, splits: list[str]) -> None:
    named = list(copied(COPIES, more))
    assert [
        f"stand in {split} under other ids" in line
        for split, line in zip(splits, named, strict=True)
    ] == [True for _ in splits]


@pytest.mark.parametrize(("distinct", "count"), [(1.0, 1), (0.99, 1), (0.98, 0)])
def test_where_rows_have_no_values_of_their_own_twins_mean_nothing(
    distinct: float, count: int
) -> None:
    assert len(list(copied(replace(COPIES, distinct=distinct), 0.25))) == count


@pytest.mark.parametrize(
    ("model", "alone", "named"),
    [
        (1.0, 1.0, True),
        (1.0, 0.75, True),  # at the share, and strong
        (1.0, 0.74, False),  # strong, and the model knows much more
        (0.5, 0.5, True),  # at the strength
        (0.4, 0.4, False),  # all that there is, and little
        (0.0, 0.6, True),  # better than a model that knows nothing
    ],
)
def test_a_carrier_has_most_of_the_skill_and_is_strong(
    model: float, alone: float, named: bool
) -> None:
    found = dict(carriers(Skill(model, {"other": 0.1, "leak": alone}), 0.75, 0.5, 0.25))
    assert list(found) == (["leak"] if named else [])
    assert all("prepare.columns.leak.known_before" in text for text in found.values())


@pytest.mark.parametrize(
    ("other", "named"), [(0.0, True), (0.5, True), (0.51, False), (0.75, False)]
)
def test_columns_that_say_the_same_are_no_leak_of_one(other: float, named: bool) -> None:
    """Radius, perimeter and area of a cell: each has nearly all of a weak model's skill."""
    inputs = {"radius": other, "leak": 0.75, "texture": 0.1}
    assert list(dict(carriers(Skill(0.8, inputs), 0.75, 0.5, 0.25))) == (["leak"] if named else [])


def test_a_single_column_is_its_own_lead() -> None:
    assert list(dict(carriers(Skill(0.9, {"leak": 0.9}), 0.75, 0.5, 0.25))) == ["leak"]
    assert not dict(carriers(Skill(0.9, {}), 0.75, 0.5, 0.25))
