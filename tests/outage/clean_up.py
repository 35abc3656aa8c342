"""The clean-up of plans that are many generations old, a process: run by whoever has applied a plan everywhere.

Arguments: target, its socket, the folder of plans, the generation that was applied, and how many generations are many.
It tells what it found and waits for `go`, then deletes: the plan's file, and its records in the store.
"""

import pathlib
import sys

import region
from participant import Participant
from targets import HoldfastClient, PlainClient, is_many


def main():
    target, path, plans, applied, many = sys.argv[1:]
    me, folder = Participant("clean-up"), region.PlanFolder(pathlib.Path(plans))
    client = (PlainClient if target == "plain" else HoldfastClient)(path)
    old = [each for each in folder.generations() if is_many(each, int(applied), int(many))]
    me.tell("found", generations=old, applied=int(applied))
    me.wait_for("go")
    statuses = set()
    for generation in old:
        folder.delete(generation)
        statuses.add(client.delete_plan(generation))
    me.tell("deleted", generations=old, statuses=sorted(str(each) for each in statuses))


if __name__ == "__main__":
    main()
