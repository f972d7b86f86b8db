"""A fork that follows the docs has a green `ci`: five models, one environment more, a README and a
model of any length, no tests of its own.

The commands are those of ci.yml and docs/model.md. Types of all five models are checked together
in tests/pipeline/test_docs.py; of the whole suite, which a change of delivery.yaml runs, this runs
the tests that read what a fork owns.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import IDENTITY, MODELS, ROOT, template_alone
from tests.pipeline.test_docs import DOCS, snippets

pytestmark = [pytest.mark.e2e, template_alone]  # a fork is no template

READ_WHAT_A_FORK_OWNS = (
    "tests/delivery/gates/test_registry.py", "tests/delivery/governance",
    "tests/delivery/state/test_desired.py", "tests/github/test_governance_files.py",
    "tests/pipeline/test_settings.py", "tests/requirements/test_groups.py",
    "tests/requirements/test_lock.py", "tests/test_adr.py", "tests/test_architecture_page.py",
    "tests/test_check.py", "tests/test_docs.py", "tests/test_mirror.py", "tests/test_template.py",
    "tests/workflows/test_static.py",
)  # fmt: skip
OWN_TEST = '''"""The data of the model."""

from model import load
from pipeline.settings import LoadSettings, read_settings


def test_each_row_has_a_name_of_its_own() -> None:
    settings = read_settings()
    frame = load(LoadSettings(until=settings.data.until, own=settings.model.load))
    assert frame[settings.data.roles.row_id].is_unique
'''


class Fork:
    """A repository made from the template as it is now, and its origin."""

    def __init__(self, path: Path) -> None:
        self.path = path
        binaries = f"{path / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self._environ = os.environ | IDENTITY | {"PATH": binaries, "BORROW": sys.prefix}
        self._environ.pop("TEMPLATE", None)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.path, env=self._environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def put_model(self, name: str) -> None:
        """In place of the one that is there, with a test of its own."""
        shutil.rmtree(self.path / "model")
        shutil.copytree(MODELS / name.partition("+")[0], self.path, dirs_exist_ok=True)
        if name.endswith("+predictor"):
            model = (self.path / "model/__init__.py").read_text(encoding="utf-8")
            *_, save = snippets("model/__init__.py")
            imports, _, function = save.partition("\n\n\n")
            self.write("model/__init__.py", _joined(model, imports, function))
            self.write("model/predictor/__init__.py", snippets("model/predictor/__init__.py")[0])
        own = snippets("tests/model/test_tumours.py") if name == "minimal" else [OWN_TEST]
        self.write("tests/model/test_ours.py", own[0])

    def ci(self) -> dict[str, str]:
        """What ci.yml would run for the work since main."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "-m", "Change")
        answers = self.run("python3", "-m", "delivery.ci.changes", "origin/main")
        return dict(line.split("=", 1) for line in answers.splitlines())

    def lint(self) -> None:
        self.run("ruff", "check", "--no-cache", ".")
        self.run("ruff", "format", "--no-cache", "--check", ".")


def _joined(model: str, imports: str, function: str) -> str:
    """A person puts imports on top, in ruff's order, and a function at the end."""
    new = [line for line in imports.splitlines() if line and line not in model]
    old = "from typing import Any\n\n"
    head = f"from pathlib import Path\n{old}import numpy as np\n"
    assert sorted(new) == ["from pathlib import Path", "import numpy as np"]
    return model.replace(old, head, 1) + f"\n\n{function}"


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Fork:
    folder = tmp_path_factory.mktemp("fork")
    made = Fork(folder / "repository")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (made.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, made.path / name)
    for command in (
        ("git", "init", "--quiet", "-b", "main"),
        ("git", "init", "--quiet", "--bare", "-b", "main", str(folder / "origin.git")),
        ("git", "remote", "add", "origin", str(folder / "origin.git")),
        ("git", "add", "--all"),
        ("git", "commit", "--quiet", "-m", "Use this template"),
        ("git", "push", "--quiet", "-u", "origin", "main"),
        ("python3", "requirements/install.py"),
    ):
        made.run(*command)
    [remove] = re.findall(r"^git rm -q \S+", DOCS, re.MULTILINE)
    made.run(*remove.split())
    return made


@pytest.mark.parametrize(
    "name", ["minimal", "multiclass", "regression", "temporal", "minimal+predictor"]
)
def test_another_model_passes_what_ci_runs_for_it(fork: Fork, name: str) -> None:
    fork.put_model(name)
    answers = fork.ci()
    assert answers["lint"] == "true"
    assert answers["test_paths"] == "tests/model"
    fork.lint()
    fork.run("pytest", "-p", "no:cacheprovider", answers["test_paths"])
    assert "no environment" in fork.run("delivery", "check")


def test_an_environment_more_and_texts_of_any_length_pass_what_ci_runs(fork: Fork) -> None:
    """As docs/delivery.md says: "A new environment is one pull request"."""
    fork.edit(
        "delivery.yaml",
        "  production:\n",
        "  acceptance:\n    target: { kind: local, port: 7103 }\n  production:\n",
    )
    environments = fork.path / "infra" / "environments"
    shutil.copytree(environments / "staging", environments / "acceptance")
    deploy = ".github/workflows/deploy.yml"
    text = (fork.path / deploy).read_text(encoding="utf-8")
    job = text[text.index("  staging:\n") : text.index("  production:\n")]
    fork.edit(deploy, "  production:\n", job.replace("staging", "acceptance") + "  production:\n")
    for name in ("rollback.yml", "batch.yml"):
        options = "[staging, production]", "[staging, acceptance, production]"
        fork.edit(f".github/workflows/{name}", *options)
    fork.write("README.md", "# Tumours\n" + "\nWords about them.\n" * 250)
    fork.write("data/rates.csv", "a\n1\n")
    fork.edit("model/__init__.py", "\n\n\n", "\n" + "\n# A line of many." * 300 + "\n\n\n")
    shutil.rmtree(fork.path / "tests" / "model")
    answers = fork.ci()
    assert (answers["lint"], answers["test_paths"]) == ("true", "tests")
    fork.lint()
    fork.run("lint-imports", "--no-cache")
    fork.run("pytest", "-p", "no:cacheprovider", *READ_WHAT_A_FORK_OWNS)
    fork.run("delivery", "check")


def test_without_tests_of_its_own_a_change_of_the_model_runs_none(fork: Fork) -> None:
    """pytest calls a path without tests an error."""
    fork.run("git", "push", "--quiet", "origin", "HEAD:main")
    fork.run("git", "fetch", "--quiet", "origin")
    fork.edit("params.yaml", "seed: 1", "seed: 2")
    answers = fork.ci()
    assert (answers["tests"], answers["test_paths"]) == ("false", "")
    fork.run("make", "test-model")
