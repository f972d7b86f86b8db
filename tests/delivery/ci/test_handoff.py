"""What one job hands to another is data that the other does not trust."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.ci.handoff import LARGEST_TEXT, Packed, pack, unpack
from delivery.context import Context
from delivery.errors import DeliveryError, InputError, StoreError
from delivery.release.training import receipt_file
from tests.delivery.release.test_training import receipt
from tests.origin import Origin

NO = "0" * 32
TEXTS = ("dvc.lock", "params.yaml", "metrics.json")


@pytest.fixture
def context(pipeline: Origin) -> Context:
    return Context(pipeline.path, lambda _: None)


@pytest.fixture
def folder(context: Context, tmp_path: Path) -> Path:
    """What was trained, laid out; and no bytes left here."""
    folder = tmp_path / "packed"
    pack(context, folder)
    shutil.rmtree(context.root / ".dvc/cache")
    return folder


def cached(context: Context) -> list[Path]:
    return [path for path in (context.root / ".dvc/cache").rglob("*") if path.is_file()]


def test_what_is_packed_is_unpacked(context: Context, folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*TEXTS, "base", "objects"}
    found = unpack(context, folder)
    assert found.lock == (context.root / "dvc.lock").read_text()
    assert found.params == (context.root / "params.yaml").read_text()
    assert found.metrics == {"loss": 0.4}
    assert found.headline == "data until 2013-06"
    assert found.receipts == {}, "no stage left any"
    assert all(file.is_file() for file in context.store.objects().values())


def _run(context: Context, *stages: str) -> None:
    """Sealed stages ran here."""
    for stage in stages:
        file = receipt_file(context.root, stage)
        file.parent.mkdir(exist_ok=True)
        file.write_text(receipt(stage).model_dump_json())


@pytest.mark.parametrize("ran", [("train", "export"), ("export",)])
def test_the_receipts_of_the_stages_that_ran_are_handed_on(
    context: Context, tmp_path: Path, ran: tuple[str, ...]
) -> None:
    _run(context, *ran, "evaluate")
    pack(context, tmp_path / "packed")
    assert unpack(context, tmp_path / "packed").receipts == {name: receipt(name) for name in ran}


def test_a_stage_that_was_restored_has_no_receipt_of_a_run_before(
    context: Context, tmp_path: Path
) -> None:
    _run(context, "train", "export")
    pack(context, tmp_path / "packed")
    receipt_file(context.root, "train").unlink()
    pack(context, tmp_path / "packed")
    assert set(unpack(context, tmp_path / "packed").receipts) == {"export"}


def test_packing_again_leaves_nothing_of_before(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    pack(context, folder)
    (folder / "objects" / NO).write_text("old")
    pack(context, folder)
    assert not (folder / "objects" / NO).exists()


@pytest.mark.parametrize("name", ["", "mine"])
def test_a_folder_with_other_things_in_it_is_left_alone(context: Context, name: str) -> None:
    folder = context.root / name
    folder.mkdir(exist_ok=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="empty folder"):
        pack(context, folder)
    assert (folder / "notes.txt").read_text() == "mine"


def test_the_same_training_has_the_same_name(context: Context, folder: Path) -> None:
    found = unpack(context, folder)
    assert found.digest == Packed(found.base, found.lock, found.params, {}).digest
    assert found.digest != Packed(found.base, found.lock, found.params + "\n", {}).digest


@pytest.mark.parametrize(
    ("params", "headline"),
    [
        ("{}", ""),
        ("data: [1]", ""),
        ("data: text", ""),
        ("data: {until: null}", ""),
        ("data: {until: 2013-07}", "data until 2013-07"),
        ("data: {until: [1, 2]}", "data until [1, 2]"),
        ('data: {until: "a\\n\\nSigned-off-by: x"}', "data until a Signed-off-by: x"),
    ],
)
def test_a_title_is_one_short_line_whatever_the_parameters_say(params: str, headline: str) -> None:
    assert Packed("", "", params, {}).headline == headline
    assert len(Packed("", "", f"data: {{until: {'x' * 999}}}", {}).headline) < 100


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def _link(name: str) -> Callable[[Path], object]:
    def link(folder: Path) -> None:
        (folder / name).rename(folder / "elsewhere")
        (folder / name).symlink_to(folder / "elsewhere")

    return link


TAMPERED: dict[str, Callable[[Path], object]] = {
    "huge lock": _write("dvc.lock", "x: " + "x" * LARGEST_TEXT),
    "lock is a list": _write("dvc.lock", "- 1\n"),
    "lock is text": _write("dvc.lock", "text"),
    "lock is empty": _write("dvc.lock", ""),
    "lock is no YAML": _write("dvc.lock", "a: [\n"),
    "lock in conflict": _write("dvc.lock", "<<<<<<< a\n=======\n>>>>>>> b\n"),
    "params are a list": _write("params.yaml", "- 1\n"),
    "metrics are no JSON": _write("metrics.json", "{"),
    "metrics go too deep": _write("metrics.json", "[" * 200_000),
    "params go too deep": _write("params.yaml", "[" * 500),
    "not text": lambda folder: (folder / "params.yaml").write_bytes(b"\xff\xfe"),
    **{f"{name} is a link": _link(name) for name in TEXTS},
    **{f"{name} is gone": lambda folder, name=name: (folder / name).unlink() for name in TEXTS},
    "a receipt is no JSON": _write("train.json", "{"),
    "a receipt is a list": _write("export.json", "[1]"),
    "a receipt says more": _write(
        "train.json", receipt().model_dump_json().replace("{", '{"more": 1, ', 1)
    ),
    "a receipt is of another stage": _write("export.json", receipt("train").model_dump_json()),
    "no lock but a folder": lambda folder: (
        (folder / "dvc.lock").unlink(), (folder / "dvc.lock").mkdir()
    ),
    "no folder at all": shutil.rmtree,
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_a_text_that_is_not_as_packed_is_refused(context: Context, folder: Path, what: str) -> None:
    TAMPERED[what](folder)
    with pytest.raises(InputError, match=r"train again|not YAML|conflict"):
        unpack(context, folder)
    assert cached(context) == []


def _object(folder: Path) -> Path:
    return next(path for path in sorted((folder / "objects").iterdir()) if path.suffix != ".dir")


def _linked(folder: Path) -> None:
    _link(f"objects/{_object(folder).name}")(folder)


BYTES: dict[str, Callable[[Path], object]] = {
    "other bytes": lambda folder: _object(folder).write_text("evil"),
    "a link": _linked,
    "a link to a secret": lambda folder: (folder / "objects" / NO).symlink_to("/etc/passwd"),
    "a folder": lambda folder: (folder / "objects" / NO).mkdir(),
    "no hash": lambda folder: (folder / "objects/config.local").write_text("evil"),
}


@pytest.mark.parametrize("what", BYTES)
def test_of_objects_of_which_one_is_not_what_it_says_none_is_taken(
    context: Context, folder: Path, what: str
) -> None:
    BYTES[what](folder)
    with pytest.raises(StoreError, match="corrupted"):
        unpack(context, folder)
    assert cached(context) == []


def test_metrics_that_are_no_mapping_are_none(context: Context, folder: Path) -> None:
    (folder / "metrics.json").write_text("[1]")
    assert unpack(context, folder).metrics == {}


def test_a_training_whose_bytes_are_gone_is_not_packed(context: Context, tmp_path: Path) -> None:
    shutil.rmtree(context.root / ".dvc/cache")
    with pytest.raises(DeliveryError, match="dvc repro"):
        pack(context, tmp_path / "packed")
