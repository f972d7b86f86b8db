"""template.yml: every path has one owner, and what may be deleted is needed by nothing else."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pytest

from delivery.documents import parse_yaml
from tests.checkout import POLICY, ROOT, template_alone

CONTENT = parse_yaml((ROOT / "template.yml").read_text(encoding="utf-8"), "template.yml")
VERSION = CONTENT.pop("version")
OWNERS: Mapping[str, list[str]] = CONTENT


def fits(pattern: str, path: str) -> bool:
    return fnmatchcase(path, f"{pattern}*" if pattern.endswith("/") else pattern)


def owners(path: str) -> set[str]:
    """Whose a path is, by the longest patterns that fit."""
    fitting = [
        (len(pattern), owner)
        for owner, patterns in OWNERS.items()
        for pattern in patterns
        if fits(pattern, path)
    ]
    longest = max((length for length, _ in fitting), default=0)
    return {owner for length, owner in fitting if length == longest}


def tracked() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


def test_the_kinds_of_owners() -> None:
    assert list(OWNERS) == ["owned", "seeded", "yours", "made", "template-only"]


@template_alone
def test_every_path_has_exactly_one_owner() -> None:
    """In a repository made from the template, what no pattern fits is its own."""
    assert {path: found for path in tracked() if len(found := owners(path)) != 1} == {}


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("delivery/gates/service/latency.py", "owned"),
        ("tests/delivery/cli/test_installed.py", "owned"),
        ("params.yaml", "seeded"),
        ("model/deep/er.py", "yours"),
        ("tests/model/test_flights.py", "yours"),
        ("keys/ci.pub", "yours"),
        ("keys/README.md", "owned"),
        ("infra/environments/production/desired.yaml", "yours"),
        ("requirements/serving.lock", "made"),
        ("requirements/bootstrap.lock", "made"),
        ("requirements/peers.lock", "template-only"),
        (".github/CODEOWNERS", "made"),
        ("tests/workflows/act.py", "template-only"),
        ("tests/workflows/advisories.py", "owned"),
    ],
)
def test_the_longest_pattern_decides(path: str, owner: str) -> None:
    assert owners(path) == {owner}


def test_no_pattern_is_written_twice_or_fits_nothing() -> None:
    patterns = [pattern for each in OWNERS.values() for pattern in each]
    assert len(patterns) == len(set(patterns))
    # A fork has these later, or deletes them.
    later = {*OWNERS["yours"], *OWNERS["template-only"]}
    paths = tracked()
    assert [
        p for p in patterns if p not in later and not any(fits(p, path) for path in paths)
    ] == []


def test_what_may_be_deleted_is_imported_by_nothing_that_stays() -> None:
    gone = {_module(path) for path in tracked() if _is_deletable(path)}
    needing = {
        f"{path} imports {name}"
        for path in tracked()
        if path.endswith(".py") and not _is_deletable(path)
        for name in _imports(path)
        if name in gone
    }
    assert not needing


def _is_deletable(path: str) -> bool:
    return owners(path) == {"template-only"}


def _module(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", changes, flags=re.MULTILINE)
    assert VERSION == project["version"] == released[0]


@template_alone
def test_the_citation_is_of_the_newest_release() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    [version, day] = re.findall(r"^## \[(\d\S*)\] - (\S+)$", changes, flags=re.MULTILINE)[0]
    citation = parse_yaml((ROOT / "CITATION.cff").read_text(encoding="utf-8"), "CITATION.cff")
    assert (citation["version"], str(citation["date-released"])) == (version, day)
    schema = ["check-jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    subprocess.run([*schema, str(ROOT / "CITATION.cff")], check=True)


def test_the_changelog_opens_with_what_is_unreleased() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", changes, flags=re.MULTILINE)
    assert titles[0] == "[Unreleased]"
    kinds = set(re.findall(r"^### (.*)$", changes, flags=re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@template_alone
def test_the_policy_of_the_tests_is_the_templates() -> None:
    assert POLICY.read_text(encoding="utf-8") == (ROOT / "delivery.yaml").read_text(
        encoding="utf-8"
    )


@template_alone
@pytest.mark.parametrize(("pattern", "limit"), [("README.md", 200), ("model/*.py", 250)])
def test_what_a_newcomer_reads_first_stays_short(pattern: str, limit: int) -> None:
    texts = [file.read_text(encoding="utf-8") for file in ROOT.glob(pattern)]
    assert 0 < sum(len(text.splitlines()) for text in texts) < limit
