"""`python -m bench [PART …]`, or `make bench`: measure, and write what was found into docs/.

A part is a module with `main(quick)`. BENCH=quick, or --quick, is for trying.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping

from bench import gates, monitoring, rollouts, scale, serving, year
from bench.gates import public
from bench.generator import MissingError
from delivery.errors import DeliveryError
from pipeline.errors import PipelineError

PARTS: Mapping[str, Callable[[bool], None]] = {
    "gates": gates.main,
    "monitoring": monitoring.main,
    "rollouts": rollouts.main,
    "scale": scale.main,
    "serving": serving.main,
    "public": public.main,
    "year": year.main,
}
ALL = (
    "gates",
    "monitoring",
    "rollouts",
    "serving",
)  # public needs packages of its own, scale and year take long


def main() -> int:
    """Exit code: 0 whatever the figures are, 2 if they could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: {' '.join(ALL)}"
    )
    parser.add_argument("--quick", action="store_true", default=os.environ.get("BENCH") == "quick")
    chosen = parser.parse_args()
    for name in chosen.parts:
        if name not in PARTS:
            parser.error(f"no part is called {name!r}; there are {', '.join(PARTS)}")
    try:
        for name in chosen.parts or ALL:
            PARTS[name](chosen.quick)
    except (DeliveryError, MissingError, PipelineError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
