"""The whole loop with another model, in a fork of its own; then what goes wrong in it.

Its data come from a package, from git, from DVC and from a database, as docs/model.md says. One
demo is played for all tests of this module; each leaves the fork as it found it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from delivery.demo.stage import Stage
from tests.checkout import share, shared_folder
from tests.ports import free_offset
from tests.sources import IN_DVC, IN_GIT, make_sourced_checkout

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Fork:
    """The scratch clone of a played demo, and what the demo printed."""

    stage: Stage
    printed: str

    @property
    def clone(self) -> Path:
        return self.stage.clone

    def run(self, *command: str) -> Done:
        done = subprocess.run(
            command, cwd=self.clone, env=self.stage.environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def status(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.run("delivery", "status", "--json").out)
        return rows

    @property
    def facts(self) -> dict[str, Any]:
        text = (self.stage.folder / "result.json").read_text(encoding="utf-8")
        facts: dict[str, Any] = json.loads(text)["facts"]
        return facts


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    folder = tmp_path_factory.mktemp("fork")
    root = make_sourced_checkout(folder / "repository", folder / "diagnoses.sqlite")
    share(root / ".demo", shared_folder(tmp_path_factory) / "workspace")
    os.environ["DELIVERY_PORT_OFFSET"] = free_offset()
    stage = Stage(root)
    demo = [sys.executable, "-m", "delivery.demo"]
    played = subprocess.run(demo, cwd=root, capture_output=True, text=True, check=False)
    try:
        assert played.returncode == 0, played.stdout[-6000:] + played.stderr[-2000:]
        yield Fork(stage, played.stdout)
    finally:
        subprocess.run([*demo, "--down"], cwd=root, check=False)
        del os.environ["DELIVERY_PORT_OFFSET"]


def test_a_person_goes_on_in_the_clone_with_its_keys(fork: Fork) -> None:
    """By a shell that knows nothing of the demo."""
    script = f". {fork.stage.folder}/activate && delivery status"
    assert f". {fork.stage.folder}/activate" in fork.printed
    bare = {"PATH": os.environ["PATH"], "HOME": str(fork.clone.parent / "nobody")}
    done = subprocess.run(
        ["bash", "-c", script], env=bare, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_request_was_lost(fork: Fork) -> None:
    for act in ("switch", "rollback"):
        seen = fork.facts[act]
        assert seen["requests"] > 50
        assert seen["failures"] == 0
        assert set(seen["releases"]) == {fork.facts["first"], fork.facts["improvement"]}


def test_the_refusal_names_gate_measured_and_required(fork: Fork) -> None:
    assert "is blocked by champion (fail)" in fork.printed
    assert "no environment changed" in fork.printed


def test_after_the_rollback_the_first_release_answers(fork: Fork) -> None:
    staging, production = fork.status()
    assert staging["wanted"] == fork.facts["improvement"]
    assert production["wanted"] == fork.facts["first"]
    example = (fork.clone / "artifacts/model/examples.jsonl").read_text().splitlines()[0]
    body = {"instances": [json.loads(example)["instance"]]}
    answer = httpx.post(f"{production['url']}/predict", json=body).json()
    assert answer["release"] == fork.facts["first"]
    assert len(answer["predictions"]) == 1


def test_the_rolled_back_release_stays_out(fork: Fork) -> None:
    done = fork.run("delivery", "promote", "production")
    assert done.code == 4
    assert "--reason" in done.err


def test_history_tells_the_whole_story(fork: Fork) -> None:
    rows = json.loads(fork.run("delivery", "history", "production", "--json").out)
    assert [row["state"] for row in rows] == ["verified", "revoked", "verified"]
    assert rows[0]["rollback_of"] == fork.facts["improvement"]


def test_the_improvement_came_by_a_shadow_and_a_canary(fork: Fork) -> None:
    """The first release had nobody beside it."""
    rows = json.loads(fork.run("delivery", "history", "production", "--json").out)
    steps = ["shadow-1", "step-1", "step-2"]
    assert rows[1]["events"] == ["deployed", *steps, "verified", "revoked-1"]
    assert rows[2]["events"] == ["deployed", "verified"]
    page = fork.run("delivery", "report", "--rollout", "production").out.strip()
    assert page in fork.printed
    assert "shadow-1" in Path(page).read_text(encoding="utf-8")


def test_releasing_the_same_bytes_again_adopts_them(fork: Fork) -> None:
    fork.run("git", "switch", "--quiet", "main")
    done = fork.run("delivery", "release")
    assert done.code == 0, done.err
    assert f"release {fork.facts['improvement']} (main has its record already)" in done.out
    assert "the first environment wants it already" in done.out


def test_the_release_is_made_anew_from_its_sources(fork: Fork) -> None:
    """In an empty folder, where what is under DVC comes from the remote."""
    done = fork.run("delivery", "reproduce", fork.facts["first"])
    assert done.code == 0, done.out + done.err
    assert "pass" in done.out


@pytest.mark.parametrize("path", [IN_GIT, IN_DVC])
def test_changed_data_train_anew(fork: Fork, path: Path) -> None:
    """And until then no gate judges."""
    data = fork.clone / path
    text = data.read_text(encoding="utf-8")
    data.unlink()  # DVC's cache may be linked to it
    data.write_text(text.replace("0.", "1.", 1), encoding="utf-8")
    fork.run("dvc", "add", "--quiet", str(IN_DVC))
    fork.run("git", "commit", "--quiet", "-am", "Correct a value")
    gate = fork.run("delivery", "gate")
    repro = fork.run("dvc", "repro", "ingest")
    fork.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    fork.run("dvc", "checkout", "--quiet", "--force")
    assert gate.code == 2
    assert "dvc.lock is stale: evaluate, export, ingest, prepare, sources, train" in gate.err
    assert "Running stage 'ingest'" in repro.out


def test_the_persons_checkout_is_untouched(fork: Fork) -> None:
    root = fork.stage.root
    done = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""


def test_what_dies_is_seen_and_restarted(fork: Fork) -> None:
    fork.run("delivery", "deploy", "production")
    production = fork.status()[-1]
    assert production["problem"] == ""
    kill_instance(fork, production["wanted"])
    seen = fork.run("delivery", "status")
    assert seen.code == 4
    assert "`delivery deploy production`" in seen.err
    mended = fork.run("delivery", "deploy", "production")
    assert mended.code == 0, mended.err
    assert fork.status()[-1]["problem"] == ""


def kill_instance(fork: Fork, release: str) -> None:
    """Kill the process that answers for `release` in production, as a crash would."""
    from delivery.settings.policy import read_settings
    from delivery.targets.local.target import local_target

    environment = read_settings(fork.clone).environment("production")
    instance = local_target(environment, fork.clone / ".delivery").runtime.instances()[release]
    pid = next(int(word) for word in instance.detail.replace("(", " ").split() if word.isdigit())
    os.killpg(os.getpgid(pid), signal.SIGKILL)


def test_a_corrupted_bento_is_named_and_fetched_anew(fork: Fork) -> None:
    release = fork.facts["first"]
    model = fork.clone / ".delivery" / "bentos" / release / "src/artifacts/model/model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.chmod(0o644)
    model.write_bytes(bytes(content))
    done = fork.run("delivery", "inspect", release)
    assert done.code == 5
    assert f"{release} is corrupted" in done.err
    assert "run the command again" in done.err
    again = fork.run("delivery", "inspect", release)
    assert again.code == 0, again.err


def inspect(fork: Fork, release: str) -> tuple[Done, dict[str, bool]]:
    """How inspect ended, and what it found, by the name of the check."""
    done = fork.run("delivery", "inspect", release, "--offline", "--json")
    found = json.loads(done.out)["findings"]
    return done, {finding["name"]: finding["ok"] for finding in found}


def test_a_release_is_in_order_and_tells_where_it_comes_from(fork: Fork) -> None:
    release = fork.facts["first"]
    _, found = inspect(fork, release)
    assert set(found) == {
        "record", "bento", "data", "artefact", "sbom", "licences", "signature for production",
        "evidence for production",
    }  # fmt: skip
    assert all(found.values())
    shown = fork.run("delivery", "inspect", release)
    assert shown.code == 0, shown.err
    places = [shown.out.index(word) for word in ("\ndata ", "\nrecipe ", "\nmodel/", "\nbento ")]
    assert places == sorted(places)
    assert "verified, attempt" in shown.out


@pytest.mark.parametrize(
    ("file", "old", "new", "check"),
    [
        ("releases/{id}.yaml", "executes_code: false", "executes_code: true", "record"),
        ("releases/{id}.yaml", "name: ", "name:  ", "signature for staging"),
        ("releases/{id}.cdx.json", '"name": "numpy"', '"name": "numpi"', "sbom"),
        ("infra/environments/staging/evidence.json", '"pass"', '"hold"', "evidence for staging"),
    ],
)
def test_what_is_not_in_order_is_named(
    fork: Fork, file: str, old: str, new: str, check: str
) -> None:
    release = fork.facts["improvement"]
    fork.run("git", "switch", "--quiet", "main")
    path = fork.clone / file.format(id=release)
    text = path.read_text()
    assert old in text
    with edited(path, text.replace(old, new, 1)):
        fork.run("git", "commit", "--quiet", "-am", "Tamper")
        fork.run("git", "update-ref", "refs/remotes/origin/main", "HEAD")
        done, found = inspect(fork, release)
        fork.run("git", "reset", "--quiet", "--hard", "HEAD~1")
        fork.run("git", "update-ref", "refs/remotes/origin/main", "HEAD")
    assert done.code == 3
    assert not found[check]
    assert f"{check}: " in done.err


def checks(fork: Fork) -> dict[str, dict[str, Any]]:
    """What doctor found, by the name of the check."""
    found = json.loads(fork.run("delivery", "doctor", "--json").out)
    return {check["name"]: check for check in found}


def test_a_stale_lock_names_the_stage(fork: Fork) -> None:
    params = fork.clone / "params.yaml"
    with edited(params, params.read_text().replace("max_iter: 1000", "max_iter: 999")):
        fork.run("git", "commit", "--quiet", "-am", "Change a knob")
        done = fork.run("delivery", "gate")
        fork.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    assert done.code == 2
    assert "dvc.lock is stale: evaluate, export, train" in done.err
    assert "dvc repro" in done.err


def test_a_lock_in_conflict_names_the_cure(fork: Fork) -> None:
    lock = fork.clone / "dvc.lock"
    text = lock.read_text()
    with edited(lock, f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n"):
        found = checks(fork)["dvc.lock"]
    assert not found["ok"]
    assert "conflict" in found["found"]
    assert "dvc repro" in found["cure"]


def test_an_output_that_git_tracks_is_named(fork: Fork) -> None:
    fork.run("git", "add", "--force", "artifacts/model/contract.json")
    found = checks(fork)["outputs"]
    fork.run("git", "rm", "--cached", "--quiet", "artifacts/model/contract.json")
    assert not found["ok"]
    assert "git tracks artifacts/model/contract.json" in found["found"]
    assert "git rm -r --cached artifacts" in found["cure"]


def test_a_healthy_checkout_has_nothing_to_mend(fork: Fork) -> None:
    fork.run("git", "switch", "--quiet", "main")
    fork.run("dvc", "checkout", "--quiet")
    assert {name: check["found"] for name, check in checks(fork).items() if not check["ok"]} == {}


def test_a_dirty_work_tree_is_named(fork: Fork) -> None:
    with edited(fork.clone / "delivery.yaml", "changed"):
        done = fork.run("delivery", "gate")
    assert done.code == 2
    assert "delivery.yaml" in done.err
    assert "git stash" in done.err


def test_no_remote_names_the_command(fork: Fork) -> None:
    config = fork.clone / ".dvc" / "config.local"
    with edited(config, ""):
        done = fork.run("delivery", "release")
    assert done.code == 2
    assert "dvc remote add -d" in done.err


def test_bytes_that_cannot_be_had_hold_everything(fork: Fork) -> None:
    release = fork.facts["first"]
    hidden = {
        fork.clone / ".delivery" / "bentos": "bentos",
        fork.clone / ".dvc" / "cache": "cache",
        fork.stage.folder / "store": "store",
    }
    for path, name in hidden.items():
        path.rename(fork.stage.folder / f"hidden-{name}")
    try:
        done = fork.run("delivery", "inspect", release)
    finally:
        for path, name in hidden.items():
            if path.is_dir():
                path.rename(fork.stage.folder / f"left-{name}")
            (fork.stage.folder / f"hidden-{name}").rename(path)
    assert done.code == 5
    assert "nothing is rebuilt" in done.err


def test_a_release_that_is_not_there_lists_those_that_are(fork: Fork) -> None:
    done = fork.run("delivery", "promote", "staging", "--release", "r-000000000000")
    assert done.code == 2
    assert fork.facts["first"] in done.err


def test_outside_a_repository_names_what_to_do(fork: Fork, tmp_path: Path) -> None:
    done = subprocess.run(
        ["delivery", "status"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "not inside a model delivery repository" in done.stderr


class edited:  # noqa: N801 - reads as a verb
    """A file with another text for a while."""

    def __init__(self, file: Path, text: str) -> None:
        self._file, self._before = file, file.read_text(encoding="utf-8")
        self._text = text

    def __enter__(self) -> None:
        self._file.write_text(self._text, encoding="utf-8")

    def __exit__(self, *_: object) -> None:
        self._file.write_text(self._before, encoding="utf-8")
