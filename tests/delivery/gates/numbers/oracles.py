"""What other implementations compute, kept in oracles.json:

    uv run --no-project --isolated --with-requirements requirements/oracles.lock \
        python tests/delivery/gates/numbers/oracles.py > tests/delivery/gates/numbers/oracles.json

`ville` has e-processes and confidence sequences, `tea-tasting` CUPED. They are not in the locks of
the rest: nothing of the template needs them. The inputs are made here, for both sides.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import numpy as np

SHARE, CONCENTRATION, PLANNED, ALPHA = 0.25, 1_000.0, 5_000, 0.05
SHOWN = [0, 9, 99, 499, 999, 1_999]  # after so many samples and one


def hits() -> np.ndarray:
    """Whether the candidate got each entity: 28% where 25% are wanted, [2,000]."""
    return (np.random.default_rng(16).random(2_000) < 0.28).astype(float)


def users() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arm, outcome and the outcome before of each user, [4,000]; the second is better by 0.1."""
    random = np.random.default_rng(17)
    arm, before = random.integers(2, size=4_000), random.gamma(2.0, 1.0, 4_000)
    return arm, 0.8 * before + 0.1 * arm + random.normal(0, 0.5, 4_000), before


def main() -> None:
    import pyarrow as pa
    import tea_tasting as tt
    from ville import AsymptoticCS
    from ville._boundaries import normal_mixture
    from ville.proportions import BernoulliTest

    test = BernoulliTest(SHARE, prior=(CONCENTRATION * SHARE, CONCENTRATION * (1 - SHARE)))
    logs = test._process(hits())  # its public face keeps the running maximum
    rho = AsymptoticCS(alpha=ALPHA, t_opt=PLANNED).rho_
    sizes = np.array(SHOWN) + 1.0
    unit = normal_mixture(sizes, ALPHA, rho) / sizes
    logs_of_alpha = -2 * np.log(ALPHA)
    same = rho * (logs_of_alpha + np.log(logs_of_alpha) + 1)  # planned, for their mixture
    arm, value, before = users()
    table = pa.table({"variant": arm, "value": value, "before": before})
    metrics = tt.Experiment(cuped=tt.Mean("value", "before", use_t=False, alpha=0.05))
    found = metrics.analyze(table)["cuped"]
    kept = {
        "versions": {name: version(name) for name in ("ville", "tea-tasting")},
        "bernoulli": logs[SHOWN].tolist(),
        "width": unit.tolist(),
        "mixture": {"planned": float(same), "width": unit.tolist()},
        "cuped": [
            found.effect_size, found.effect_size_ci_lower, found.effect_size_ci_upper,
        ],
    }  # fmt: skip
    json.dump(kept, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
