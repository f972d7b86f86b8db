"""What the acts rely on: overrides that are in params.yaml, and clients that lose nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.demo import acts
from delivery.demo.acts import ACTS, SHUFFLED, override, traffic
from delivery.demo.stage import DemoError, Stage, opened
from delivery.documents import parse_yaml
from tests.checkout import ROOT


def stage(folder: Path) -> Stage:
    """A stage whose clone is `folder`."""
    made = Stage.__new__(Stage)
    made.root, made.folder, made.clone, made.environ = folder, folder, folder, {}
    return made


PARAMS = """\
# what people wrote stays
train: { depth: 3, rate: 0.1 }
demo:
  first: { train.depth: 1 }
"""


def test_an_override_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    assert override(stage(tmp_path), "first") == "train.depth=1"
    assert (tmp_path / "params.yaml").read_text() == PARAMS.replace("depth: 3", "depth: 1")


@pytest.mark.parametrize("text", [PARAMS, "train: { depth: 3 }\n"])
def test_a_model_without_overrides_is_trained_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    assert override(stage(tmp_path), "improvement") == "nothing"
    assert (tmp_path / "params.yaml").read_text() == text


def test_the_templates_own_overrides_are_keys_that_it_has() -> None:
    params = parse_yaml((ROOT / "params.yaml").read_text(encoding="utf-8"), "params.yaml")
    for overrides in params.get("demo", {}).values():
        for path in overrides:
            node = params
            for key in path.split("."):
                assert key in node, path
                node = node[key]


def test_the_bad_candidate_is_python_over_any_model() -> None:
    calls: list[Any] = []
    scope: dict[str, Any] = {"fit": lambda *a: calls.append(a)}
    exec(SHUFFLED, scope)
    pandas = pytest.importorskip("pandas")
    train = pandas.DataFrame({"late": range(100)})
    scope["fit"](train, None, SimpleNamespace(label="late"))
    ((given, _, _),) = calls
    assert sorted(given["late"]) == list(train["late"])
    assert list(given["late"]) != list(train["late"])


@pytest.mark.parametrize(
    ("requests", "failures", "good"), [(10, 0, True), (10, 1, False), (0, 0, False)]
)
def test_clients_that_lost_something_or_asked_nothing_end_the_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requests: int, failures: int, good: bool
) -> None:
    seen = {"requests": requests, "failures": failures, "releases": {"r-1": requests}}

    class Client:
        def __init__(self, command: list[str], **_: object) -> None:
            Path(command[-1]).write_text(json.dumps(seen))

        def wait(self, timeout: float) -> int:
            assert (tmp_path / "improve.stop").exists()
            return 0

    monkeypatch.setattr(acts, "subprocess", SimpleNamespace(Popen=Client))
    monkeypatch.setattr(Stage, "ask", lambda *_: [{"url": "http://production"}])
    if good:
        with traffic(stage(tmp_path), "improve") as counted:
            assert counted == {}
        assert counted == seen
        return
    with (
        pytest.raises(DemoError, match=f"{failures} of {requests} requests were lost"),
        traffic(stage(tmp_path), "improve"),
    ):
        pass


def test_the_acts_are_those_that_the_readme_tells() -> None:
    assert [name for name, _ in ACTS] == [
        "Retrain", "Release", "Improve", "Refuse", "Roll back", "Look",
    ]  # fmt: skip


def test_the_number_of_a_pull_request_is_read_from_what_was_printed() -> None:
    assert opened("x\npull request #12 open: http://h\n") == "12"
    with pytest.raises(DemoError, match="no pull request was opened: nothing"):
        opened("nothing")
