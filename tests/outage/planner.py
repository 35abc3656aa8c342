"""The Planner, a process: makes numbered plans for the whole region, in its own rhythm.

Orders: `make COUNT SECONDS` makes so many plans, one every so many seconds, and then tells `planned-all`.
"""

import pathlib
import sys
import time

import region
from participant import Participant


def main():
    folder = region.PlanFolder(pathlib.Path(sys.argv[1]))
    generation, count, bulk = map(int, sys.argv[2:])
    me = Participant("planner")
    while True:
        _, plans, seconds = me.order()
        for _ in range(int(plans)):
            folder.put(region.plan(generation, count, bulk))
            me.tell("planned", generation=generation)
            generation += 1
            time.sleep(float(seconds))
        me.tell("planned-all", generation=generation - 1)


if __name__ == "__main__":
    main()
