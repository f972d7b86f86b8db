"""`target:` of an environment that runs in a cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serving.strict import Strict

RELEASE = r"^r-[0-9a-f]{12}$"
BY_DIGEST = r"^\S+@sha256:[0-9a-f]{64}$"


class KubernetesTargetSettings(Strict):
    """A namespace of the cluster that `context` of the kubeconfig names; without one, the current
    context. `url` is where the gateway answers the environment's clients. `images` names the image
    of a release by digest, where desired.yaml names none."""

    kind: Literal["kubernetes"]
    namespace: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    url: str = Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    context: str = Field(default="", pattern=r"^[^\s-]\S*$|^$")
    images: dict[
        Annotated[str, Field(pattern=RELEASE)], Annotated[str, Field(pattern=BY_DIGEST)]
    ] = Field(default_factory=dict)
