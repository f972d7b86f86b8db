"""Bad models and unfair exams, each built for real, judged through real servers, and stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Predictions
from delivery.evidence.table import SPLITS
from delivery.evidence.trial import Trial
from delivery.gates.judgement import Judgement
from delivery.gates.registry import gate
from delivery.gates.service.contract import Evidence, judge
from delivery.gates.verdict import Verdict, blocking
from delivery.settings.policy import BatchTargetSettings, EnvironmentSettings
from serving.contract import Input, read_contract
from serving.settings.service import ServingSettings
from tests.delivery.bentos import POLICY, Bench, altered, splits, tiny, write_splits
from tests.negative.digits import with_digits, write_digits_model
from tests.serving.tiny import CARRIERS, CENTRES, ROLES, WEIGHTS, tiny_contract, tiny_frame

# They look at the scores that the champion gate looks at, or at none where it has none.
SAME_SCORES = ("calibration", "robustness")
SPRING = pd.Timestamp("2013-05-01")


def only(judgement: Judgement, *also: str) -> Verdict:
    """The one gate that blocks: a control must not be stopped by accident of another. `also` are
    gates that look at the same scores and cannot but see the same harm."""
    blocked = [found for found in blocking(judgement.verdicts) if found.gate not in also]
    assert [verdict.gate for verdict in blocked] == [blocked[0].gate]
    return blocked[0]


def shuffled_labels(data: Path) -> dict[str, float]:
    """The weights that training finds when labels have nothing to do with rows."""
    frame = pd.read_parquet(data / "train.parquet")
    columns = {name: (frame[name] - mean) / sd for name, (mean, sd) in CENTRES.items()}
    columns["weekend"] = frame["weekend"].astype(float)
    columns["carrier"] = frame["carrier"].map(CARRIERS)
    rows = pd.DataFrame(columns).fillna(0)
    labels = np.random.default_rng(0).permutation(frame["late"])
    fitted = LogisticRegression().fit(rows, labels)
    return dict(zip(rows.columns, map(float, fitted.coef_[0]), strict=True))


@pytest.fixture(scope="session")
def shuffled(bench: Bench, data: Path) -> Bento:
    return bench.bento("shuffled", tiny(weights=shuffled_labels(data)))


def test_the_better_candidate_passes(
    bench: Bench, champion: Bento, better: Bento, exam: Evaluation
) -> None:
    judgement = bench.judge(better, champion, exam)
    assert not blocking(judgement.verdicts)
    assert "superiority is shown" in judgement.verdicts[0].why
    assert Judgement.from_json(judgement.to_json()).to_json() == judgement.to_json()


Edit = Callable[[dict[str, pd.DataFrame]], None]


def drop_a_row(own: dict[str, pd.DataFrame]) -> None:
    own["holdout"] = own["holdout"].iloc[1:]


def flip_a_label(own: dict[str, pd.DataFrame]) -> None:
    own["holdout"].iloc[9, own["holdout"].columns.get_loc("late")] ^= True


def rescale_a_feature(own: dict[str, pd.DataFrame]) -> None:
    """The champion, which expects miles, would look bad on kilometres."""
    for frame in own.values():
        frame["distance"] *= 1.6


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (drop_a_row, "missing from the holdout"),
        (flip_a_label, "column late of 1 rows"),
        (rescale_a_feature, "column distance of"),
    ],
)
def test_a_candidate_that_sets_its_own_exam_holds(
    bench: Bench,
    champion: Bento,
    better: Bento,
    data: Path,
    tmp_path: Path,
    edit: Edit,
    text: str,
) -> None:
    own = {name: pd.read_parquet(data / f"{name}.parquet") for name in SPLITS}
    edit(own)
    verdict = only(
        bench.judge(better, champion, Evaluation(write_splits(tmp_path / "own", own), data)),
        *SAME_SCORES,
    )
    assert (verdict.gate, verdict.status) == ("champion", "hold")
    assert text in verdict.why


def test_labels_shuffled_is_refused_by_the_champion_gate(
    bench: Bench, champion: Bento, shuffled: Bento, exam: Evaluation
) -> None:
    verdict = only(bench.judge(shuffled, champion, exam), *SAME_SCORES)
    assert (verdict.gate, verdict.status) == ("champion", "fail")


def test_labels_shuffled_is_refused_as_a_first_release_by_the_baseline(
    bench: Bench, shuffled: Bento, better: Bento, data: Path
) -> None:
    verdict = only(bench.judge(shuffled, None, Evaluation(data)))
    assert (verdict.gate, verdict.status) == ("baseline", "fail")
    assert not blocking(bench.judge(better, None, Evaluation(data)).verdicts)


def test_a_model_that_is_worse_by_just_more_than_the_margin_is_refused_by_the_champion_gate(
    bench: Bench, better: Bento, exam: Evaluation
) -> None:
    half_blind = bench.bento("half-blind", tiny(weights={"weekend": 0.2}))
    verdict = only(bench.judge(half_blind, better, exam))
    assert (verdict.gate, verdict.status) == ("champion", "fail")
    found = verdict.details["difference"]
    assert 1.0 < found["difference"] / verdict.details["margin"] < 1.1


def test_one_broken_carrier_is_refused_although_the_whole_is_better(
    bench: Bench, tmp_path: Path
) -> None:
    blind = bench.bento("blind", tiny(weights={"wind": 0.5}))
    broken = bench.bento("broken", tiny(weights={"carrier": -1.0}))  # wrong for AA, right for DL
    frame = tiny_frame(60_000, seed=11)
    few = (frame["carrier"] == "AA") & (frame.index % 4 == 0)
    frame = frame[few | (frame["carrier"] == "DL")].reset_index(drop=True)
    folder = write_splits(tmp_path / "data", splits(frame))
    verdict = only(bench.judge(broken, blind, Evaluation(folder, folder)), *SAME_SCORES)
    assert (verdict.gate, verdict.status) == ("champion", "fail")
    assert "carrier = AA" in verdict.why
    assert verdict.details["difference"]["upper"] < 0


def test_a_model_altered_after_its_examples_is_refused_by_parity(
    bench: Bench, champion: Bento, exam: Evaluation
) -> None:
    verdict = only(bench.judge(bench.bento("altered", altered), champion, exam))
    assert (verdict.gate, verdict.status) == ("parity", "fail")


def test_a_better_ranking_with_scores_too_extreme_is_refused_by_calibration(
    bench: Bench, exam: Evaluation
) -> None:
    """Its logits are the truth's times 1.3: every rank is right, no probability is. It beats a
    champion that is blind by log loss all the same, so the champion gate lets it pass."""
    blind = bench.bento("blind", tiny(weights={"wind": 0.5}))
    extreme = bench.bento("extreme", tiny(weights={name: 1.3 * w for name, w in WEIGHTS.items()}))
    judgement = bench.judge(extreme, blind, exam)
    assert judgement.verdicts[0].details["superior"]
    verdict = only(judgement)
    assert (verdict.gate, verdict.status) == ("calibration", "fail")


ROW = {"distance": 1000.0, "wind": 10.0, "hour": 12, "weekend": False, "carrier": "DL"}
WEEKEND = {
    "name": "weekends are riskier",
    "higher": ROW | {"weekend": True},
    "lower": ROW,
    "by": 0.05,
}


def test_a_model_that_does_not_behave_is_refused_by_behaviour(
    bench: Bench, exam: Evaluation
) -> None:
    """It knows no weekends, and is better than the champion all the same. That it declares no
    behaviour does not help: the champion's author did."""
    expecting = bench.bento("expecting", tiny(weights={"wind": 0.5}, behaviours=[WEEKEND]))
    careless = bench.bento("careless", tiny(weights={"weekend": 0.0}))
    verdict = only(bench.judge(careless, expecting, exam))
    assert (verdict.gate, verdict.status) == ("behaviour", "fail")
    assert "weekends are riskier (declared by the champion): 0.5, 0.5" in verdict.why


def test_a_model_that_reads_the_last_digits_is_refused_by_robustness(
    bench: Bench, better: Bento, tmp_path: Path
) -> None:
    """On every clean row it is better than the truth, by far."""
    reader = bench.bento("reader", write_digits_model)
    frame = with_digits(tiny_frame(18_400, seed=11))
    folder = write_splits(tmp_path / "data", splits(frame))
    judgement = bench.judge(reader, better, Evaluation(folder, folder))
    assert judgement.verdicts[0].details["superior"]
    verdict = only(judgement)
    assert (verdict.gate, verdict.status) == ("robustness", "fail")
    assert "noise" in verdict.why


def overlap(own: dict[str, pd.DataFrame]) -> None:
    own["train"] = pd.concat([own["train"], own["holdout"][:50].assign(when=SPRING)])


def repeat(own: dict[str, pd.DataFrame]) -> None:
    own["train"] = pd.concat([own["train"], own["train"][:50]])


def train_on_july(own: dict[str, pd.DataFrame]) -> None:
    own["train"].iloc[0, own["train"].columns.get_loc("when")] = pd.Timestamp("2013-07-02")


def leak(own: dict[str, pd.DataFrame]) -> None:
    """A wind that was measured when everybody knew."""
    for frame in own.values():
        frame["wind"] = np.where(frame["late"], 15.0, 5.0).astype("float32")


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (overlap, "50 row ids stand in two splits"),
        (repeat, "50 row ids stand more than once"),
        (train_on_july, "training has seen its time"),
        (leak, "column wind alone tells the label (1.000)"),
    ],
)
def test_a_first_release_from_bad_data_is_held_by_data(
    bench: Bench, better: Bento, data: Path, tmp_path: Path, edit: Edit, text: str
) -> None:
    own = {name: pd.read_parquet(data / f"{name}.parquet") for name in SPLITS}
    edit(own)
    verdict = only(bench.judge(better, None, Evaluation(write_splits(tmp_path / "own", own))))
    assert (verdict.gate, verdict.status) == ("data", "hold")
    assert text in verdict.why


def test_a_first_release_that_lives_by_one_column_is_held_by_data(
    bench: Bench, data: Path, tmp_path: Path
) -> None:
    """The label plus noise: far from telling all, and all that the model has. A reason ends it."""
    own = {name: pd.read_parquet(data / f"{name}.parquet") for name in SPLITS}
    random = np.random.default_rng(5)
    for frame in own.values():
        told = np.where(frame["late"], 1.3, -1.3) + random.normal(0, 1, len(frame))
        frame["wind"] = np.where(frame["wind"].isna(), np.nan, 10 + 5 * told).astype("float32")
    folder = write_splits(tmp_path / "own", own)
    weights = dict.fromkeys(WEIGHTS, 0.0) | {"wind": 2.6}
    leaky = bench.bento("leaky", tiny(weights=weights))
    verdict = only(bench.judge(leaky, None, Evaluation(folder)))
    assert (verdict.gate, verdict.status) == ("data", "hold")
    assert "column wind alone has the skill" in verdict.why
    assert verdict.details["own"]["tells"]["wind"] < 0.98, "the limit for one column is far"
    reason = {"wind": {"known_before": "the forecast of the day before"}}
    excused = bench.bento("excused", tiny(weights=weights, inputs=reason))
    assert not blocking(bench.judge(excused, None, Evaluation(folder)).verdicts)


@pytest.mark.parametrize("first", [True, False])
def test_copies_of_the_holdout_among_training_rows_are_held_by_data(
    bench: Bench, champion: Bento, better: Bento, data: Path, tmp_path: Path, first: bool
) -> None:
    """Under other ids and dates."""
    own = {name: pd.read_parquet(data / f"{name}.parquet") for name in SPLITS}
    copies = own["holdout"].sample(1_000, random_state=0)
    copies = copies.assign(id="copy of " + copies["id"], when=SPRING, day="2013-05-01")
    own["train"] = pd.concat([own["train"], copies])
    folder = write_splits(tmp_path / "own", own)
    evaluation = Evaluation(folder) if first else Evaluation(folder, data)
    verdict = only(bench.judge(better, None if first else champion, evaluation))
    assert (verdict.gate, verdict.status) == ("data", "hold")
    assert "of the holdout or more stand in train under other ids" in verdict.why
    assert ("rows that the champion's data has not" in verdict.why) != first


def test_half_of_the_rows_gone_is_held_by_data(
    bench: Bench, champion: Bento, better: Bento, data: Path, tmp_path: Path
) -> None:
    own = {name: pd.read_parquet(data / f"{name}.parquet") for name in SPLITS}
    own["train"] = own["train"][: len(own["train"]) // 3]
    verdict = only(
        bench.judge(better, champion, Evaluation(write_splits(tmp_path / "own", own), data))
    )
    assert (verdict.gate, verdict.status) == ("data", "hold")
    assert "train has 2,066 rows, the champion's had 6,200" in verdict.why


def test_a_change_that_is_no_retrain_and_no_better_holds(
    bench: Bench, champion: Bento, data: Path
) -> None:
    verdict = only(bench.judge(champion, champion, Evaluation(data, data, retrain=False)))
    assert (verdict.gate, verdict.status) == ("champion", "hold")
    excused = Evaluation(data, data, retrain=False, reason="smaller")
    assert not blocking(bench.judge(champion, champion, excused).verdicts)


def test_a_champion_that_saw_the_holdout_holds(
    bench: Bench, better: Bento, exam: Evaluation
) -> None:
    seen = bench.bento("seen", tiny(noise=0.2, seed=7, contract={"trained_until": "2013-07-01"}))
    verdict = only(bench.judge(better, seen, exam))
    assert (verdict.gate, verdict.status) == ("champion", "hold")
    assert "has seen the answers" in verdict.why


def test_a_category_seen_only_in_the_holdout_holds_and_is_named(
    bench: Bench, champion: Bento, tmp_path: Path, data: Path
) -> None:
    strict = bench.bento("strict", tiny(inputs={"carrier": {"unseen": "reject"}}))
    frames = {name: pd.read_parquet(data / f"{name}.parquet") for name in SPLITS}
    frames["holdout"].iloc[1_234, frames["holdout"].columns.get_loc("carrier")] = "ZZ"
    folder = write_splits(tmp_path / "data", frames)
    judgement = bench.judge(strict, strict, Evaluation(folder, folder))
    verdict = only(judgement, *SAME_SCORES)
    assert (verdict.gate, verdict.status) == ("champion", "hold")
    assert 'holdout.parquet 1235: field carrier is "ZZ"' in verdict.why


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"inputs": {"wind": {"nullable": False}}}, "may no longer be null"),
        ({"inputs": {"distance": {"unit": "km"}}}, "unit mi became km"),
        ({"inputs": {"hour": {"range": (5, 23)}}}, "range [0, 23] became [5, 23]"),
        ({"inputs": {"carrier": {"unseen": "reject"}}}, "unseen categories are now refused"),
        ({"contract": {"classes": ("on time", "late")}}, "classes False, True became"),
    ],
)
def test_breaking_contracts_are_refused_by_the_contract_gate(
    tmp_path: Path, change: dict[str, object], text: str
) -> None:
    for name, variation in (("old", {}), ("new", change)):
        tiny(**variation)(tmp_path / name)
    found = judge(Evidence(read_contract(tmp_path / "new"), read_contract(tmp_path / "old")))
    assert found.status == "fail"
    assert text in found.why


Inputs = tuple[Input, ...]


def drop(inputs: Inputs) -> Inputs:
    return inputs[1:]


def retype(inputs: Inputs) -> Inputs:
    return (inputs[0].model_copy(update={"dtype": "int64"}), *inputs[1:])


def rename(inputs: Inputs) -> Inputs:
    return (inputs[0].model_copy(update={"name": "miles"}), *inputs[1:])


def shrink(inputs: Inputs) -> Inputs:
    fewer = {"categories": ("AA", "DL"), "unseen": "reject"}
    return (*inputs[:-1], inputs[-1].model_copy(update=fewer))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (drop, "input distance dropped"),
        (retype, "dtype float32 became int64"),
        (rename, "input distance renamed to miles"),
        (shrink, "categories UA are gone (breaks clients)"),
    ],
)
def test_an_input_that_changed_is_refused_by_the_contract_gate(
    tmp_path: Path, change: Callable[[Inputs], Inputs], text: str
) -> None:
    inputs = tiny_contract().inputs
    for name, made in (("old", inputs), ("new", change(inputs))):
        tiny(contract={"inputs": made})(tmp_path / name)
    found = judge(Evidence(read_contract(tmp_path / "new"), read_contract(tmp_path / "old")))
    assert found.status == "fail"
    assert text in found.why


def test_the_roles_of_the_tiny_models_are_what_these_controls_rely_on() -> None:
    assert ROLES.cluster == "day"
    assert ROLES.segments == ("carrier",)


def on_files(
    bench: Bench, candidate: Bento, champion: Bento, exam: Evaluation, sample: Path
) -> Verdict:
    """What the gate says where files like the sample are scored, and no service runs."""
    target = BatchTargetSettings(kind="batch", sample=str(sample))
    environment = SimpleNamespace(
        settings=EnvironmentSettings(target=target), serving=ServingSettings()
    )
    checkout = SimpleNamespace(workspace=bench.workspace)
    submission = SimpleNamespace(environment=environment, checkout=checkout)
    agreement = gate("agreement")
    with Servers(bench.workspace, lambda _: None) as servers:
        predictions = Predictions(bench.workspace, servers)
        trial = Trial(candidate, champion, exam, POLICY, predictions, submission)
        return agreement.judge(agreement.evidence.gather(trial), POLICY.section(agreement.name))


def test_other_answers_on_files_of_weekends_are_stopped_by_the_agreement_gate(
    bench: Bench, champion: Bento, better: Bento, exam: Evaluation, tmp_path: Path
) -> None:
    """On the holdout, where most days are no weekend, few answers are others."""
    sample = tmp_path / "weekends.parquet"
    tiny_frame(4_000, seed=5).assign(weekend=True).to_parquet(sample)
    turned = bench.bento("weekends", tiny(weights=WEIGHTS | {"weekend": -3.0}))
    assert on_files(bench, better, champion, exam, sample).status == "pass"
    verdict = on_files(bench, turned, champion, exam, sample)
    assert (verdict.gate, verdict.status) == ("agreement", "fail")
    assert "more answers change than the holdout has shown" in verdict.why
