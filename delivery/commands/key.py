"""`delivery key`: who signs on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.release.keys import SIGNING_KEY, own_file, own_public_key


@dataclass(frozen=True, slots=True)
class KeyResult:
    """This machine's key: its id, its public half as PEM, and where the private half lies."""

    id: str
    pem: str
    where: str

    def lines(self, name: str) -> str:
        """The lines of delivery.yaml that let this key sign."""
        indented = "".join(f"      {line}\n" for line in self.pem.splitlines())
        return f"trust:\n  {name}:\n    key: |\n{indented}".rstrip("\n")


def key(context: Context) -> KeyResult:
    """The public half of this machine's key, which is made if there is none."""
    environ = context.surroundings.environ
    public = own_public_key(environ, make=True)
    assert public is not None, "it was made"
    where = SIGNING_KEY if environ.get(SIGNING_KEY) else str(own_file(environ))
    context.progress(f"the private half: {where}")
    return KeyResult(public.id, public.pem, where)
