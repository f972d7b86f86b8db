"""Each rule is broken once by an image that is in order in all else."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.image.contents import Entry
from delivery.image.findings import findings

BENTO = {"bento.yaml": "b" * 64, "src/service.py": "s" * 64}


def file(sha256: str = "", mode: int = 0o644, owner: int = 0, layer: int = 2) -> Entry:
    return Entry("file", mode, owner, sha256, layer)


FOUND = {
    "usr/bin/python3.11": file("p", 0o755, layer=0),
    "tmp": Entry("folder", 0o1777, 0, "", 0),
    "opt/bento": Entry("folder", 0o755, 0, "", 2),
    **{f"opt/bento/{name}": file(sha256) for name, sha256 in BENTO.items()},
    "opt/packages/numpy.py": file("n", layer=1),
}
CONFIG: dict[str, Any] = {
    "config": {"User": "65532:65532", "Env": ["PATH=/usr/bin"], "Labels": {"a": "b"}},
    "history": [{"created_by": "base"}],
}


def test_an_image_in_order_has_no_finding() -> None:
    assert findings(CONFIG, FOUND, BENTO) == []


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "0:65532", "nonroot", None])
def test_one_that_runs_as_root_or_by_name(user: str | None) -> None:
    config = {**CONFIG, "config": {**CONFIG["config"], "User": user}}
    (found,) = findings(config, FOUND, BENTO)
    assert found.startswith("it runs as")


@pytest.mark.parametrize(
    ("path", "entry", "why"),
    [
        ("usr/bin/su", file("x", 0o4755), "/usr/bin/su, layer 2, gives its rights"),
        ("usr/bin/write", file("x", 0o2755, layer=0), "/usr/bin/write, layer 0, gives its rights"),
        ("usr/bin/apt-get", file("x", 0o755, layer=0), "installs or compiles programs"),
        ("usr/local/bin/pip", Entry("link", 0o777, 0, "", 0), "installs or compiles programs"),
        ("usr/bin/gcc", file("x", 0o755), "installs or compiles programs"),
        ("opt/pipe", Entry("special", 0o644, 0, "", 1), "neither file, folder nor link"),
        ("opt/packages/own.py", file("x", owner=65532), "can be changed by the service itself"),
        ("opt/packages/all.py", file("x", 0o666), "can be changed by the service itself"),
        ("opt/bento/src/more.py", file("x", layer=3), "/opt/bento/src/more.py, layer 3, is not of"),
        ("opt/bento/src/service.py", file("x"), "/opt/bento/src/service.py, layer 2, is not as"),
        ("opt/bento/src/service.py", Entry("link", 0o777, 0, "", 3), "layer 3, is not as released"),
    ],
)  # fmt: skip
def test_a_file_that_should_not_be_there(path: str, entry: Entry, why: str) -> None:
    (found,) = findings(CONFIG, {**FOUND, path: entry}, BENTO)
    assert why in found


def test_a_missing_file_of_the_bento() -> None:
    kept = {path: entry for path, entry in FOUND.items() if path != "opt/bento/bento.yaml"}
    assert findings(CONFIG, kept, BENTO) == ["/opt/bento/bento.yaml is missing"]


def test_many_of_a_kind_are_counted() -> None:
    many = {f"usr/bin/{name}": file("x", 0o4755) for name in "abcde"}
    assert findings(CONFIG, {**FOUND, **many}, BENTO)[-1] == "and 2 more of that kind"


@pytest.mark.parametrize(
    "step",
    [
        "RUN curl https://user:hunter2@example.com/x",  # pragma: allowlist secret
        "ENV PIP_TOKEN=abcdefghijk",
        "ARG password=correct-horse",  # pragma: allowlist secret
        "RUN echo -----BEGIN EC PRIVATE KEY-----",  # pragma: allowlist secret
        "RUN export K=AKIA" + "A" * 16,
        "RUN export K=ghp_" + "a" * 36,
    ],
)
def test_a_secret_in_the_history(step: str) -> None:
    (found,) = findings({**CONFIG, "history": [{"created_by": step}]}, FOUND, BENTO)
    assert found.startswith("the history holds")


def test_a_secret_in_a_variable_or_a_label() -> None:
    for part, place in (({"Env": ["API_KEY=abcdefghij"]}, "a variable"),
                        ({"Labels": {"password": "xyzxyzxyz"}}, "a label")):  # fmt: skip
        config = {**CONFIG, "config": {**CONFIG["config"], **part}}
        (found,) = findings(config, FOUND, BENTO)
        assert found.startswith(place)
