"""What a person says for a candidate: why it may go out, and which gates must not stop it.

An override is no policy: it is for one release in one environment, stands with its reason in
evidence.json and in the pull request, and the next environment needs its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from delivery.errors import InputError, RefusedError
from delivery.gates.registry import OVERRIDABLE, RENAMED
from delivery.settings.policy import FILE, Environment


@dataclass(frozen=True, slots=True)
class Overrides:
    """`reason` is a person's; `gates` are those that it overrides."""

    reason: str = ""
    gates: tuple[str, ...] = ()

    @property
    def reasons(self) -> Mapping[str, str]:
        """Gate → reason."""
        return dict.fromkeys(self.gates, self.reason)


NO_OVERRIDES = Overrides()


def parse_overrides(reason: str, gates: Iterable[str]) -> Overrides:
    """The overrides as the command line gives them; empty names are none.

    Raises:
        InputError: an override without a reason, or of no gate that there is.
    """
    wanted = tuple(dict.fromkeys(RENAMED.get(gate, gate) for gate in gates if gate))
    for gate in wanted:
        if gate not in OVERRIDABLE:
            raise InputError(
                f"--override {gate}: no gate of that name can be overridden; these can: "
                f"{', '.join(sorted(OVERRIDABLE))}"
            )
    if wanted and not reason.strip():
        raise InputError(
            f"--override {wanted[0]} needs a reason, which everybody can read in the pull "
            f'request: `--override {wanted[0]} --reason "…"`'
        )
    return Overrides(reason.strip(), wanted)


def require_allowed(environment: Environment, gates: Iterable[str]) -> None:
    """RefusedError where delivery.yaml does not let one of the gates be overridden there."""
    for gate in gates:
        if gate not in OVERRIDABLE or not environment.may_override(gate):
            allowed = ", ".join(environment.overridable or ()) or "none"
            raise RefusedError(
                f"{environment} lets nobody override the gate {gate} (it allows {allowed}). "
                f"Mend the candidate, or list the gate in {FILE} under "
                f"environments.{environment}.overrides by a pull request"
            )
