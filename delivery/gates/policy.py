"""The policies of all gates: the section `gates:` of delivery.yaml, a key for each gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import create_model, model_validator

from delivery.gates.registry import GATES, RENAMED
from serving.strict import Strict

Policy = TypeVar("Policy", bound=Strict)


class _Policies(Strict):
    @model_validator(mode="before")
    @classmethod
    def _by_todays_names(cls, content: Any) -> Any:
        """Old names of gates stay readable; both names at once are one too many."""
        if not isinstance(content, dict):
            return content
        for old, new in RENAMED.items():
            if old in content and new in content:
                raise ValueError(f"{old} is the old name of {new}; keep one of them")
        return {RENAMED.get(name, name): section for name, section in content.items()}

    def of(self, kind: type[Policy]) -> Policy:
        """The policy of the gate whose class of knobs is `kind`."""
        for name in type(self).model_fields:
            section = getattr(self, name)
            if type(section) is kind:
                return section
        raise KeyError(kind)

    def section(self, name: str) -> Strict:
        """The policy of the gate called `name`."""
        section: Strict = getattr(self, name)
        return section


if TYPE_CHECKING:

    class GatesPolicy(_Policies):
        """One section per gate; each gate's module documents its keys."""
else:
    GatesPolicy = create_model(
        "GatesPolicy",
        __base__=_Policies,
        __doc__="One section per gate; each gate's module documents its keys.",
        **{gate.name: (gate.policy, gate.policy()) for gate in GATES},
    )
