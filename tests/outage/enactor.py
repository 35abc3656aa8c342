"""An Enactor, a process: takes the newest plan, checks once that it is newer than the one in force, and applies it.

Arguments: name, target (`plain` or `holdfast`), its socket, the folder of plans, the number of endpoints, and
`lock` or `no-lock`. Orders: `apply`, with any of

    hold       is delayed after its check, just before it applies the plan to the regional endpoint, until `go`
    half       is delayed half-way: half of the endpoints written, or all but one octet of the plan sent, until `go`
    reread=F   reads its plan again after the delay, and takes a plan that is gone for an empty one, of the form F:
               `nothing` (a document of no octets), `no-endpoints` or `no-targets`
"""

import json
import pathlib
import sys
import time

import region
from participant import Participant
from targets import IN_FORCE, HoldfastClient, PlainClient

TRIES = 50


class Stuck(Exception):
    """The plan that the store says is in force cannot be read, so there is no telling what to replace."""


class Enactor:
    def __init__(self, me, client, folder, count):
        self.me, self.client, self.folder, self.count = me, client, folder, count
        self.options, self.generation = set(), 0

    def apply(self, options):
        self.options = set(options)
        self.generation = self.folder.generations()[-1]
        text = self.folder.read(self.generation)
        in_force = self.client.in_force()
        if text is None or self.generation <= in_force:
            self.me.tell("skipped", generation=self.generation, in_force=in_force)
            return
        self.me.tell("checked", generation=self.generation, in_force=in_force)  # once, here, and never again
        self.enact(text)

    def delay(self, kind):
        if kind in self.options:
            self.me.tell("delayed", generation=self.generation)
            self.me.wait_for("go")

    def read_again(self):
        """The form of an empty plan that a plan which is gone is taken for; None while it is there."""
        for option in self.options:
            if option.startswith("reread=") and self.folder.read(self.generation) is None:
                return option.removeprefix("reread=")
        return None


class PlainEnactor(Enactor):
    """Applies endpoint by endpoint, each in a transaction, and tries again where another Enactor is in the way."""

    locks = False
    parsed = {}

    def enact(self, text):
        plan = json.loads(text)["endpoints"]
        names = region.endpoints(self.count)
        for number, name in enumerate(names):
            if number == self.count // 2:
                self.delay("half")
            wanted = [target["address"] for target in plan[name]["targets"]]
            if name == region.REGIONAL:
                self.delay("hold")
                if self.read_again():
                    wanted = []
            try:
                self.write(name, wanted)
            except Stuck as gone:
                self.me.tell("stuck", generation=self.generation, endpoint=name, missing=int(str(gone)))
                return
        if self.generation > self.client.in_force():
            self.client.change({"do": "create", "name": IN_FORCE, "record": self.generation})
        self.me.tell("applied", generation=self.generation)

    def write(self, name, wanted):
        for _ in range(TRIES):
            if self.locks:
                self.client.lock(name)
            try:
                if self.client.change(*self.transaction(name, wanted)) is None:
                    return
            finally:
                if self.locks:
                    self.client.unlock(name)
            time.sleep(0.002)  # another Enactor was in the way
        raise RuntimeError(f"{name}: no transaction in {TRIES} tries")

    def transaction(self, name, wanted):
        """Replaces what the plan in force has for the endpoint, and only that, by what this one has."""
        mine = f"plan-{self.generation}"
        steps = [{"do": "create", "name": f"{name}@{mine}", "record": wanted},
                 {"do": "create", "name": name, "record": mine}]
        theirs = self.client.get(name)
        if theirs is None:
            return steps
        expected = self.plan_in_force(int(theirs.removeprefix("plan-")))[name]
        return [{"do": "require", "name": name, "record": theirs},
                {"do": "require", "name": f"{name}@{theirs}", "record": expected}, *steps]

    def plan_in_force(self, generation):
        """Addresses by endpoint. Parsed once, but the file has to be there each time."""
        if not self.folder.file(generation).exists():
            raise Stuck(str(generation))
        if generation not in self.parsed:
            plan = json.loads(self.folder.read(generation) or "{}").get("endpoints", {})
            self.parsed = {generation: {name: [target["address"] for target in endpoint["targets"]]
                                        for name, endpoint in plan.items()}}
        return self.parsed[generation]


class HoldfastEnactor(Enactor):
    """Submits the whole plan by the control API, as automation; tries again where the server asks for that."""

    def enact(self, text):
        self.delay("hold")
        body = self.body(text)
        halfway = (lambda: self.delay("half")) if "half" in self.options else None
        for _ in range(TRIES):
            status, said = self.client.submit(body, halfway)
            if status != 503:
                break
            halfway = None  # it is delayed once
            time.sleep(0.05)
        if said.get("outcome") == "published":
            self.me.tell("applied", generation=said["generation"])
            return
        if said.get("outcome") == "superseded":  # it waited beside a newer one, which was published
            self.me.tell("superseded", generation=self.generation, status=status, committed=said["committed"], rules=[])
            return
        reasons = said.get("reasons", [])
        first = reasons[0] if reasons else {}
        self.me.tell("refused", generation=self.generation, status=status, committed=said.get("committed"),
                     rules=sorted({each["rule"] for each in reasons}), error=said.get("error"),
                     observed=first.get("observed"), limit=first.get("limit"), detail=first.get("detail"))

    def body(self, text):
        form = self.read_again()
        if form is None:
            return text.encode()
        if form == "nothing":
            return b""
        plan = region.plan(self.generation, self.count)
        plan["endpoints"] = {} if form == "no-endpoints" else {
            name: {**endpoint, "targets": []} for name, endpoint in plan["endpoints"].items()}
        return json.dumps(plan).encode()


def main():
    name, target, path, plans, count, locks = sys.argv[1:]
    kind, client = (PlainEnactor, PlainClient) if target == "plain" else (HoldfastEnactor, HoldfastClient)
    me = Participant(name)
    enactor = kind(me, client(path), region.PlanFolder(pathlib.Path(plans)), int(count))
    enactor.locks = locks == "lock"
    me.tell("ready")
    while True:
        order, *options = me.order()
        if order == "apply":
            enactor.apply(options)


if __name__ == "__main__":
    main()
