"""`target:` of an environment that runs in a cluster."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from serving.strict import Strict


class KubernetesTargetSettings(Strict):
    """A namespace of the cluster that `context` of the kubeconfig names; without one, the current
    context. `url` is where the gateway answers the environment's clients. `divider` is an image of
    `delivery` by its digest: its pods divide clients in a canary, and without it there is none."""

    kind: Literal["kubernetes"]
    namespace: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    url: str = Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    context: str = Field(default="", pattern=r"^[^\s-]\S*$|^$")
    divider: str = Field(default="", pattern=r"^$|^[^\s@]+@sha256:[0-9a-f]{64}$")
