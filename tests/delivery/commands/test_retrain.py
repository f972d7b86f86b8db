"""Retraining in two jobs: what is packed by one is proposed by the other, on GitHub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.commands.retrain import ask_for, pack_to, propose_from, train
from delivery.context import Context
from delivery.documents import parse_yaml
from delivery.errors import DeliveryError, HeldError, InputError, OutsideError, StoreError
from delivery.release.training import FILE, STAGES, lock_sha256, read_training, receipt_file
from tests.delivery.conftest import STAGES as STAGES_OF
from tests.delivery.conftest import TRAIN, repro
from tests.delivery.release.test_training import receipt
from tests.github.hub import Hub
from tests.origin import Origin

ELSE = ("GH_TOKEN", "DELIVERY_APP_TOKEN", "DEPLOY_RUNNER", "GITHUB_EVENT_PATH", "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY", "DELIVERY_WORKSPACE")  # fmt: skip
WRITES = {"contents": "write", "pull-requests": "write", "actions": "write"}


@dataclass
class Jobs:
    """A checkout of main in the job that proposes; `main` is its commit."""

    origin: Origin
    hub: Hub
    room: Path
    main: str

    @property
    def context(self) -> Context:
        return Context(self.origin.path, lambda _: None)

    def branch(self, name: str, files: dict[str, str]) -> str:
        """A branch of main on GitHub."""
        commit = self.origin.repository.commit_files(self.main, files, name)
        self.origin.git("push", "--quiet", str(self.origin.bare), f"{commit}:refs/heads/{name}")
        return commit

    def onto_main(self, files: dict[str, str]) -> None:
        """Let main have these files, here and on GitHub."""
        self.origin.git("remote", "set-url", "origin", str(self.origin.bare))
        self.main = self.origin.push(files)
        self.origin.git("remote", "set-url", "origin", self.hub.clone_url())

    def read(self, revision: str, path: str) -> str:
        return self.hub.bare.git("show", f"{revision}:{path}")

    def open(self) -> list[int]:
        return [number for number, pull in self.hub.pulls.items() if pull.state == "open"]

    def started(self) -> list[tuple[str, ...]]:
        """Workflow and branch of each dispatch."""
        return [
            (
                found.payload["workflow"].rpartition("/")[2],
                found.payload["ref"].removeprefix("refs/heads/"),
            )
            for found in self.hub.events
            if found.name == "workflow_dispatch"
        ]


def trained_on(origin: Origin, room: Path, raw: str) -> Path:
    """Main trained on other data in the job that trains, and packed there."""
    folder = room / "checkout"
    shutil.copytree(origin.path, folder, symlinks=True)
    (folder / "raw.txt").write_text(raw)
    (folder / "params.yaml").write_text("data: {until: 2013-07}\ntrain: {depth: 3}\n")
    repro(folder)
    pack_to(Context(folder, lambda _: None), room / "packed")
    return room / "packed"


@pytest.fixture(scope="module")
def three(trained: Origin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_on(trained, tmp_path_factory.mktemp("three"), "three\n")


@pytest.fixture(scope="module")
def newer(trained: Origin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_on(trained, tmp_path_factory.mktemp("newer"), "newer still\n")


@pytest.fixture
def packed(three: Path, tmp_path: Path) -> Path:
    """What the job that trains handed over."""
    return Path(shutil.copytree(three, tmp_path / "packed"))


@pytest.fixture
def jobs(
    pipeline: Origin, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Jobs]:
    workflow = "on: workflow_dispatch\njobs: {}\n"
    main = pipeline.push(
        {f".github/workflows/{name}.yml": workflow for name in ("ci", "train")}, "Workflows"
    )
    with Hub(pipeline.bare, rulesets=()) as hub:
        pipeline.git("remote", "set-url", "origin", hub.clone_url())
        for name in ELSE:
            monkeypatch.delenv(name, raising=False)
        for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL"):
            monkeypatch.setenv(name, hub.url)
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_TOKEN", hub.token(hub.bot, WRITES))
        yield Jobs(pipeline, hub, tmp_path, main)


def test_what_was_trained_becomes_one_pull_request(jobs: Jobs, packed: Path, remote: Path) -> None:
    shutil.rmtree(jobs.origin.path / ".dvc/cache")
    before = jobs.origin.git("status", "--porcelain")
    result = propose_from(jobs.context, packed)
    assert result.pull is not None
    pull = jobs.hub.pulls[result.pull.number]
    assert (pull.title, set(pull.labels)) == (
        "Retrain: data until 2013-07", {"retrain", "candidate"}
    )  # fmt: skip
    assert "| data.until | 2013-06 | 2013-07 |" in pull.body
    assert "| loss | – | 0.6 |" in pull.body, "what main's model had cannot be had here"
    head = f"refs/heads/{pull.head_ref}"
    for name in ("dvc.lock", "params.yaml"):
        assert jobs.read(head, name) == (packed / name).read_text().rstrip("\n")
    changed = jobs.hub.bare.git("diff", "--name-only", jobs.main, head).split()
    assert changed == ["dvc.lock", "params.yaml"], "the data is not git's"
    assert jobs.origin.git("status", "--porcelain") == before, "the work tree is as it was"
    jobs.origin.git("fetch", "--quiet", "origin", head)
    jobs.origin.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    jobs.context.store.require_held()


def _with_receipts(packed: Path) -> Path:
    """As if its stages had run sealed."""
    for stage in STAGES:
        (packed / f"{stage}.json").write_text(receipt(stage).model_dump_json())
    return packed


def test_a_training_by_mains_code_is_proposed_with_a_statement_of_it(
    jobs: Jobs, packed: Path
) -> None:
    result = propose_from(jobs.context, _with_receipts(packed), trained=jobs.main)
    assert result.commit
    signed = read_training(jobs.read(result.commit, FILE))
    assert signed.training.commit == jobs.main
    assert signed.training.lock == lock_sha256(jobs.read(result.commit, "dvc.lock"))
    again = propose_from(jobs.context, packed, trained=jobs.main)
    assert (again.pull, len(jobs.open())) == (result.pull, 1)


def test_a_branch_with_its_own_engine_gets_its_lock_and_no_statement(
    jobs: Jobs, packed: Path
) -> None:
    """Only main's code is vouched for."""
    mine = jobs.branch("mine", {"pipeline/sealed/seal.py": "open\n"})
    result = propose_from(jobs.context, _with_receipts(packed), onto="mine", trained=mine)
    changed = jobs.hub.bare.git("diff", "--name-only", mine, str(result.commit)).split()
    assert changed == ["dvc.lock", "params.yaml"]


def test_parameters_that_were_changed_meanwhile_are_not_undone(jobs: Jobs, packed: Path) -> None:
    params = "data: {until: 2013-06}\ntrain: {depth: 9}\n"
    changed = jobs.origin.repository.commit_files(jobs.main, {"params.yaml": params}, "Deepen")
    jobs.origin.git("push", "--quiet", str(jobs.origin.bare), f"{changed}:refs/heads/main")
    with pytest.raises(HeldError, match=r"params.yaml of main was changed.*Train again"):
        propose_from(jobs.context, packed)
    assert jobs.open() == []


def test_however_often_it_runs_there_is_one_pull_request(jobs: Jobs, packed: Path) -> None:
    first, again = propose_from(jobs.context, packed), propose_from(jobs.context, packed)
    assert (first.pull, first.commit) == (again.pull, again.commit)
    assert len(jobs.open()) == 1


def test_a_newer_training_closes_the_older_and_nothing_else(
    jobs: Jobs, packed: Path, newer: Path
) -> None:
    jobs.branch("mine", {"x": "x"})
    mine = jobs.hub.open_pull(jobs.hub.person("ada"), "mine", "Mine")
    jobs.hub.label(jobs.hub.person("ada"), mine, "retrain")
    propose_from(jobs.context, packed)
    propose_from(jobs.context, newer)
    assert jobs.open() == [mine, mine + 2]
    assert any("superseded" in said for said in jobs.hub.said(mine + 1))


def test_the_same_model_from_the_same_data_is_nothing_new(jobs: Jobs) -> None:
    packed = jobs.room / "same"
    pack_to(jobs.context, packed)
    assert propose_from(jobs.context, packed).unchanged
    assert not jobs.hub.pulls


@pytest.mark.parametrize("step", [r"/info/refs\?service=git-receive-pack", r"/pulls$", r"/labels"])
def test_killed_anywhere_it_ends_the_same_when_run_again(
    jobs: Jobs, packed: Path, step: str
) -> None:
    method = "GET" if "info" in step else "POST"
    jobs.hub.fail_next(method, step, 403)
    with pytest.raises(OutsideError):
        propose_from(jobs.context, packed)
    result = propose_from(jobs.context, packed)
    assert result.pull
    assert jobs.open() == [result.pull.number]
    assert set(jobs.hub.pulls[result.pull.number].labels) == {"retrain", "candidate"}


def test_a_branch_gets_the_commit_and_its_checks_are_asked_for(jobs: Jobs, packed: Path) -> None:
    before = jobs.branch("mine", {"notes.txt": "x\n"})
    result = propose_from(jobs.context, packed, onto="mine")
    assert (result.pull, jobs.hub.pulls) == (None, {})
    assert jobs.hub.bare.commit("refs/heads/mine") == result.commit
    assert jobs.hub.bare.git("rev-parse", "mine^") == before
    assert jobs.read("mine", "notes.txt") == "x"
    assert jobs.started() == [("ci.yml", "mine")]


def test_the_checks_are_asked_for_though_the_job_was_killed_after_its_push(
    jobs: Jobs, packed: Path
) -> None:
    jobs.branch("mine", {"notes.txt": "x\n"})
    jobs.hub.fail_next("POST", "/dispatches", 403)
    with pytest.raises(OutsideError):
        propose_from(jobs.context, packed, onto="mine")
    assert propose_from(jobs.context, packed, onto="mine").unchanged
    assert jobs.started() == [("ci.yml", "mine")]


def test_what_an_app_pushes_starts_its_checks_by_itself(
    jobs: Jobs, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = {"contents": "write", "pull-requests": "write"}
    monkeypatch.setenv("DELIVERY_APP_TOKEN", jobs.hub.token(jobs.hub.app_actor, writes))
    jobs.branch("mine", {"notes.txt": "x\n"})
    propose_from(jobs.context, packed, onto="mine")
    assert jobs.started() == []


NOT_ONTO = ["main", "HEAD", "promote/staging/r-1", "rollback/staging/0"]


@pytest.mark.parametrize("onto", NOT_ONTO)
def test_a_branch_that_delivery_or_nobody_writes_is_refused(
    jobs: Jobs, packed: Path, onto: str
) -> None:
    refs = jobs.hub.bare.git("for-each-ref")
    with pytest.raises(HeldError, match="is not a branch"):
        propose_from(jobs.context, packed, onto=onto)
    with pytest.raises(HeldError, match="is not a branch"):
        ask_for(jobs.context, onto)
    assert jobs.hub.bare.git("for-each-ref") == refs
    assert jobs.started() == []


@pytest.mark.parametrize(
    "onto",
    ["none", "main:refs/heads/other", "refs/heads/main", "*", "-x", "a b", "main^", "x/../y"],
)
def test_what_names_no_branch_is_bad_input(jobs: Jobs, packed: Path, onto: str) -> None:
    refs = jobs.hub.bare.git("for-each-ref"), jobs.origin.git("for-each-ref", "refs/heads")
    with pytest.raises(InputError, match="no branch"):
        propose_from(jobs.context, packed, onto=onto)
    assert refs == (
        jobs.hub.bare.git("for-each-ref"), jobs.origin.git("for-each-ref", "refs/heads")
    )  # fmt: skip


def test_a_label_asks_main_to_train_the_branch(jobs: Jobs) -> None:
    ask_for(jobs.context, "mine")
    assert jobs.started() == [("train.yml", "main")]
    (event,) = (found for found in jobs.hub.events if found.name == "workflow_dispatch")
    assert event.payload["inputs"] == {"branch": "mine"}


def _lose(packed: Path) -> None:
    shutil.rmtree(packed / "objects")


def _forge(packed: Path) -> None:
    lock = parse_yaml((packed / "dvc.lock").read_text(), "dvc.lock")
    lock["stages"]["ingest"]["outs"][0]["md5"] = "../../../../.dvc/config"
    (packed / "dvc.lock").write_text(json.dumps(lock))


@pytest.mark.parametrize("tamper", [_lose, _forge])
def test_a_training_whose_bytes_the_store_would_lack_is_not_proposed(
    jobs: Jobs, packed: Path, remote: Path, tamper: Callable[[Path], None]
) -> None:
    tamper(packed)
    with pytest.raises(StoreError):
        propose_from(jobs.context, packed)
    assert not jobs.hub.pulls
    assert "retrain" not in jobs.hub.bare.git("for-each-ref")
    assert not any("store" in path.read_text() for path in remote.rglob("*") if path.is_file())


def test_without_a_remote_the_bytes_go_to_a_github_release(jobs: Jobs, packed: Path) -> None:
    jobs.onto_main({".dvc/config": ""})
    shutil.rmtree(jobs.origin.path / ".dvc/cache")
    result = propose_from(jobs.context, packed)
    assert result.commit
    (bundle,) = jobs.hub.releases.values()
    assert bundle["tag_name"].startswith("lock-")
    shutil.rmtree(jobs.origin.path / ".dvc/cache")
    found = jobs.context.store.get(result.commit, "artifacts/model", jobs.room / "model")
    assert (found / "deep/weights").read_text() == "fitted-on-three\n"


def test_a_lock_that_is_not_in_step_is_not_packed(jobs: Jobs, packed: Path) -> None:
    (jobs.origin.path / "raw.txt").write_text("other\n")
    with pytest.raises(InputError, match="stale"):
        pack_to(jobs.context, jobs.room / "packed")


def test_training_runs_the_pipeline_with_the_setting(jobs: Jobs) -> None:
    train(jobs.context, ["train.depth=5"])
    assert (jobs.origin.path / "artifacts/model/name").read_text() == "  depth: 5\n"
    with pytest.raises(InputError, match="not committed"):
        train(jobs.context, [])


def test_what_a_run_cache_could_restore_is_run(jobs: Jobs) -> None:
    """It may come from elsewhere, and a stage that is restored was sealed by nobody."""
    runs = jobs.room / "runs"
    jobs.onto_main({"train.sh": f"{TRAIN}echo ran >> {runs}\n"})
    for _ in range(2):
        train(jobs.context, ["train.depth=5"])
        jobs.origin.git("checkout", "--quiet", ".")
        shutil.rmtree(jobs.origin.path / "artifacts")
    assert runs.read_text() == "ran\n" * 2


def test_receipts_of_an_earlier_run_are_forgotten(jobs: Jobs) -> None:
    """Also those that `load` wrote."""
    mine = receipt_file(jobs.origin.path, "export")
    ingest = f"mkdir -p {mine.parent} && echo {{}} > {mine} && "
    forged = STAGES_OF.replace("cmd: mkdir", f"cmd: {ingest}mkdir")
    jobs.onto_main({"dvc.yaml": forged})
    mine.parent.mkdir()
    receipt_file(jobs.origin.path, "train").write_text("{}")
    train(jobs.context, [])
    assert [stage for stage in STAGES if receipt_file(jobs.origin.path, stage).exists()] == []


def test_a_stage_that_fails_is_said(jobs: Jobs) -> None:
    jobs.origin.git("rm", "--quiet", "raw.txt")
    jobs.origin.git("commit", "--quiet", "-m", "Lose the data")
    with pytest.raises(DeliveryError, match="goes on with the stage that failed"):
        train(jobs.context, [])
