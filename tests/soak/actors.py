"""Who comes to the server in a soak, each on a thread of its own, with a seed of its own."""

import contextlib
import http.client
import json
import random
import threading
import time

import content
from content import BACK, PARTS, STORM, WATCH
from ledger import JUDGED, RACED

ACCEPTABLE_RACE = {"stale-generation", "base-mismatch"}
SAME_GENERATION = 0.3  # of the plans of a zone that several bring


class Actor(threading.Thread):
    """Takes turns until it is told to stop. What it does is drawn from the run's seed and its name: the same seed
    makes the same decisions, as far as the answers are the same."""

    def __init__(self, world, name, per_second):
        super().__init__(name=name, daemon=True)
        self.world, self.pause = world, 1 / per_second
        self.random = random.Random(f"{world.seed}/{name}")

    def run(self):
        while not self.world.stopping.is_set():
            begun = time.monotonic()
            try:
                with self.world.playing():
                    self.turn()
            except Exception as error:  # pylint: disable=broad-except
                self.world.ledger.violate("the soak works", f"{self.name}: {error!r}")
            # Not evenly: automation is not.
            left = begun + self.pause * self.random.uniform(0.5, 1.5) - time.monotonic()
            self.world.stopping.wait(max(0, left))

    def turn(self):
        raise NotImplementedError

    def leave(self):
        """When nobody takes a turn: gives back what it holds of the server that the server need not take back soon."""

    def send(self, method, path, body=None, content_type="application/json"):
        """The reply; None where the server was away, which is a violation where it should have been there."""
        life = self.world.life
        try:
            return self.world.server.request(method, path, body, {"Content-Type": content_type})
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Where the server is short of memory it may hang up; and on who sends too much and stands still.
            is_excused = self.world.is_short or isinstance(error, BrokenPipeError) and len(body or b"") > 10 << 20
            if self.world.life == life and self.world.is_up and not is_excused:
                self.world.ledger.violate("the control API answers", f"{self.name}: {method} {path}: {error!r}")
            self.world.ledger.count("away")
            return None

    def submit(self, zone, document):
        """A good plan. Returns the rules that refused it; None where it was published, or got no verdict."""
        reply = self.send("POST", f"/v1/zones/{zone}/plans", json.dumps(document).encode())
        if reply is None or self.is_excused(reply):
            return None
        outcome = reply.json.get("outcome")
        if outcome == "published":
            self.world.ledger.acknowledge(zone, reply.json["generation"])
        elif outcome == "superseded":
            self.world.ledger.count("superseded")
        elif outcome == "refused":
            return reply.rules
        else:
            self.world.ledger.violate("good plans are published", f"{zone}: {reply}")
        return None

    def is_excused(self, reply):
        """A server that cannot keep a plan says so, and that it should come again."""
        if reply.status != 503:
            return False
        self.world.ledger.count("503")
        if not self.world.is_short and "wait" not in reply.text:
            self.world.ledger.violate("good plans are published", f"{self.name}: {reply}")
        if "Retry-After" not in reply.headers:
            self.world.ledger.violate("503 says when to come again", f"{self.name}: {reply}")
        return True

    def expect(self, zone, found, allowed=()):
        """`found`: what submit() returned."""
        if found and not found <= set(allowed):
            self.world.ledger.violate("good plans are published", f"{self.name}: {zone}: {sorted(found)}")

    def poison(self, zone, kind, new, old):
        poison = content.POISONS[kind](zone, new, old, self.random)
        reply = self.send("POST", f"/v1/zones/{zone}/plans", poison.body, poison.content_type)
        if reply is None or self.is_excused(reply):
            return
        right = reply.status in poison.statuses and (not poison.rules or reply.rules & poison.rules)
        raced = reply.rules and reply.rules <= ACCEPTABLE_RACE or '"superseded"' in reply.text
        if not right and raced:
            self.world.ledger.count(RACED)
            return
        self.world.ledger.count(JUDGED)
        self.world.ledger.count(f"poison: {kind}")
        if not right:
            self.world.ledger.violate("poison is refused with the right rule", f"{poison.kind}: {reply}")


class Storm(Actor):
    """One of several Enactors of a zone: full plans, deltas, old ones, poison. Mostly they take turns with generations,
    so that many plans are published; now and then each takes the one after the newest, as others may just then."""

    def turn(self):
        world, chance = self.world, self.random.random()
        old = world.ledger.newest(STORM)
        if chance < 0.35:
            self.poison(STORM, self.random.choice(list(content.POISONS)), world.next_generation(STORM), old)
            return
        takes_turns = self.random.random() >= SAME_GENERATION
        new = world.next_generation(STORM) if takes_turns else old + 1
        if chance < 0.5 and old:
            document = content.delta(STORM, old, new, content.names(STORM))
        else:
            if chance > 0.9:
                time.sleep(self.random.uniform(0, 0.3))  # what it is about to send grows old
            document = content.full(STORM, new)
        found = self.submit(STORM, document | {"source": self.name})
        self.expect(STORM, found, ACCEPTABLE_RACE)
        if found and not takes_turns and world.ledger.is_acknowledged(STORM, new):
            world.ledger.count("plans of a generation that another took")


class Parts(Actor):
    """Changes one endpoint after the other."""

    def turn(self):
        status = self.send("GET", f"/v1/zones/{PARTS}")
        if status is None or status.status != 200:
            return
        base = status.json["committed"]
        new = max(base, self.world.ledger.newest(PARTS)) + 1
        if base == 0:
            self.expect(PARTS, self.submit(PARTS, content.full(PARTS, new)))
        elif self.random.random() < 0.2:
            # Of a full plan's poison the base would be none.
            self.poison(PARTS, "stale", new, base)
        else:
            name = self.random.choice(content.names(PARTS))
            self.expect(PARTS, self.submit(PARTS, content.delta(PARTS, base, new, [name])))


class Person(Actor):
    """Lets automation go on, goes back, freezes and thaws."""

    def __init__(self, world, name, per_second):
        super().__init__(world, name, per_second)
        self.has_frozen = False  # and was told so
        self.stamps = {}  # by generation: those of the content, which a rollback keeps

    def turn(self):
        status = self.send("GET", f"/v1/zones/{BACK}")
        if status is None or status.status != 200:
            return
        committed, frozen = status.json["committed"], status.json["frozen"]
        document = content.full(BACK, committed + 1)
        if self.has_frozen and not frozen:
            self.world.ledger.violate("a freeze holds", f"it is gone: {status.text}")
            self.has_frozen = False
        elif frozen:
            self.check_frozen(document)
            self.has_frozen = False
            self.send("POST", f"/v1/zones/{BACK}/thaw?reason=soak")
        elif self.random.random() < 0.3 and committed:
            self.go_back(committed)
        elif self.random.random() < 0.2:
            reply = self.send("POST", f"/v1/zones/{BACK}/freeze?reason=soak")
            self.has_frozen = reply is not None and reply.status == 200
            self.world.ledger.count("freezes", self.has_frozen)
        else:
            self.stamps[committed + 1] = committed + 1
            self.expect(BACK, self.submit(BACK, document))

    def check_frozen(self, document):
        life = self.world.life
        reply = self.send("POST", f"/v1/zones/{BACK}/plans", json.dumps(document).encode())
        # A freeze that was never acknowledged need not stand after a crash, and status is not its acknowledgement.
        if reply is not None and self.world.life == life and not self.is_excused(reply) and reply.status != 423:
            self.world.ledger.violate("a freeze holds", reply)

    def go_back(self, committed):
        kept = [each for each in self.world.ledger.acknowledged(BACK)[-10:] if each < committed]
        if not kept:
            return
        to, life = self.random.choice(kept), self.world.life
        reply = self.send("POST", f"/v1/zones/{BACK}/rollback?to={to}&reason=soak")
        if reply is None or self.is_excused(reply):
            return
        if reply.status != 200:
            self.world.ledger.violate("old content comes back", reply)
            return
        self.world.ledger.acknowledge(BACK, reply.json["generation"])
        self.world.ledger.count("rollbacks")
        self.stamps[reply.json["generation"]] = stamp = self.stamps.get(to, to)
        with contextlib.suppress(OSError):
            if (seen := self.world.stamp(BACK)) != stamp & 0xffff and self.world.life == life:
                self.world.ledger.violate("old content comes back", f"{seen} is served, not {stamp}: {reply.text}")


class Files(Actor):
    """Puts plans, and what is none, where an Enactor of the server looks for them."""

    def turn(self):
        body = json.dumps(content.full(WATCH, self.world.next_generation(WATCH))).encode()
        if self.random.random() < 0.3:
            body = body[:self.random.randrange(len(body))]
        if self.random.random() < 0.2:
            self.world.plan_file.write_bytes(body)  # torn, where it is looked at just then
        else:
            self.world.replace(self.world.plan_file, body)
        self.world.ledger.count("files")
