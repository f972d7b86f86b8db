"""`delivery` in a scratch checkout: the command as it is, but for its refusal to serve a checkout
that has no code of its own."""

from __future__ import annotations

import sys

from delivery.cli import options
from delivery.cli.main import main

if __name__ == "__main__":
    options.require_own_checkout = lambda _: None
    sys.exit(main())
