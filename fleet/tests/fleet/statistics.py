"""Random sets, and what scipy, statsmodels and lifelines say of them, a line of JSON each.

    python tests/fleet/statistics.py 1000 > target/statistics.jsonl     # read by the test, if it is there
    python tests/fleet/statistics.py 20 > tests/fleet/statistics.jsonl  # what every run compares
"""

import json
import sys

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.exceptions import StatError
from lifelines.statistics import logrank_test
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def exact_of_strata(strata):
    """The exact conditional test, by scipy's hypergeometric distribution."""
    distribution, observed = np.array([1.0]), 0
    for (a, n), (b, m) in strata:
        low, high = max(0, a + b - m), min(a + b, n)
        distribution = np.convolve(distribution, stats.hypergeom.pmf(range(low, high + 1), n + m, a + b, n))
        observed += a - low
    return float(min(1.0, distribution[distribution <= distribution[observed] * (1 + 1e-7)].sum()))


def spells(random, count):
    start = random.integers(0, 20, count) * random.integers(0, 2)
    end = start + random.integers(1, 60, count)
    return [(float(a), float(b), bool(f)) for a, b, f in zip(start, end, random.random(count) < 0.6)]


def of(random):
    all_ = int(random.integers(1, 2000))
    seen = int(random.integers(0, all_ + 1))
    share = [float(x) for x in proportion_confint(seen, all_, method="wilson")]

    def counts():
        n = int(random.integers(1, 60))
        return int(random.integers(0, n + 1)), n

    strata = [(counts(), counts()) for _ in range(random.integers(1, 4))]
    (a, n), (b, m) = strata[0]
    fisher = float(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue)

    few = random.normal(0.3, 1.0, int(random.integers(6, 40)))
    # Many, and with ties: the normal approximation.
    many = np.round(random.normal(0.1, 1.0, int(random.integers(60, 120))), 1)
    many = many[many != 0]

    p = random.random(int(random.integers(1, 40))) ** 2
    x = random.integers(1, 50, int(random.integers(5, 60))).astype(float)
    y = np.round(0.05 * x + random.normal(0.0, 2.0, len(x)), 1)
    theil = stats.theilslopes(y, x)
    kendall = stats.kendalltau(x, y, method="asymptotic")

    one, other = spells(random, int(random.integers(5, 60))), spells(random, int(random.integers(5, 60)))
    frame = pd.DataFrame(one, columns=["from", "to", "failed"])
    fitter = KaplanMeierFitter().fit(frame["to"], frame["failed"], entry=frame["from"])
    failed = sorted({to for _, to, is_failed in one if is_failed})
    curve = [float(fitter.survival_function_at_times(time).iloc[0]) for time in failed]
    bounds = fitter.confidence_interval_
    bounds = [[float(value) for value in bounds.loc[time]] for time in failed]
    # lifelines' log-rank test knows no left truncation.
    late = lambda group: [(0.0, to, is_failed) for _, to, is_failed in group]
    one0, other0 = late(one), late(other)
    rank = logrank_test([s[1] for s in one0], [s[1] for s in other0], [s[2] for s in one0], [s[2] for s in other0])
    return {
        "wilson": [seen, all_, *share],
        "fisher": [a, n, b, m, fisher],
        "strata": [[list(new), list(old)] for new, old in strata],
        "strata_p": exact_of_strata(strata),
        "few": few.tolist(),
        "few_p": float(stats.wilcoxon(few, method="exact").pvalue),
        "many": many.tolist(),
        "many_p": float(stats.wilcoxon(many, method="approx", correction=False).pvalue),
        "p": p.tolist(),
        "q": multipletests(p, method="fdr_bh")[1].tolist(),
        "points": list(zip(x.tolist(), y.tolist())),
        "slope": [float(theil.slope), float(theil.low_slope), float(theil.high_slope), float(kendall.pvalue)],
        "spells": one,
        "curve": curve,
        "bounds": bounds,
        "one": one0,
        "other": other0,
        "log_rank": float(rank.p_value),
    }


if __name__ == "__main__":
    generator = np.random.default_rng(20261128)
    made = 0
    while made < int(sys.argv[1]):
        try:
            print(json.dumps(of(generator)))
            made += 1
        except StatError:  # lifelines gives up where nobody is left at an early time
            pass
