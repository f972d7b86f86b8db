"""Everything that `delivery` raises on purpose.

    DeliveryError            exit code
    ├── InputError           2   bad input: a file, a setting, an argument, the checkout
    ├── RefusedError         3   a gate failed
    ├── HeldError            4   held: evidence is missing, or somebody has to act first
    └── OutsideError         5   a target, a forge or the store failed
        ├── TargetError
        ├── ForgeError
        └── StoreError

A message says what was found, what was expected, and the next command. Any other exception is
a bug and exits with 1.
"""


class DeliveryError(Exception):
    """The root of all deliberate errors."""

    exit_code = 1


class InputError(DeliveryError):
    """A file, a setting, an argument or the checkout is not as it must be."""

    exit_code = 2


class RefusedError(DeliveryError):
    """A gate failed."""

    exit_code = 3


class HeldError(DeliveryError):
    """Evidence is missing, or somebody has to act first."""

    exit_code = 4


class OutsideError(DeliveryError):
    """Something outside this repository failed."""

    exit_code = 5


class TargetError(OutsideError):
    """A deployment target failed."""


class ForgeError(OutsideError):
    """The forge (pull requests, main) failed."""


class StoreError(OutsideError):
    """Bytes are missing, or are not those that the record names."""
