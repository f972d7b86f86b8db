"""Signs that the answers got into training: copied rows, and a column that carries the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CARRIER = (
    "column {name} alone has the skill {alone:.2f}, the model {model:.2f}, the next column "
    "{next:.2f}: if it is known in time, say why in params.yaml: "
    "prepare.columns.{name}.known_before"
)
DISTINCT = 0.99  # of the rows must have values of their own before a twin means something


@dataclass(frozen=True)
class Skill:
    """The model, and each of its inputs alone, on the same rows of the holdout: R², or 2·AUC − 1
    for classes. 0 tells nothing, 1 all."""

    model: float
    inputs: Mapping[str, float]


@dataclass(frozen=True)
class Twins:
    """Rows that equal another row in all but id, time and cluster.

    `distinct` is the share of training rows that equal no other. `placebo` is the upper 99% bound
    of the share of validation rows with exactly one twin in training. `holdout` has the lower
    bounds of the holdout: split → share of rows with exactly one twin there.
    """

    distinct: float
    placebo: float
    holdout: Mapping[str, float]

    @property
    def tell(self) -> bool:
        """Does a twin mean something?"""
        return self.distinct >= DISTINCT


def backdated(shares: Mapping[str, float], most: float) -> Iterator[str]:
    """Of rows (split → share) that are new and of an old time, those beyond `most`."""
    for split, share in shares.items():
        if share > most:
            yield (
                f"{share:.1%} of {split} are rows that the champion's data has not, from a time "
                "that it covers: late data, or copies of the holdout?"
            )


def copied(twins: Twins, more: float) -> Iterator[str]:
    """Splits that hold by `more` more of the holdout than chance has."""
    for split, share in twins.holdout.items():
        if twins.tell and share > twins.placebo + more:
            yield (
                f"{share:.1%} of the holdout or more stand in {split} under other ids, of "
                f"validation {twins.placebo:.1%} at most stand in train: are they copies?"
            )


def carriers(skill: Skill, carries: float, strong: float, lead: float) -> Iterator[tuple[str, str]]:
    """The input that alone has the share `carries` of the model's skill and the skill `strong`, if
    no other comes within `lead` of it: several that say the same are no leak of one column."""
    ranked = sorted(skill.inputs.items(), key=lambda item: -item[1])
    if not ranked:
        return
    (name, alone), (_, next_best) = [*ranked, ("", 0.0)][:2]
    carried = alone >= carries * skill.model and alone >= strong
    if carried and alone - next_best >= lead:
        yield name, CARRIER.format(name=name, alone=alone, next=next_best, model=skill.model)
