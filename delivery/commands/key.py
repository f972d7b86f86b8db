"""`delivery key`: who signs releases, or writes events, on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.trust.keys import Role, own_file, own_public_key


@dataclass(frozen=True, slots=True)
class KeyResult:
    """This machine's key: its id, its public half as PEM, where the private half lies, and what
    it signs."""

    id: str
    pem: str
    where: str
    may: str

    def lines(self, name: str) -> str:
        """The lines of delivery.yaml that let this key sign."""
        indented = "".join(f"      {line}\n" for line in self.pem.splitlines())
        may = "    may: [events]\n" if self.may == "events" else ""
        return f"trust:\n  {name}:\n{may}    key: |\n{indented}".rstrip("\n")


def key(context: Context, role: Role = Role.RELEASES) -> KeyResult:
    """The public half of this machine's key, which is made if there is none."""
    environ = context.surroundings.environ
    public = own_public_key(environ, role, make=True)
    assert public is not None, "it was made"
    where = role.variable if environ.get(role.variable) else str(own_file(environ, role))
    context.progress(f"the private half: {where}")
    return KeyResult(public.id, public.pem, where, role.name.lower())
