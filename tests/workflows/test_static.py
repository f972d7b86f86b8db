"""The workflow files as text: linters, and what neither they nor act look at."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from delivery.scanners import workflows
from delivery.settings.policy import read_settings
from tests.workflows.act import DOUBLES
from tests.workflows.parsed import ROOT, USES, WORKFLOWS, files, starts, steps, workflow

NAMES = [path.name for path in sorted((ROOT / WORKFLOWS).glob("*.yml"))]
TEXTS = {path: path.read_text(encoding="utf-8") for path in files()}
# Commands that read the history of main and its tags.
HISTORY = ("gate", "release", "deploy", "rollback", "check", "pending", "retrain --from", "batch",
           "image")  # fmt: skip


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = workflow(name)["jobs"]
    return found


def test_zizmor_and_actionlint_find_nothing() -> None:
    assert workflows.scan(ROOT).findings == ()


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [("vendor.github-workflows", "workflows/*.yml"), ("vendor.github-actions", "actions/*/*.yml")],
)
def test_the_files_fit_the_schema_of_github(schema: str, pattern: str) -> None:
    names = sorted(str(path) for path in (ROOT / ".github").glob(pattern))
    assert names
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", schema, *names], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_workflow_that_could_be_abused_is_found(tmp_path: Any) -> None:
    folder = tmp_path / WORKFLOWS
    folder.mkdir(parents=True)
    (folder / "bad.yml").write_text(
        "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n      - run: ${{ nothing.x }}\n"
    )
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    rules = {finding.rule for finding in workflows.scan(tmp_path).findings}
    assert {"dangerous-triggers", "template-injection", "expression"} <= rules


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_granted_but_to_a_job_with_a_reason(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    text = TEXTS[ROOT / WORKFLOWS / name]
    for job in jobs(name).values():
        assert "permissions" in job
        for permission, level in job["permissions"].items():
            assert level in ("read", "write")
            assert re.search(rf"^ +{permission}: {level} # \w", text, re.MULTILINE)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_their_version(path: Any) -> None:
    used = re.findall(r"\buses: (.*)", TEXTS[path])
    foreign = [line for line in used if not line.startswith("./")]
    assert all(USES.fullmatch(f"uses: {line}") for line in foreign), foreign


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_expression_stands_in_a_shell_line(path: Any) -> None:
    for block in re.findall(r"^( *)(?:- )?run: (.*(?:\n\1 +.*)*)", TEXTS[path], re.MULTILINE):
        assert "${{" not in block[1]


@pytest.mark.parametrize("name", NAMES)
def test_every_job_ends_and_has_a_name(name: str) -> None:
    content = workflow(name)
    assert content["name"] == name.removesuffix(".yml")
    for job in content["jobs"].values():
        assert job["name"]
        assert "uses" in job or 0 < job["timeout-minutes"] <= 360
    assert all(step.get("name") for _, step in steps(content))


@pytest.mark.parametrize("name", NAMES)
def test_credentials_are_not_left_in_the_checkout(name: str) -> None:
    for _, step in steps(workflow(name)):
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_a_job_that_writes_runs_the_code_of_main(name: str) -> None:
    """Whatever a pull request changes, nothing of it runs with a token that may write contents."""
    for job in jobs(name).values():
        if job["permissions"].get("contents") != "write" or "uses" in job:
            continue
        checkouts = [s for s in job["steps"] if "actions/checkout@" in s.get("uses", "")]
        assert [step["with"].get("ref") for step in checkouts] == ["refs/heads/main"]


@pytest.mark.parametrize("name", NAMES)
def test_secrets_reach_only_jobs_of_an_environment(name: str) -> None:
    """Jobs that run the code of branches, or on a runner that does, are the exception: their secret
    may only read."""
    for job in jobs(name).values():
        used = set(re.findall(r"secrets\.(\w+)", str(job)))
        if "uses" in job:  # passed by name to a job that has the environment
            called = workflow(job["uses"].rpartition("/")[2])
            assert used == set(called["on"]["workflow_call"]["secrets"])
            assert all("environment" in inner for inner in called["jobs"].values())
        elif used and "environment" not in job:
            assert name in ("ci.yml", "train.yml", "reproduce.yml", "image.yml")
            assert used == {"DVC_CONFIG"}
            assert job["permissions"]["contents"] == "read" or name == "ci.yml"
            assert job["permissions"].keys() == {"contents"} or name in ("ci.yml", "image.yml")


@pytest.mark.parametrize("name", NAMES)
def test_no_event_runs_a_strangers_code_with_rights(name: str) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow(name)["on"])


@pytest.mark.parametrize("name", NAMES)
def test_commands_that_read_history_have_it(name: str) -> None:
    for job in jobs(name).values():
        lines = [step.get("run", "") for step in job.get("steps", ())]
        if any(line.startswith(f"delivery {command}") for line in lines for command in HISTORY):
            depths = [
                step["with"].get("fetch-depth")
                for step in job["steps"]
                if "actions/checkout@" in step.get("uses", "")
            ]
            assert depths == [0]


def test_pull_requests_cancel_what_they_supersede_and_deployments_are_never_cancelled() -> None:
    assert workflow("ci.yml")["concurrency"]["cancel-in-progress"] is True
    for name in ("deploy.yml", "monitor.yml", "release.yml", "rollback.yml", "train.yml"):
        assert workflow(name)["concurrency"]["cancel-in-progress"] is False


def test_every_environment_has_a_job_and_a_group_of_its_own() -> None:
    for name in read_settings(ROOT).environments:
        assert name in jobs("deploy.yml"), f"deploy.yml: add a job {name}, as docs/delivery.md says"
        job = jobs("deploy.yml")[name]
        assert job["concurrency"] == {"group": f"deploy-{name}", "cancel-in-progress": False}
        assert job["with"] == {"environment": name}
        assert f"'{name}'" in job["if"]
    for name in ("rollback.yml", "batch.yml"):
        options = workflow(name)["on"]["workflow_dispatch"]["inputs"]["environment"]
        assert options["options"] == list(read_settings(ROOT).environments)


def test_one_job_needs_all_others_and_is_required() -> None:
    found = jobs("ci.yml")
    found.pop("status")
    last = found.pop("ci")
    assert last["if"] == "always()"
    assert set(last["needs"]) == set(found)
    ruleset = (ROOT / ".github/rulesets/main.json").read_text(encoding="utf-8")
    (required,) = re.findall(r'"context": "(\w+)"', ruleset)
    assert f"|| '{required}' " in last["name"]


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    setup = YAML(typ="safe").load(ROOT / ".github/actions/setup/action.yml")
    others = jobs("ci.yml")["pythons"]["strategy"]["matrix"]["python"]
    tested = [setup["inputs"]["python"]["default"], *others]
    oldest, below = re.findall(r"3\.\d+", project["requires-python"])
    named = [f"3.{minor}" for minor in range(int(oldest[2:]), int(below[2:]))]
    assert tested == named
    shown = re.findall(r"Python :: (3\.\d+)", str(project["classifiers"]))
    assert shown == named


def test_ci_never_trains() -> None:
    assert "repro" not in TEXTS[ROOT / WORKFLOWS / "ci.yml"]
    assert "retrain" not in TEXTS[ROOT / WORKFLOWS / "ci.yml"]


def push(*paths: str, branch: str = "main") -> dict[str, Any]:
    commit = {"added": [], "modified": list(paths), "removed": []}
    return {"ref": f"refs/heads/{branch}", "commits": [commit]}


@pytest.mark.parametrize(
    ("name", "payload", "runs"),
    [
        ("release.yml", push("dvc.lock"), True),
        ("release.yml", push("serving/http/app.py"), True),
        ("release.yml", push("dvc.lock", branch="retrain/x"), False),
        ("release.yml", push("docs/model.md"), False),
        ("release.yml", push("infra/environments/staging/desired.yaml"), False),
        ("deploy.yml", push("infra/environments/staging/desired.yaml"), True),
        ("deploy.yml", push("dvc.lock"), False),
    ],
)
def test_filters(name: str, payload: dict[str, Any], runs: bool) -> None:
    assert starts(workflow(name), "push", payload) is runs


def test_a_double_knows_every_input_it_is_given() -> None:
    for path in files():
        content = workflow(path.name) if path.parent.name == "workflows" else None
        for _, step in steps(content) if content else ():
            match = USES.match(f"uses: {step.get('uses', '')} # v1")
            folder = DOUBLES / "/".join(match["action"].split("/")[1:]) if match else DOUBLES
            if match and (folder / "action.yml").is_file():
                known = (folder / "action.yml").read_text(encoding="utf-8")
                for key in step.get("with", {}):
                    assert f"  {key}: {{" in known, f"{folder.name} does not know {key}"


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/github.md").read_text(encoding="utf-8")


LOGIN = "docker login --username"


def test_only_jobs_that_attest_can_sign_as_this_repository() -> None:
    """And they run nothing but the actions that do it, and a login."""
    able = {
        (name, key)
        for name in NAMES
        for key, job in jobs(name).items()
        if "id-token" in job["permissions"]
    }
    assert able == {("release.yml", "attest"), ("image.yml", "attest")}
    for name, key in able:
        runs = [step["run"] for step in jobs(name)[key]["steps"] if "run" in step]
        assert all(LOGIN in line and "delivery" not in line for line in runs)
        assert "secrets." not in str(jobs(name)[key]), "no secret reaches it"
        assert jobs(name)[key].get("environment") is None


def test_who_may_push_an_image_may_not_sign_for_it() -> None:
    """The key and the right to push meet in no job, and each has the least that it needs."""
    found = jobs("image.yml")
    rights = {name: dict(job["permissions"]) for name, job in found.items()}
    assert rights["build"] == {"contents": "read", "packages": "write"}
    assert rights["scan"] == {"packages": "read"}
    assert rights["sign"]["packages"] == "read"
    keyed = {name for name, job in found.items() if "DELIVERY_SIGNING_KEY" in str(job)}
    assert keyed == {"sign"}
    assert {name for name, job in found.items() if "delivery " in str(job)} == {"build", "sign"}


def test_what_is_signed_and_attested_is_the_digest_that_was_pushed() -> None:
    text = TEXTS[ROOT / WORKFLOWS / "image.yml"]
    whole = "${{ needs.build.outputs.name }}@${{ needs.build.outputs.digest }}"
    assert f"IMAGE: {whole}" in text
    assert f"image: {whole}" in text
    attest = jobs("image.yml")["attest"]["steps"][-1]["with"]
    assert attest == {
        "subject-name": "${{ needs.build.outputs.name }}",
        "subject-digest": "${{ needs.build.outputs.digest }}",
        "push-to-registry": True,
    }
    signs = next(step for step in jobs("image.yml")["sign"]["steps"] if "IMAGE" in str(step))
    assert "--report scan/scan.json" in signs["run"]
