"""How often and how long a run measures, where its command line does not say."""

import copy
import types

from bench.targets import USER_CPU_SIZES

USUAL = types.SimpleNamespace(rounds=5, seconds=4, swaps=3)
# What is measured for growth alone shows where a line goes, and millions take their time.
GROWTH = types.SimpleNamespace(rounds=2, seconds=3, swaps=1)
USER_CPU_SECONDS = 8  # user time is known by ticks of 10 ms


def at_size(options, endpoints, growth_alone):
    """The options with the amounts of this size. `few`: whether exchanges of few endpoints are measured, too."""
    here, usual = copy.copy(options), GROWTH if growth_alone else USUAL
    seconds = USER_CPU_SECONDS if endpoints in USER_CPU_SIZES and not growth_alone else usual.seconds
    here.few = not growth_alone
    here.rounds, here.seconds, here.swaps = (options.rounds or usual.rounds, options.seconds or seconds,
                                             options.swaps or usual.swaps)
    return here
