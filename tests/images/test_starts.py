"""One image in every way that platforms start it, with as little as a container can have."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from delivery.bento.client import read_examples
from delivery.bento.digest import file_hashes
from delivery.image.build import Built, build_image
from delivery.image.compare import differences
from delivery.image.contents import contents
from delivery.image.findings import findings
from delivery.image.reference import Reference
from delivery.image.registry import pull, push
from delivery.release.images.described import documents, provenance_beside, sbom_beside
from delivery.release.images.referrers import attach, attached
from delivery.release.images.statement import Statement
from tests.delivery.bentos import Bench
from tests.images.base import lay_out
from tests.images.engine import Engine
from tests.images.placed import Dock
from tests.origin import record as record_of
from tests.serving.tiny import write_tiny_model

pytestmark = pytest.mark.images
LOCAL = {"SERVING_ENVIRONMENT": "local"}
LARGEST = 400_000_000  # bytes of an image, unpacked


@dataclass(frozen=True)
class Place:
    """A release as an image in a registry, and the engine that can start it."""

    docker: Engine
    host: str
    folder: Path
    built: Built
    image: Reference
    body: str  # of a request that the model answers
    release: str
    sha256: str  # of its bento


@pytest.fixture(scope="module")
def place(docked: Dock) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="images-")))
        docker, host, base = docked.docker, docked.host, docked.python
        bento = Bench(folder / "bench").bento("tiny", write_tiny_model)
        record = record_of(bento.id).model_copy(update={"bento_sha256": bento.sha256})
        known = push(base, f"{host}/base", "base")
        built = build_image(bento, record, pull(known, folder / "pulled"), known, folder / "image")
        again = build_image(bento, record, base, known, folder / "another" / "place")
        assert differences(built.image, again.image) == ()
        found = contents(built.image)
        assert findings(built.image.config, found, file_hashes(bento.path)) == []
        image = push(built.image, f"{host}/team/online", record.id)
        docker("pull", "--quiet", str(image))
        said = Statement.about(image, built.image.config_digest, record, known).by("urn:tests")
        for _ in range(2):
            attach(built.image, image, documents(built.image, said))
        row = read_examples(bento.model)[0].instance
        body = json.dumps({"instances": [row]})
        yield Place(docker, host, folder, built, image, body, bento.id, bento.sha256)


def test_without_network_it_starts_as_nobody_and_answers(place: Place) -> None:
    with place.docker.started(str(place.image), variables=LOCAL) as container:
        assert container.get("/predict", place.body) == "200"
        ids = place.docker(
            "exec", container.name, "python3.11", "-c", "import os;print(os.getuid())"
        )
        assert ids.stdout.strip() == "65532"
        health = json.loads(
            place.docker(
                "inspect", "--format={{json .Config.Healthcheck.Test}}", container.name
            ).stdout
        )
        assert place.docker("exec", container.name, *health[1:]).returncode == 0


def test_without_a_guard_it_does_not_start(place: Place) -> None:
    """Not on somebody's own machine, and nobody is asked for a key: it says what to set."""
    run = place.docker("run", "--rm", "--network=none", str(place.image), check=False)
    assert run.returncode != 0
    assert "nobody is asked for credentials" in run.stderr + run.stdout


def test_it_is_small(place: Place) -> None:
    size = place.docker("image", "inspect", "--format={{.Size}}", str(place.image)).stdout
    assert int(size) < LARGEST


def test_sagemaker_starts_it_with_serve_and_asks_at_8080(place: Place) -> None:
    settings = {"SERVING_SETTINGS": json.dumps({"protocols": ["native", "sagemaker"]})}
    run = place.docker.started(str(place.image), "serve", variables=LOCAL | settings, port=8080)
    with run as container:
        assert container.get("/ping") == "200"
        assert container.get("/invocations", place.body) == "200"


def test_vertex_names_port_and_routes(place: Place) -> None:
    variables = {
        "SERVING_SETTINGS": json.dumps({"protocols": ["native", "vertex"]}),
        "AIP_HTTP_PORT": "8085",
        "AIP_HEALTH_ROUTE": "/health-of-vertex",
        "AIP_PREDICT_ROUTE": "/predict-of-vertex",
    }
    run = place.docker.started(str(place.image), variables=LOCAL | variables, port=8085)
    with run as container:
        assert container.get("/health-of-vertex") == "200"
        assert container.get("/predict-of-vertex", place.body) == "200"


def test_serverless_names_a_port_and_gives_ten_seconds_to_end(place: Place) -> None:
    run = place.docker.started(str(place.image), variables=LOCAL | {"PORT": "9090"}, port=9090)
    with run as container:
        assert container.get("/predict", place.body) == "200"
        began = time.monotonic()
        place.docker("stop", "--time=10", container.name)
        assert time.monotonic() - began < 10
        state = place.docker("inspect", "--format={{.State.ExitCode}}", container.name)
        assert state.stdout.strip() == "0"


def test_its_packages_and_its_making_lie_beside_it(place: Place) -> None:
    """In a registry that lists no referrers by itself."""
    found = attached(place.image)
    assert len(found) == 2
    assert sbom_beside(place.built.image, place.image, found).endswith("24 of them of the base")
    record = record_of(place.release)
    said = provenance_beside(
        record.model_copy(update={"bento_sha256": place.sha256}), place.image, found
    )
    assert "urn:tests" in said


def test_another_image_under_the_same_tag_changes_nothing_for_a_digest(place: Place) -> None:
    file = place.folder / "other"
    file.write_text("other")
    other = lay_out(place.folder / "other-image", {"opt/bento/bento.yaml": file}, User="0")
    name, tag = place.image.name, "moved"
    first = push(place.built.image, name, place.built.image.config["config"]["Labels"][
        "org.opencontainers.image.version"])  # fmt: skip
    moved = push(other, name, "base")
    assert first == place.image != moved
    again = pull(place.image, place.folder / f"pulled-{tag}")
    assert differences(again, place.built.image) == ()
    assert findings(other.config, contents(other), {"bento.yaml": "0" * 64})[0].startswith(
        "it runs as '0'"
    )
