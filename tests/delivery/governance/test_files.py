"""The files refuse what they do not know."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.governance.files import ENVIRONMENTS, LABELS, REPOSITORY, parse_policy, read_policy
from tests.delivery.governance.files import texts
from tests.origin import Origin

MAIN = ".github/rulesets/main.json"


@pytest.mark.parametrize(
    ("path", "old", "new", "named"),
    [
        (REPOSITORY, "allow_merge_commit:", "allow_everything:", "repository.allow_everything"),
        (REPOSITORY, "permissions: read", "permissions: all", "default_workflow_permissions"),
        (ENVIRONMENTS, "[main] }", "[main], reviewers: [ada] }", "reviewers: unknown key"),
        (ENVIRONMENTS, "[main] }", "[] }", "branches"),
        (LABELS, "bfd4f2", "blue", "candidate.color"),
        (MAIN, '"active"', '"evaluate"', "enforcement"),
        (MAIN, '"DELIVERY_APP_ID"', '"SOME_APP"', "actor_id"),
        (MAIN, '"name"', "name", "main.json is not JSON"),
    ],
)
def test_a_file_that_is_wrong_is_named(path: str, old: str, new: str, named: str) -> None:
    files = texts()
    assert old in files[path]
    files[path] = files[path].replace(old, new, 1)
    with pytest.raises(InputError, match=named.replace(".", r"\.")):
        parse_policy(files)


def test_main_is_read_and_not_the_work_tree(origin: Origin) -> None:
    origin.push(texts())
    (origin.path / REPOSITORY).write_text("nonsense")
    origin.repository.fetch()
    assert read_policy(origin.repository, origin.repository.main()).repository.allow_merge_commit


@pytest.mark.parametrize("missing", [LABELS, ".github/rulesets"])
def test_a_file_that_is_missing_is_named(origin: Origin, missing: str) -> None:
    commit = origin.push({p: t for p, t in texts().items() if not p.startswith(missing)})
    with pytest.raises(InputError, match=f"main has no {missing}"):
        read_policy(origin.repository, commit)
