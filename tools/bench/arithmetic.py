"""What is computed from measurements: medians, ratios by turn, percentiles of histograms."""

import statistics


def median(values):
    return statistics.median(values) if values else None


def ratio(value, other):
    """None where there is nothing to compare with."""
    return value / other if value is not None and other else None


def ratios_by_turn(ours, theirs):
    """Of the rounds of one turn, so that a load which comes and goes strikes both."""
    return [one / other for one, other in zip(ours, theirs) if other]


def merged(histograms):
    """One histogram, [[longest, count], ...] with the shortest first, of several."""
    sums = {}
    for histogram in histograms:
        for longest, count in histogram:
            sums[longest] = sums.get(longest, 0) + count
    return sorted([longest, count] for longest, count in sums.items())


def percentile(histogram, share):
    """The time that at least `share` (0.999 for p99.9) of what was counted does not exceed; None when it is empty."""
    total = sum(count for _, count in histogram)
    seen = 0
    for longest, count in histogram:
        seen += count
        if seen >= share * total:
            return longest
    return None


def quantile(values, share):
    """The same of single values."""
    return percentile(sorted([value, 1] for value in values), share)
