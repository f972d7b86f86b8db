"""Commits with a weakness in them, each stopped by the gate that looks for it and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.trial import Submission, Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.registry import gate
from delivery.gates.verdict import Verdict, blocking
from delivery.release.candidate import Candidate
from delivery.scanners.dependencies import ALLOWED
from delivery.settings.host import Surroundings
from tests.delivery.bentos import Bench
from tests.delivery.released import make_candidate
from tests.origin import Origin
from tests.workflows.advisories import ADVISORY, Advisories, advisories

NOWHERE = "http://127.0.0.1:9/v1/query"  # the discard port: nothing answers there
TREE = {
    "service.py": '"""A service."""\n',
    "serving/__init__.py": "",
    "bentos/online.yaml": "service: service:Service\n",
    "requirements/serving.lock": "onnxruntime==1.0\n",
    "requirements/pipeline.lock": "onnxruntime==1.0\n",
    "model/__init__.py": "def fit(train, validation, settings):\n    return None\n",
    "pipeline/__init__.py": "",
    "dvc.yaml": "stages: {}\n",
    "params.yaml": "model: {}\n",
}
SHELL = "import subprocess\n\n\ndef load(settings):\n    subprocess.run(settings.how, shell=True)\n"
KEY = "AKIA" + "QYLPMN5HHHFPZAM2"  # in two parts, or this file would be found itself
YESTERDAY, TOMORROW = (datetime.now(UTC).date() + timedelta(days) for days in (-1, 1))


@pytest.fixture(autouse=True)
def workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for all: what is the same in several commits is looked at once."""
    folder = tmp_path_factory.getbasetemp() / "weaknesses"
    monkeypatch.setenv("DELIVERY_WORKSPACE", str(folder))


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisories]:
    with advisories() as found:
        monkeypatch.setenv("ADVISORIES_URL", found.url)
        yield found


@pytest.fixture(scope="module")
def candidate(bench: Bench, better: Bento) -> Candidate:
    return make_candidate(bench, better)


def looked_at(
    origin: Origin, candidate: Candidate, files: dict[str, str], branch: str = "main"
) -> tuple[Verdict, ...]:
    """What is found in a commit on `branch`, judged by what main says."""
    commit = origin.push(TREE | files, branch=branch)
    context = Context(origin.path, lambda _: None)
    there = replace(candidate, commit=commit)
    snapshot = context.snapshot()
    submission = Submission(context, snapshot, there, snapshot.environment("staging"))
    evaluation, policy = Evaluation(origin.path), GatesPolicy()
    trial = Trial(there.bento, None, evaluation, policy, None, submission)  # type: ignore[arg-type]
    return tuple(
        gate(name).judge(gate(name).evidence.gather(trial), policy.section(name))
        for name in ("code", "secrets", "dependencies")
    )


def only(verdicts: tuple[Verdict, ...]) -> Verdict:
    (verdict,) = blocking(verdicts)
    return verdict


def allowance(until: object) -> dict[str, str]:
    line = f'- {{ id: {ADVISORY["id"]}, until: {until}, reason: "never called by us" }}\n'
    return {ALLOWED: line}


def test_a_commit_without_weaknesses_passes(
    origin: Origin, candidate: Candidate, source: Advisories
) -> None:
    verdicts = looked_at(origin, candidate, {})
    assert [(verdict.gate, verdict.status) for verdict in verdicts] == [
        ("code", "pass"), ("secrets", "pass"), ("dependencies", "pass"),
    ]  # fmt: skip
    assert "starlette" in source.asked, "the lock inside the bento was asked about"


def test_code_that_runs_what_it_is_given_is_refused_by_code(
    origin: Origin, candidate: Candidate, source: Advisories
) -> None:
    verdict = only(looked_at(origin, candidate, {"model/data.py": SHELL}))
    assert (verdict.gate, verdict.status) == ("code", "fail")
    assert verdict.why.startswith("model/data.py:5 ")


@pytest.mark.parametrize("path", ["model/data.py", "params.yaml"])
def test_a_secret_in_a_file_is_refused_by_secrets(
    origin: Origin, candidate: Candidate, source: Advisories, path: str
) -> None:
    verdict = only(looked_at(origin, candidate, {path: f'key = "{KEY}"\n'}))
    assert (verdict.gate, verdict.status) == ("secrets", "fail")
    assert verdict.why.startswith(f"{path}:1 ")
    assert KEY not in str(verdict), "a report is no place for it"


def test_a_vulnerable_dependency_is_refused_by_dependencies(
    origin: Origin, candidate: Candidate, source: Advisories
) -> None:
    source.vulnerable.add("starlette")
    verdict = only(looked_at(origin, candidate, {}))
    assert (verdict.gate, verdict.status) == ("dependencies", "fail")
    assert "starlette" in verdict.why
    assert ADVISORY["id"] in verdict.why


@pytest.mark.parametrize(
    ("until", "branch", "text"),
    [
        (YESTERDAY, "main", f"which was allowed until {YESTERDAY}"),
        (TOMORROW, "candidate", "fixed in no version yet"),
    ],
    ids=["expired", "not on main"],
)
def test_an_allowance_that_does_not_count_is_refused_by_dependencies(
    origin: Origin, candidate: Candidate, source: Advisories, until: object, branch: str, text: str
) -> None:
    source.vulnerable.add("starlette")
    verdict = only(looked_at(origin, candidate, allowance(until), branch))
    assert (verdict.gate, verdict.status) == ("dependencies", "fail")
    assert text in verdict.why


def test_an_allowance_on_main_counts_until_its_day(
    origin: Origin, candidate: Candidate, source: Advisories
) -> None:
    source.vulnerable.add("starlette")
    verdicts = looked_at(origin, candidate, allowance(TOMORROW))
    assert not blocking(verdicts)
    assert "never called by us" in verdicts[-1].why


@pytest.mark.parametrize(("in_job", "status"), [(True, "hold"), (False, "not checked")])
def test_without_a_source_of_advisories_a_job_is_held_by_dependencies(
    origin: Origin,
    candidate: Candidate,
    monkeypatch: pytest.MonkeyPatch,
    in_job: bool,
    status: str,
) -> None:
    """A person sees that it was not checked, and may go on; that is no pass either."""
    monkeypatch.setenv("ADVISORIES_URL", NOWHERE)
    monkeypatch.setattr(Surroundings, "in_job", in_job)
    verdict = looked_at(origin, candidate, {})[-1]
    assert (verdict.gate, verdict.status) == ("dependencies", status)
    assert bool(blocking([verdict])) == in_job
    assert "no source of advisories answered" in verdict.why
