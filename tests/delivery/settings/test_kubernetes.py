"""`target:` of an environment names one kind of place, and nothing that fits another."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.settings.kubernetes import KubernetesTargetSettings
from delivery.settings.policy import parse_settings

TEXT = """
environments:
  staging: { target: { kind: local, port: 7101 } }
  production:
    target:
      kind: kubernetes
      namespace: model-production
      url: https://model.example.com
      context: prod
"""


def test_environments_may_run_in_different_kinds_of_places() -> None:
    settings = parse_settings(TEXT)
    target = settings.environment("production").settings.target
    assert isinstance(target, KubernetesTargetSettings)
    assert (target.namespace, target.context) == ("model-production", "prod")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("model-production", "Model", "namespace"),
        ("https://model.example.com", "model.example.com", "url"),
        ("context: prod", "images: {}", "images"),
        ("context: prod", "context: --all", "context"),
        ("context: prod", "port: 7101", "port"),
        ("kind: kubernetes", "kind: cloud", "kind"),
    ],
)
def test_what_does_not_fit_is_named(old: str, new: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        parse_settings(TEXT.replace(old, new))


def test_two_environments_do_not_share_a_namespace() -> None:
    place = "{ kind: kubernetes, namespace: model-production, url: 'http://a', context: prod }"
    with pytest.raises(InputError, match="two environments have the same namespace"):
        parse_settings(TEXT.replace("{ kind: local, port: 7101 }", place))
    other = place.replace("context: prod", "context: test")  # another cluster
    assert parse_settings(TEXT.replace("{ kind: local, port: 7101 }", other)).first == "staging"
