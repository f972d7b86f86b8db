"""What both models answered to the same rows: the evidence of a shadow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.observations.samples import Flags, Texts
from serving.contract import Task


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One entry a row that both were asked about, [pairs] each, in the order of time.

    A score is NaN where that model failed or refused; `*_failed` says so, and such a pair counts
    for errors alone. For several classes scores are [pairs, classes].
    """

    champion: Floats
    candidate: Floats
    champion_failed: Flags
    candidate_failed: Flags
    champion_seconds: Floats  # NaN where it is unknown, as in a replay
    candidate_seconds: Floats
    cluster: Texts  # rows of one cluster (a day, a caller, a request) are not independent
    task: Task = "binary"
    threshold: float | None = None  # above it the champion's answer is yes; None: there is none
    own_threshold: float | None = None  # above it the candidate's is
    labels: NDArray[Any] | None = None  # NaN (or -1 for classes) where it has not come yet
    segments: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # segment → value, [pairs]
    expected_flips: float | None = None  # share of answers that changed on the holdout, if known

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self._columns().items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"pairs need columns of one length, not {lengths}")

    def __len__(self) -> int:
        return len(self.champion)

    @property
    def scored(self) -> Flags:
        """Where both gave finite scores."""
        both = np.isfinite(self.champion) & np.isfinite(self.candidate)
        return both if both.ndim == 1 else np.asarray(both.all(axis=1))

    def first(self, count: int) -> Pairs:
        """The first so many of them."""
        parts: dict[str, Any] = {name: column[:count] for name, column in self._columns().items()}
        own = {name: parts.pop(name) for name in self.segments}
        return replace(self, **parts, segments=own)

    def _columns(self) -> dict[str, NDArray[Any]]:
        names = ("champion", "candidate", "champion_failed", "candidate_failed",
                 "champion_seconds", "candidate_seconds", "cluster")  # fmt: skip
        columns = {name: getattr(self, name) for name in names}
        return (
            columns | ({} if self.labels is None else {"labels": self.labels}) | {**self.segments}
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """A request that both were asked, and the champion answered `at` a moment (s since 1970).

    `champion` and `candidate` are scores, [rows] or [rows, classes]; the candidate's are None where
    it failed, and `why` says how. `seconds` is how long it took, None where that is unknown.
    `segments` maps each segment to its values, [rows]. `key` tells the request from all others, and
    `request` is the digest of the id by which feedback names it.
    """

    key: str
    at: float
    champion: Sequence[Any]
    candidate: Sequence[Any] | None
    seconds: float | None = None
    mirrored: bool = False
    why: str = ""
    segments: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    request: int = 0

    def __len__(self) -> int:
        return len(self.champion)


@dataclass(frozen=True, slots=True)
class Question:
    """What is known before both are asked: the task, the classes and the thresholds of both
    contracts, how many answers changed on the holdout, the inputs that are segments; whether labels
    of requests that the champion answered say something about the candidate; and why nothing can be
    compared, empty where it can."""

    task: Task = "binary"
    threshold: float | None = None
    own_threshold: float | None = None
    expected_flips: float | None = None
    segments: tuple[str, ...] = ()
    problem: str = ""
    classes: tuple[Any, ...] = ()
    labels: bool = False


def pairs_of(
    compared: Sequence[Compared], question: Question, truths: Mapping[int, Any] | None = None
) -> Pairs:
    """A row of each request after the other. The champion answered each: what it refuses nobody
    writes down. `truths` maps the digest of a request's id to what feedback says of it."""
    counts = [len(item) for item in compared]
    champion = _scores([score for item in compared for score in item.champion])
    failed = np.repeat([item.candidate is None for item in compared], counts).astype(bool)
    candidate = np.full(champion.shape, np.nan)
    answers = [score for item in compared for score in item.candidate or ()]
    if answers:
        candidate[~failed] = _scores(answers)
    seconds = [np.nan if item.seconds is None else item.seconds for item in compared]
    return Pairs(
        champion=champion,
        candidate=candidate,
        champion_failed=np.zeros(len(champion), dtype=bool),
        candidate_failed=failed,
        champion_seconds=np.full(len(champion), np.nan),
        candidate_seconds=np.repeat(np.array(seconds, dtype=np.float64), counts),
        cluster=np.repeat(np.array([item.key for item in compared], dtype=np.str_), counts),
        task=question.task,
        threshold=question.threshold,
        own_threshold=question.own_threshold,
        labels=_labels(compared, question, truths or {}) if question.labels else None,
        expected_flips=question.expected_flips,
        segments={
            name: np.array([str(value) for item in compared for value in item.segments[name]])
            for name in question.segments
            if all(len(item.segments.get(name, ())) == len(item) for item in compared)
        },
    )


def _labels(compared: Sequence[Compared], question: Question, truths: Mapping[int, Any]) -> Floats:
    """The number of its class, or its value, of each row; NaN where it has not come, or not one for
    each row of its request."""
    numbers = {name: float(number) for number, name in enumerate(question.classes)}
    labels: list[float] = []
    for item in compared:
        truth = truths.get(item.request)
        values = truth if isinstance(truth, list) else [truth]
        if len(values) != len(item):
            values = [None] * len(item)
        labels += [_label(value, numbers) for value in values]
    return np.array(labels, dtype=np.float64)


def _label(value: Any, numbers: Mapping[Any, float]) -> float:
    try:
        return numbers.get(value, np.nan) if numbers else float(value)
    except (TypeError, ValueError):
        return np.nan


def _scores(values: Sequence[Any]) -> Floats:
    return np.array(values, dtype=np.float64)
