"""A release becomes an image only on a base by digest, and only if nothing is wrong with it."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from delivery.bento.environment import LOCK
from delivery.commands import image as command
from delivery.commands import inspect as inspecting
from delivery.commands.image import build, sign
from delivery.documents import canonical
from delivery.errors import InputError, RefusedError
from delivery.image import release
from delivery.image.contents import contents
from delivery.image.layout import CONFIG, MANIFEST, Image, Layout
from delivery.image.reference import Reference
from delivery.release.images.published import published
from delivery.release.images.referrers import Attached
from delivery.trust.keys import own_public_key
from tests.delivery.image.made import files
from tests.delivery.image.test_build import bento
from tests.delivery.image.test_packages import bento as with_lock
from tests.delivery.place import World
from tests.images.base import lay_out
from tests.origin import Origin

ONE, NAME = "r-111111111111", "registry.example/online"
BASE = "example/python@sha256:" + "a" * 64
PYTHON = {"usr/bin/python3.11": "program"}


@pytest.fixture
def world(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A release whose bento is here, and a registry with one base."""
    origin.want("staging", ONE)
    made = World(origin.path, lambda _: None)
    own = bento(tmp_path / "release")
    record = made.snapshot().record(ONE).model_copy(update={"bento_sha256": own.sha256})
    monkeypatch.setattr("delivery.state.snapshot.Snapshot.record", lambda *_: record)
    monkeypatch.setattr(World, "bento", lambda *_: own.path)
    has_base(monkeypatch, tmp_path, PYTHON)
    return made


def has_base(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, contents: Mapping[str, str], mode: int = 0o755
) -> Image:
    found = files(tmp_path / "base-files", contents)
    for file in found.values():
        file.chmod(mode)
    image = lay_out(tmp_path / "base", found)
    monkeypatch.setattr("delivery.image.release.pull", lambda *_: image)
    return image


def test_it_is_built_and_pushed_under_its_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "push", lambda image, name, _: Reference(name, image.digest))
    output = world.root / "output"
    monkeypatch.setattr("delivery.settings.host.Surroundings.output", output)
    beside: list[Sequence[Attached]] = []
    monkeypatch.setattr(command, "attach", lambda *given: beside.append(given[2]))
    result = build(world, ONE, BASE, push_to="registry.example/online")
    assert result.pushed == f"registry.example/online@{result.digest}"
    assert len(result.diff_ids) == 3
    ((sbom, provenance),) = beside
    assert "CycloneDX" in sbom.text
    assert result.digest.removeprefix("sha256:") in provenance.text
    assert output.read_text() == f"name=registry.example/online\ndigest={result.digest}\n"
    again = build(world, ONE, BASE)
    assert (again.config_digest, again.pushed) == (result.config_digest, "")


def test_that_of_delivery_is_built_by_the_lock_of_main(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = with_lock(tmp_path / "toy")
    origin.push({command.LOCK: (toy / LOCK).read_text()})
    (origin.path / command.LOCK).write_text("what nobody reviewed\n")
    image = lay_out(tmp_path / "base", files(tmp_path / "base-files", PYTHON))
    monkeypatch.setattr(command, "pull", lambda *_: image)
    monkeypatch.setattr(command, "push", lambda image, name, _: Reference(name, image.digest))
    result = command.command(World(origin.path, lambda _: None), BASE, push_to=NAME)
    assert result.pushed == f"{NAME}@{result.digest}"
    made = Layout(result.layout).image()
    assert made.config["config"]["Entrypoint"] == ["python3.11", "-m", "delivery"]
    assert "opt/packages/toy.py" in contents(made)


@pytest.mark.parametrize("base", ["example/python:3.11", "example/python"])
def test_a_base_by_tag_is_refused(world: World, base: str) -> None:
    with pytest.raises(InputError, match=r"--base is .* a tag can be moved"):
        build(world, ONE, base)


def test_a_base_with_a_package_manager_is_refused_and_not_pushed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_base(monkeypatch, tmp_path, PYTHON | {"usr/bin/apt-get": "x"})
    monkeypatch.setattr(command, "push", lambda *_: pytest.fail("it was pushed"))
    with pytest.raises(RefusedError, match="/usr/bin/apt-get, layer 0, installs"):
        build(world, ONE, BASE, push_to="registry.example/online")


def test_a_base_with_a_setuid_program_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_base(monkeypatch, tmp_path, PYTHON | {"usr/bin/su": "x"}, mode=0o4755)
    with pytest.raises(RefusedError, match=r"/usr/bin/su, layer 0, gives its rights"):
        build(world, ONE, BASE)


@pytest.fixture
def built(world: World, monkeypatch: pytest.MonkeyPatch) -> Image:
    """The image of the release, as a registry gives it back."""
    result = build(world, ONE, BASE)
    folder = world.workspace / "pulled"
    shutil.copytree(result.layout, folder)
    image = Layout(folder).image()
    has_image(monkeypatch, image)
    return image


def has_image(monkeypatch: pytest.MonkeyPatch, image: Image) -> None:
    monkeypatch.setattr("delivery.release.images.vouching.pull", lambda *_: image)


def test_who_signs_makes_it_again_and_proposes_the_statement_once(
    world: World, built: Image
) -> None:
    name = f"{NAME}@{built.digest}"
    result = sign(world, ONE, name, BASE)
    assert result.verdict.status == "pass"
    assert result.pull is not None
    world.forge.merge(result.pull.number)
    (found,) = published(world, world.snapshot(), ONE)
    statement = found.statement
    assert (str(statement.image), str(statement.base)) == (name, BASE)
    assert (statement.release, statement.config) == (ONE, built.config_digest)
    assert "somebody" in statement.builder or "@" in statement.builder
    assert sign(world, ONE, name, BASE).pull is None


def test_a_tag_is_not_signed_for(world: World, built: Image) -> None:
    for name, base in ((f"{NAME}:1", BASE), (f"{NAME}@{built.digest}", "example/python:3")):
        with pytest.raises(InputError, match="a tag can be moved"):
            sign(world, ONE, name, base)


def changed(image: Image, folder: Path, contents: Mapping[str, str], **config: object) -> Image:
    """With another layer on top, and other configuration."""
    more = lay_out(folder, files(folder.parent / "more-files", contents))
    for blob in more.layers:
        image.layout.take(more.layout, blob)
    content = copy.deepcopy(dict(image.config))
    content["rootfs"]["diff_ids"] = [*image.diff_ids, *more.diff_ids]
    content["config"] |= config.pop("config", {})
    content |= config
    kept = image.layout.put(CONFIG, canonical(content))
    layers = [*image.layers, *more.layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": kept.to_json(),
        "layers": [blob.to_json() for blob in layers],
    }
    return image.layout.image(image.layout.publish(manifest, "changed"))


SECRET = [{"created_by": "RUN curl -H 'api_key=0123456789abcdef' host"}]


@pytest.mark.parametrize(
    ("contents", "config", "why"),
    [
        ({"opt/packages/toy.py": "stolen = 1"}, {}, "made again, it differs: 3 layers and 4"),
        ({"opt/bento/src/service.py": "stolen"}, {}, "service.py, layer 3, is not as released"),
        ({"opt/x": "x"}, {"config": {"User": "0"}}, "it runs as '0'"),
        ({"opt/x": "x"}, {"config": {"Cmd": ["serve", "--development"]}}, "configuration: Cmd"),
        ({"opt/x": "x"}, {"history": SECRET}, "a secret"),
    ],
)
def test_nobody_signs_for_an_image_with_something_in_it_that_is_not_of_the_release(
    world: World,
    built: Image,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    contents: Mapping[str, str],
    config: Mapping[str, object],
    why: str,
) -> None:
    image = changed(built, tmp_path / "more", contents, **config)
    has_image(monkeypatch, image)
    with pytest.raises(RefusedError, match=why):
        sign(world, ONE, f"{NAME}@{image.digest}", BASE)
    assert world.forge.pulls() == ()


def test_nobody_signs_for_an_image_with_a_setuid_file(
    world: World, built: Image, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (file,) = files(tmp_path / "files", {"usr/bin/su": "x"}).values()
    file.chmod(0o4755)
    made = lay_out(tmp_path / "su", {"usr/bin/su": file})
    has_image(monkeypatch, made)
    with pytest.raises(RefusedError, match=r"/usr/bin/su, layer 0, gives its rights"):
        sign(world, ONE, f"{NAME}@{made.digest}", BASE)


def test_an_image_on_another_base_than_the_signer_names_is_refused(
    world: World, built: Image, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its label may say what it likes."""
    has_base(monkeypatch, tmp_path / "other", {"usr/bin/python3.11": "another program"})
    with pytest.raises(RefusedError, match=r"layer 0: /usr/bin/python3.11"):
        sign(world, ONE, f"{NAME}@{built.digest}", BASE.replace("a" * 64, "c" * 64))


def test_a_key_that_does_not_count_signs_nothing(
    world: World, built: Image, origin: Origin, tmp_path: Path
) -> None:
    other = own_public_key({"XDG_DATA_HOME": str(tmp_path / "other")}, make=True)
    assert other is not None
    settings = (origin.path / "delivery.yaml").read_text()
    listed = json.dumps({"bob": {"key": other.pem}})
    origin.push({"delivery.yaml": f"{settings}trust: {listed}\n"})
    with pytest.raises(RefusedError, match="under no name of `trust:`"):
        sign(world, ONE, f"{NAME}@{built.digest}", BASE)


def test_inspection_takes_the_image_by_its_digest_and_names_what_differs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = release.pull(Reference.parse(BASE, "base"), world.workspace)
    has_image(monkeypatch, image)
    candidate = type("Candidate", (), {"bento": type("B", (), {"path": world.bento(None, ONE)})})
    with pytest.raises(InputError, match=r"it runs as .root.*bento.yaml is missing"):
        inspecting._image(world, candidate, f"x@{image.digest}")
    with pytest.raises(InputError, match="is an index"):
        inspecting._image(world, candidate, BASE)
    with pytest.raises(InputError, match="a tag can be moved"):
        inspecting._image(world, candidate, "x:latest")
