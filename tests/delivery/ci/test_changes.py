"""Which parts of a pull request's checks a diff asks for, with real git and hostile names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.ci.changes import changed, main
from delivery.git.repository import Repository

OWN_TEST = "tests/model/test_ours.py"
NOTHING = {"lint": "false", "tests": "false", "model": "false", "environments": "false",
           "test_paths": ""}  # fmt: skip
ALL = {"lint": "true", "tests": "true", "model": "true", "environments": "true",
       "test_paths": "tests"}  # fmt: skip


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose main has a model, and a branch on top of it that is checked out."""
    folder = tmp_path_factory.mktemp("changes") / "start"
    (folder / "pipeline").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(folder)], check=True)
    (folder / "dvc.lock").write_text("schema: '2.0'\n")
    (folder / "pipeline/train.py").write_text("\n")
    (folder / OWN_TEST).parent.mkdir(parents=True)
    (folder / OWN_TEST).touch()
    for command in ("add --all", "commit --quiet -m Train", "switch --quiet -c change"):
        Repository(folder).run(*command.split())
    return folder


@pytest.fixture
def repo(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A checkout that a job works in."""
    shutil.copytree(start, tmp_path / "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    return Repository(tmp_path / "checkout")


def change(repo: Repository, *names: str) -> None:
    for name in names:
        file = repo.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("other\n")
    repo.run("add", "--all")
    repo.run("commit", "--quiet", "--allow-empty", "-m", "Change")


def asked(capsys: pytest.CaptureFixture[str], base: str = "main") -> dict[str, str]:
    assert main([base] if base else []) == 0
    return dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("README.md", {"tests": "true", "test_paths": "tests/test_docs.py"}),
        ("docs/a/picture.svg", {"tests": "true", "test_paths": "tests/test_docs.py"}),
        ("dvc.lock", {"model": "true"}),
        ("training.json", {"model": "true"}),
        ("params.yaml", {"model": "true", "tests": "true", "test_paths": "tests/model"}),
        ("data/rates.csv.dvc", {"model": "true", "tests": "true", "test_paths": "tests/model"}),
        ("model/deep/er.py",
         {"model": "true", "lint": "true", "tests": "true", "test_paths": "tests/model"}),
        ("infra/environments/staging/desired.yaml", {"environments": "true"}),
        ("releases/r-1.yaml", {"environments": "true"}),
        ("pipeline/train.py",
         {"model": "true", "lint": "true", "tests": "true", "test_paths": "tests"}),
        ("delivery/storage/store.py", {"lint": "true", "tests": "true", "test_paths": "tests"}),
        ("brand new folder/x", {"lint": "true", "tests": "true", "test_paths": "tests"}),
        (".dvc/config",
         {"model": "true", "lint": "true", "tests": "true", "test_paths": "tests"}),
    ],
)  # fmt: skip
def test_a_file_asks_for_what_it_concerns(
    repo: Repository, capsys: pytest.CaptureFixture[str], path: str, answers: dict[str, str]
) -> None:
    change(repo, path)
    assert asked(capsys) == NOTHING | answers


def test_files_of_two_kinds_ask_for_both(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    change(repo, "docs/x.md", "model/fit.py")
    assert asked(capsys)["test_paths"] == "tests/model tests/test_docs.py"


@pytest.mark.parametrize("left", [None, "tests/model/__init__.py"])
def test_a_fork_without_tests_of_its_model_asks_for_none(
    repo: Repository, capsys: pytest.CaptureFixture[str], left: str | None
) -> None:
    """pytest ends with an error where a path is missing or holds no test."""
    repo.run("rm", "--quiet", OWN_TEST)
    change(repo, "params.yaml", *[left] if left else [])
    assert asked(capsys) == NOTHING | {"model": "true", "lint": "true"}


def test_an_empty_change_asks_for_nothing(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    change(repo)
    assert asked(capsys) == NOTHING


def test_what_main_did_meanwhile_is_not_the_change(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.run("switch", "--quiet", "main")
    change(repo, "delivery/x.py")
    repo.run("switch", "--quiet", "change")
    change(repo, "docs/x.md")
    assert asked(capsys)["lint"] == "false"


def test_a_file_that_is_moved_is_one_that_goes_and_one_that_comes(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo.root / "docs").mkdir()
    repo.run("mv", "pipeline/train.py", "docs/train.md")
    repo.run("commit", "--quiet", "-m", "Move")
    assert asked(capsys)["model"] == "true"


@pytest.mark.parametrize("base", ["", "0" * 40, "no-such-branch", "--output=forged", "$(id)"])
def test_an_unknown_base_asks_for_everything(
    repo: Repository, capsys: pytest.CaptureFixture[str], base: str
) -> None:
    change(repo, "docs/x.md")
    assert asked(capsys, base) == ALL
    assert not (repo.root / "forged").exists()


def test_histories_without_a_common_commit_ask_for_everything(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.run("checkout", "--quiet", "--orphan", "apart")
    repo.run("commit", "--quiet", "-m", "Apart")
    assert asked(capsys) == ALL


def test_without_a_model_on_either_side_there_is_none_to_judge(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.run("rm", "--quiet", "dvc.lock")
    change(repo, "pipeline/x.py")
    assert asked(capsys)["model"] == "true", "taken away"
    change(repo, "pipeline/y.py")
    assert asked(capsys, "HEAD~1")["model"] == "false", "on neither side"
    change(repo, "dvc.lock")
    assert asked(capsys, "HEAD~1")["model"] == "true", "new"


HOSTILE = [
    "with space.md",
    "quo\"te's.md",
    "new\nline.md",
    "docs/$(touch forged).md",
    "docs/`touch forged`.md",
    "lint=false\nmodel=true\n.md",
    "a\r\ntests=true.md",
    "-x.md",
    "é.md",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_file_forges_an_answer(
    repo: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, name: str,
) -> None:  # fmt: skip
    output = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    change(repo, name)
    expected = NOTHING | {"tests": "true", "test_paths": "tests/test_docs.py"}
    assert changed("main") == [name]
    assert asked(capsys) == expected
    lines = output.read_text().splitlines()
    assert sorted(lines) == sorted(f"{key}={value}" for key, value in expected.items())
    assert not (repo.root / "forged").exists()


def test_a_name_that_is_no_text_is_a_name(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    change(repo, os.fsdecode(b"docs/\xff\xfe.md"))
    assert asked(capsys)["lint"] == "false"


def test_answers_come_after_what_the_job_has_already(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    output.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    main(["main"])
    assert output.read_text().startswith("before=1\nlint=false\n")


def test_it_needs_nothing_that_is_installed(repo: Repository) -> None:
    """A job calls it before anything is."""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c",
         f"import sys; sys.path.insert(0, {str(root)!r}); "
         "from delivery.ci.changes import main; main(['main'])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "lint=false" in done.stdout
