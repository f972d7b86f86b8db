"""How often do the gates err? Their operating characteristics, simulated on real predictions.

Twins are models that the pipeline's own `fit` makes, each from nine tenths of the training days
and its own seed: what a retrain changes by chance. The holdout is resampled by day; a champion
answers each day by one of two twins, an equal candidate by the other, and a coin says which:
neither is better, exactly. What the gate says of such a candidate, of one made worse by a
known amount, and of one that is broken for one slice, is counted. The gates are those of
`delivery`, unchanged, with the policy of delivery.yaml.

Sources: the design of the simulation follows Efron & Tibshirani, *An Introduction to the
Bootstrap* (1993), chapter 6; intervals of shares are Wilson's (JASA 22, 1927).
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track

from bench.gates.findings import REQUESTS, ROWS, Arm, Found, Operating
from delivery.gates.numbers import metrics
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality import champion
from delivery.gates.service import load
from delivery.settings.policy import read_settings as read_policy
from pipeline.data.columns import feature_names
from pipeline.data.io import read_part
from pipeline.settings import FitSettings, Settings, read_settings
from pipeline.trained.score import score
from pipeline.trained.user_model import user_model
from serving.contract import CERTAIN

TWINS = 6
KEPT = 0.9  # of the training days, by each twin
SEED = 2013
LOST = (0.0, 0.5, 1.0, 2.0)  # points of AUC
DAYS = (15, 31, 62)
Array = np.ndarray


@dataclass(frozen=True)
class Stage:
    """The holdout and the twins' log-odds for it, [twins, rows]."""

    labels: Array
    days: Array
    segments: Mapping[str, Array]
    logits: Array
    policy: champion.Policy


def twins(settings: Settings) -> Iterator[Array]:
    """Log-odds of the holdout rows by models that differ by chance alone."""
    train, validation, holdout = (read_part(name) for name in ("train", "validation", "holdout"))
    rows = pd.concat([train, validation], ignore_index=True) if settings.train.refit else train
    cluster = settings.data.roles.cluster
    assert cluster, "the simulation resamples clusters: data.roles.cluster"
    features = tuple(feature_names(train, settings.data.roles, None))
    places = {day: np.flatnonzero(rows[cluster] == day) for day in rows[cluster].unique()}
    random = np.random.default_rng(SEED)
    for number in range(TWINS):
        drawn = random.choice(len(places), int(KEPT * len(places)), replace=False)
        picked = np.concatenate([list(places.values())[day] for day in drawn])
        view = FitSettings(
            seed=settings.train.seed + number,
            label=settings.data.roles.label,
            features=features,
            task=settings.data.task,
            own=settings.model.fit,
        )
        model = user_model().fit(rows.iloc[picked], None, view)
        scores = score(model, holdout[list(features)], settings.data.task)
        clipped = np.clip(scores, CERTAIN, 1 - CERTAIN)
        yield np.log(clipped / (1 - clipped))


def stage(settings: Settings, logits: Sequence[Array]) -> Stage:
    """The holdout with the roles that the gates know. The twins are calibrated on it, so that
    noise costs them order and nothing else."""
    holdout, roles = read_part("holdout"), settings.data.roles
    labels = holdout[roles.label].astype(int).to_numpy()
    return Stage(
        labels=labels,
        days=pd.factorize(holdout[roles.cluster])[0],
        segments={name: holdout[name].astype(str).to_numpy() for name in roles.segments},
        logits=np.stack([calibrated(labels, side) for side in logits]),
        policy=read_policy(Path()).gates.of(champion.Policy),
    )


def auc(labels: Array, scores: Array) -> float:
    """The area under the ROC curve, by ranks."""
    ranks = pd.Series(scores).rank().to_numpy()
    positives = int(labels.sum())
    negatives = len(labels) - positives
    return float(
        (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / positives / negatives
    )


def platt(labels: Array, logits: Array) -> tuple[float, float]:
    """Shift and scale of the log-odds that calibrate them (Platt 1999), by Newton's method."""
    design = np.column_stack([np.ones_like(logits), logits])
    weights = np.array([0.0, 1.0])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        weights = weights + np.linalg.solve(hessian, design.T @ (labels - p))
    return float(weights[0]), float(weights[1])


def calibrated(labels: Array, logits: Array) -> Array:
    """The log-odds on Platt's line."""
    shift, scale = platt(labels, logits)
    moved: Array = shift + scale * logits
    return moved


@dataclass(frozen=True)
class Spoilt:
    """What makes a twin worse: noise of this size on its log-odds, then a straight line."""

    noise: float = 0.0
    shift: float = 0.0
    scale: float = 1.0

    def __call__(self, logits: Array, random: np.random.Generator) -> Array:
        if not self.noise:
            return logits
        noisy = logits + self.noise * random.standard_normal(len(logits))
        spoilt: Array = self.shift + self.scale * noisy
        return spoilt


def spoilt_by(labels: Array, logits: Array, lost: float) -> Spoilt:
    """The noise that costs `lost` points of AUC, by bisection, and the line that calibrates."""
    if not lost:
        return Spoilt()
    noise = np.random.default_rng(SEED).standard_normal(len(logits))
    aim = auc(labels, logits) - lost / 100
    low, high = 0.0, 8.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if auc(labels, logits + middle * noise) > aim else (low, middle)
    shift, scale = platt(labels, logits + high * noise)
    return Spoilt(high, shift, scale)


def once(here: Stage, arm: Arm, spoilt: Sequence[Spoilt], seed: int) -> str:
    """The champion gate's status for one candidate of `arm` on one resampled holdout."""
    random = np.random.default_rng([seed, SEED])
    one, two = random.choice(len(here.logits), 2, replace=False)
    days = random.choice(here.days.max() + 1, arm.days)
    picked = [np.flatnonzero(here.days == day) for day in days]
    rows = np.concatenate(picked)
    clusters = np.repeat(np.arange(len(picked)), [len(part) for part in picked])
    tossed = (random.random(len(picked)) < 0.5)[clusters]
    first, second = here.logits[one][rows], here.logits[two][rows]
    reference = np.where(tossed, first, second)
    candidate = np.where(tossed, spoilt[two](second, random), spoilt[one](first, random))
    labels = here.labels[rows]
    segments = {name: values[rows] for name, values in here.segments.items()}
    if arm.broken:
        within = np.flatnonzero(segments[arm.broken[0]] == arm.broken[1])
        shift, scale = platt(labels[within], random.permutation(candidate[within]))
        candidate[within] = shift + scale * random.permutation(candidate[within])
    losses = [
        metrics.losses("binary", labels, 1 / (1 + np.exp(-side))) for side in (candidate, reference)
    ]
    evidence = champion.Evidence(
        losses=PairedLosses("log loss", losses[0], losses[1], clusters), segments=segments
    )
    return champion.judge(evidence, here.policy).status


def arms(here: Stage) -> list[Arm]:
    """Worse by so much on so many days; and broken for each slice that is large enough."""
    found = [
        Arm(f"{lost:g} points of AUC worse" if lost else "equal", days, lost)
        for days in DAYS
        for lost in LOST
    ]
    for name, values in here.segments.items():
        value, counts = np.unique(values, return_counts=True)
        for one, rows in zip(value, counts, strict=True):
            if rows >= here.policy.slice_rows:
                title = f"{name} = {one} broken, {rows:,} rows"
                days = int(here.days.max()) + 1
                found.append(Arm(title, days, broken=(name, str(one)), rows=int(rows)))
    return found


def simulate(here: Stage, runs: int, workers: int) -> list[Found]:
    """Every arm, `runs` times."""
    found = []
    with ProcessPoolExecutor(workers) as pool:
        for arm in track(arms(here), "candidates", disable=not sys.stderr.isatty()):
            spoilt = [spoilt_by(here.labels, logits, arm.lost) for logits in here.logits]
            status = Counter(pool.map(partial(once, here, arm, spoilt), range(runs), chunksize=8))
            found.append(Found(arm, status["pass"], status["fail"], status["hold"]))
    return found


def load_errors(policy: load.Policy, runs: int) -> dict[str, dict[str, list[float]]]:
    """The share of load runs that the gate refuses, by requests and by how the service truly is.

    Latencies are lognormal, with p99 three times the median; a true p99 is given as a share of
    the limit. Error shares are true ones.
    """
    random = np.random.default_rng(SEED)
    spread = math.log(3) / 2.326
    found: dict[str, dict[str, list[float]]] = {"p99": {}, "errors": {}}
    for ratio in (0.5, 0.8, 0.95, 1.05, 1.25, 2.0):
        shares = []
        for requests in REQUESTS:
            median = ratio * policy.p99_ms / 3
            drawn = random.lognormal(math.log(median), spread, (runs, requests))
            shares.append(float((np.quantile(drawn, 0.99, axis=1) > policy.p99_ms).mean()))
        found["p99"][f"{ratio:g} × the limit"] = shares
    for share in (0.0, 0.0005, 0.001, 0.005, 0.01, 0.02):
        failed = [random.binomial(n, share, 20_000) / n > policy.error_share for n in REQUESTS]
        found["errors"][f"{share:.2%}"] = [float(part.mean()) for part in failed]
    return found


def drift_errors(runs: int, bins: int = 10) -> dict[str, list[float]]:
    """The share of undrifted samples whose PSI is above a limit, by their rows, and its q99.

    Both the reference and the sample have so many rows.
    """
    random = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {"PSI > 0.1": [], "PSI > 0.2": [], "99% quantile": []}
    for rows in ROWS:
        shares = random.multinomial(rows, np.full(bins, 1 / bins), (2, runs)) / rows
        one, two = np.clip(shares, 0.5 / rows, None)
        psi = ((one - two) * np.log(one / two)).sum(axis=1)
        found["PSI > 0.1"].append(float((psi > 0.1).mean()))
        found["PSI > 0.2"].append(float((psi > 0.2).mean()))
        found["99% quantile"].append(float(np.quantile(psi, 0.99)))
    return found


def operate(runs: int, workers: int = 2) -> Operating:
    """Fit the twins, simulate `runs` of each kind of candidate, and the gates of load and drift.

    Raises:
        PipelineError: the pipeline's data is not there.
    """
    settings = read_settings()
    fitted = twins(settings)
    logits = [next(fitted) for _ in track(range(TWINS), "twins", disable=not sys.stderr.isatty())]
    here = stage(settings, logits)
    return Operating(
        rows=len(here.labels),
        days=int(here.days.max()) + 1,
        aucs=[auc(here.labels, side) for side in logits],
        champion=simulate(here, runs, workers),
        load=load_errors(read_policy(Path()).gates.of(load.Policy), 2_000),
        drift=drift_errors(4_000),
    )
