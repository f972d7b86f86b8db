"""delivery.yaml: environments in the order of promotion, and nothing that nobody knows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.settings.policy import PORT_OFFSET, parse_settings, read_settings
from tests.checkout import POLICY

TEXT = """
environments:
  test: { target: { kind: local, port: 7101 } }
  staging: { target: { kind: local, port: 7102 }, overrides: [load] }
  production: { target: { kind: local, port: 7103 } }
"""


def test_environments_know_their_neighbours() -> None:
    settings = parse_settings(TEXT)
    chain = [settings.environment(name) for name in settings.environments]
    assert [(e.upstream, e.name, e.downstream) for e in chain] == [
        (None, "test", "staging"), ("test", "staging", "production"),
        ("staging", "production", None),
    ]  # fmt: skip
    assert (settings.first, settings.last) == ("test", "production")
    assert str(chain[0]) == "test"


def test_who_may_override_what() -> None:
    settings = parse_settings(TEXT)
    allowed = {name: settings.environment(name).overridable for name in settings.environments}
    assert allowed == {"test": None, "staging": ("load",), "production": ()}
    for name, may in (("test", True), ("staging", False), ("production", False)):
        assert settings.environment(name).may_override("champion") is may
    assert settings.environment("staging").may_override("load")


def test_an_old_name_of_a_gate_is_todays() -> None:
    settings = parse_settings(TEXT.replace("[load]", "[looks]"))
    assert settings.environment("staging").overridable == ("holdout_reuse",)


def test_an_environment_that_is_not_there_is_told_which_are() -> None:
    with pytest.raises(InputError, match=r"'prod'; delivery\.yaml has test, staging, production"):
        parse_settings(TEXT).environment("prod")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("7102", "7101", "two environments have the same port"),
        ("7102", "80", "staging.target.local.port"),
        ("kind: local", "kind: cloud", "expected tags: 'local', 'docker'"),
        ("staging:", "Staging:", "Staging"),
        ("overrides:", "override:", "staging.override: unknown key"),
        ("environments:", "environment:", "environment: unknown key"),
    ],
)
def test_a_mistake_is_named_and_the_keys_are_pointed_at(old: str, new: str, named: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_settings(TEXT.replace(old, new, 1))
    assert named in str(caught.value)
    assert str(caught.value).startswith("delivery.yaml")
    assert str(caught.value).endswith("docs/delivery.md lists the keys.")


@pytest.mark.parametrize("text", ["", "environments: {}", "- x"])
def test_a_policy_without_an_environment_is_none(text: str) -> None:
    with pytest.raises(InputError):
        parse_settings(text)


def test_checkouts_run_side_by_side_with_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORT_OFFSET, "100")
    environments = parse_settings(TEXT).environments
    assert [e.target.port for e in environments.values()] == [7201, 7202, 7203]
    assert environments["staging"].overrides == ("load",)


@pytest.mark.parametrize("offset", ["-1", "x", "1.5", ""])
def test_an_offset_that_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, offset: str
) -> None:
    monkeypatch.setenv(PORT_OFFSET, offset)
    with pytest.raises(InputError, match=f"{PORT_OFFSET}='{offset}'"):
        parse_settings(TEXT)


def test_the_policy_of_the_tests_is_read(tmp_path: Path) -> None:
    shutil.copy(POLICY, tmp_path / "delivery.yaml")
    assert list(read_settings(tmp_path).environments) == ["staging", "production"]


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file; is .* a checkout of this template\?"):
        read_settings(tmp_path)


DOCKER = f"""\
environments:
  production:
    target:
      {{ kind: docker, port: 7102, base: x/python@sha256:{"a" * 64}, router: x/traefik:3.7 }}
"""


def test_an_image_by_a_tag_is_no_setting() -> None:
    with pytest.raises(InputError, match=r"production\.target\.docker\.router.*sha256"):
        parse_settings(DOCKER)
    right = DOCKER.replace("traefik:3.7", f"traefik@sha256:{'b' * 64}")
    target = parse_settings(right).environment("production").settings.target
    assert (target.kind, target.memory, target.cpus, target.host) == ("docker", "1g", 1.0, "")


def test_environments_without_a_service_have_no_place_of_their_own() -> None:
    text = """
environments:
  nightly: {target: {kind: batch, sample: recent/}}
  monthly: {target: {kind: batch, sample: s3://data/recent/}}
  production: {target: {kind: local, port: 7102}}
"""
    settings = parse_settings(text)
    assert [settings.environments[name].serves for name in settings.environments] == [
        False, False, True,
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"nightly.target.*sample"):
        parse_settings("environments: {nightly: {target: {kind: batch}}}")


IMAGE = f"x@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("target", "images"),
    [
        ("{ kind: local, port: 7101 }", False),
        ("{ kind: batch, sample: rows.parquet }", False),
        (f'{{ kind: docker, port: 7101, base: "{IMAGE}", router: "{IMAGE}" }}', True),
        ("{ kind: kubernetes, namespace: a, url: https://a.example }", True),
    ],
)
def test_images_run_in_containers_alone(target: str, images: bool) -> None:
    settings = parse_settings(f"environments: {{ staging: {{ target: {target} }} }}")
    assert settings.environment("staging").runs_images is images
