"""A bento scores files in an environment of its own, and sees little of the caller's."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from delivery.bento import batch
from delivery.bento.batch import Scoring, score, score_file, whole
from delivery.bento.bento import Bento
from delivery.bento.client import read_examples
from delivery.bento.environment import BATCH_LOCK
from delivery.errors import HeldError, InputError, OutsideError, RefusedError, TargetError
from serving.batch.documents import Progress
from tests.delivery.bentos import shared_bench, tiny
from tests.serving.batch.jobs import published, write_rows

FAKE = """\
#!/bin/sh
env > "$OUTPUT_OF_FAKE"
echo '{"progress": {"rows": 1, "before": 0, "total": 2, "refused": 0, "seconds": 0.5}}'
echo "Exception ignored in: a driver" >&2
echo "$SAYS_OF_FAKE" >&2
exit $CODE_OF_FAKE
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bento:
    """A bento whose Python does as the environment says."""
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    lock = tmp_path / "bento" / BATCH_LOCK
    lock.parent.mkdir(parents=True)
    lock.touch()
    monkeypatch.setattr(batch, "environment", lambda *_: python)
    passed = ("OUTPUT_OF_FAKE", "SAYS_OF_FAKE", "CODE_OF_FAKE")
    monkeypatch.setattr(batch, "PASSED", (*batch.PASSED, *passed))
    for name, value in zip(passed, (str(tmp_path / "seen"), "error: why", "0"), strict=True):
        monkeypatch.setenv(name, value)
    return Bento("r-1", tmp_path / "bento")


def run(bento: Bento, place: str = "in.csv", told: list[Progress] | None = None) -> batch.Outcome:
    heard = [] if told is None else told
    return score(bento, Scoring(place, "out"), bento.path, heard.append)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("2", InputError),
        ("3", RefusedError),
        ("4", HeldError),
        ("5", OutsideError),
        ("1", TargetError),
    ],
)
def test_the_code_of_a_job_is_that_of_the_command(
    fake: Bento, monkeypatch: pytest.MonkeyPatch, code: str, kind: type[Exception]
) -> None:
    monkeypatch.setenv("CODE_OF_FAKE", code)
    told: list[Progress] = []
    outcome = run(fake, told=told)
    assert isinstance(outcome.failure, kind)
    assert str(outcome.failure) == "why" if code != "1" else "ended with 1" in str(outcome.failure)
    assert [news.rows for news in told] == [1]


def test_a_job_that_is_killed_is_told_as_such(fake: Bento, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE_OF_FAKE", "0; kill -9 $$")
    fake_python = fake.path.parent / "env" / "bin" / "python"
    fake_python.write_text(FAKE.replace("exit $CODE_OF_FAKE", "kill -9 $$"))
    assert "ended with -9" in str(run(fake).failure)


def test_credentials_are_handed_on_to_stores_alone(
    fake: Bento, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")  # pragma: allowlist secret
    monkeypatch.setenv("GITHUB_TOKEN", "token")

    def seen() -> str:
        return (tmp_path / "seen").read_text()

    run(fake)
    assert "AWS_SECRET" not in seen()
    run(fake, "s3://bucket/in.csv")
    assert "AWS_SECRET" in seen()
    assert "GITHUB_TOKEN" not in seen()


def test_a_release_from_before_batch_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot score files: it has no "):
        run(Bento("r-1", tmp_path))


def test_options_are_said_where_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Scoring("a", "s3://b/c").arguments() == ["--", str(tmp_path / "a"), "s3://b/c"]
    given = Scoring("a", "b", ("x", "y"), drift="hold", processes=2).arguments()
    assert given[:3] == ["--columns=x,y", "--drift=hold", "--processes=2"]
    assert whole("zip::s3://b/c") == "zip::s3://b/c"


def test_a_real_bento_scores_in_the_environment_of_its_lock(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench = shared_bench(tmp_path_factory)
    bento = bench.bento("batch", tiny())
    before = bento.sha256
    rows = write_rows(tmp_path / "in.parquet")
    told: list[Progress] = []
    scoring = Scoring(str(rows), str(tmp_path / "out"), ("carrier",), processes=2, unit_rows=100)
    outcome = score(bento, scoring, bench.workspace / "envs", told.append)
    assert outcome.failure is None
    assert outcome.manifest is not None
    assert outcome.manifest.totals.scored == 300
    assert outcome.manifest.job.release == bento.id
    assert [news.rows for news in told] == [0, 100, 200, 300]
    assert published(tmp_path / "out").num_rows == 300
    assert Bento(bento.id, bento.path).sha256 == before, "nothing is left in the bento"
    written = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert written["files"].keys() == {file.name for file in bento.model.iterdir()}
    examples = read_examples(bento.model)
    own = score_file(bento, bench.workspace / "envs", [each.instance for each in examples])
    np.testing.assert_allclose(own, [each.prediction for each in examples], atol=1e-5)
    with pytest.raises(RefusedError, match=r"1 of 1 rows do not fit"):
        score_file(bento, bench.workspace / "envs", [{"hour": 24}])
