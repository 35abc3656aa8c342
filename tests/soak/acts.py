"""What happens in a soak, one after the other. Each act runs a flood of its own and is judged by it."""

import datetime
import http.client
import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

import content  # noqa: E402  (as those below: tools/bench is found by the line above)
from bench import accounting  # noqa: E402
from flood import Flood, lost_outside, start_of  # noqa: E402
from holdfast import process_status  # noqa: E402
from ledger import JUDGED, RACED  # noqa: E402
from world import LARGE_ENDPOINTS  # noqa: E402

TCP_RATE = 200  # questions a second, where only what is wrong counts
FLAT = 1.05  # the resident memory after N swaps, of that after N/10
# What is in use is nearly all of what grows with a leak. What is free besides is given back when it is 8 MiB more
# (server/heap_upkeep.cc), so of what is resident the first sample may come just after that, the last just before.
SLACK_OCTETS = {"used_octets": 1 << 20, "resident_octets": 12 << 20}
RECOVERY = 1.0  # seconds until everything is answered again
LIMITS = [[], ["prlimit", "--nofile=128:128", "--"], ["prlimit", "--nofile=1024:1024", "--"]]  # of lives
FAIR = 0.5  # of the share that others are answered of
ENOUGH_POISON = 100  # to tell a share of it


class Acts:
    def __init__(self, world, options, show):
        self.world, self.rate, self.out, self.show = world, options.rate, options.out, show
        self.results, self.samples, self.turn = [], [], 0

    def flood(self, seconds, rate=None, tcp=0.1, name="flood", html=None):
        self.turn += 1
        return Flood(self.world.folder, self.world.addresses, seconds, "-q", rate or self.rate, "--zipf", 0.9,
                     "--tcp", tcp, "--garbage", 0.05, name=name, seed=self.world.seed + self.turn, html=html)

    def judge(self, act, flood, windows=()):
        """Windows: when it was not, or need not have been, there."""
        result = flood.finish()
        ledger = self.world.ledger
        if "problem" in result:
            ledger.violate("the soak works", f"{act}: flood: {result['problem']}")
            return None
        for fault, count in result["faults"].items():
            if count:
                ledger.violate(f"no answer is {fault}", f"{act}: {count} of {result['answered']}")
        lost = lost_outside(result, windows)
        if lost:
            ledger.violate("nothing is lost", f"{act}: {lost} of {result['sent']}")
        summary = {"act": act, "seconds": round(result["seconds"], 1), "rate": result["rate"], "lost_outside": lost,
                   **{key: result[key] for key in ("sent", "answered", "lost", "faults")},
                   "swaps": len(result["swaps"]),
                   **{key: result["latency"][f"{key}_ns"] for key in ("p50", "p99", "p999", "max")}}
        self.results.append(summary)
        for key in ("sent", "answered", "lost"):
            ledger.count(f"questions {key}", result[key])
        self.world.check_alive()
        self.show(f"{act}: {result['answered']:,} answered, {result['lost']:,} lost, p99.9 "
                  f"{result['latency']['p999_ns'] / 1e6:.1f} ms")
        return result

    # Nobody disturbs.

    def rest(self, act):
        """What it has when nobody comes, a second after the last did."""
        world = self.world
        with world.quiet():
            time.sleep(1)
            swaps = self.check_given_back(act)
            self.check_files(act)
            # What malloc holds goes back a little later.
            time.sleep(1)
            sample = {"act": act, "at": round(time.monotonic() - world.ledger.begun, 1), "life": world.life,
                      "swaps": swaps, **world.possessions()}
        self.samples.append(sample)

    def check_given_back(self, act):
        """Returns how many swaps there were."""
        swaps = self.world.server.get("/v1/status").json["swaps"]
        if swaps["reclaims_pending"]:
            self.world.ledger.violate("old content is given back", f"{act}: {swaps}")
        return swaps["count"]

    def check_files(self, act):
        """The Enactor is at work, whatever it was given."""
        world = self.world
        generation = world.next_generation(content.WATCH)
        world.replace(world.plan_file, json.dumps(content.full(content.WATCH, generation)).encode())
        end = time.monotonic() + 10
        while world.server.served(content.WATCH) != generation and time.monotonic() < end:
            time.sleep(0.05)
        status = world.server.get("/v1/status").json
        served, enactor = world.server.served(content.WATCH), status["enactors"][0]
        if served != generation or enactor["crashes"] or enactor["state"] != "running":
            world.ledger.violate("an Enactor brings what is good", f"{act}: {served} of {generation}: {enactor}")

    def storm(self, seconds):
        """Everybody comes, nothing breaks: nothing is lost."""
        published = self.world.ledger.counts["published"]
        flood = self.flood(seconds, html=self.out / f"storm-{self.turn + 1}.html")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.world.check_alive()
            time.sleep(0.2)
        self.judge("storm", flood)
        if self.world.ledger.counts["published"] - published < seconds:
            self.world.ledger.violate("good plans are published", f"fewer than one a second in {seconds:.0f} s")
        self.rest("storm")

    def overload(self, seconds):
        """Far more than it can: who asks little is answered like the others, and all are, a second after. It has one
        processor meanwhile, so that it is more than it can wherever this runs."""
        processors = sorted(os.sched_getaffinity(0))
        self.world.give_processors(processors[:1])
        flood = self.flood(seconds + 3, 300, tcp=0, name="paced")
        time.sleep(1)
        asked, dropped = time.monotonic(), accounting.dropped(self.world.server.port)
        # As many sockets, whether they are of one family or two.
        sockets = 16 // len(self.world.addresses)
        heavy = Flood(self.world.folder, self.world.addresses, seconds, "-q", 2_000_000, "--sockets", sockets, "-T", 2,
                      name="heavy", seed=self.world.seed + self.turn)
        result, over = heavy.finish(), heavy.begun + seconds
        self.world.give_processors(processors)
        dropped = accounting.dropped(self.world.server.port) - dropped
        paced = self.judge("overload", flood, [(asked - 0.2, over + RECOVERY)])
        if paced is None or "problem" in result:
            self.world.ledger.violate("the soak works", f"overload: {result.get('problem')}")
            return
        sent, answered = self.check_shares(paced, result, asked + 0.5, over)
        if not dropped:
            self.world.ledger.violate("the soak works", "overload: the server had room for all that was asked")
        for fault, count in result["faults"].items():
            if count:
                self.world.ledger.violate(f"no answer is {fault}", f"overload: {count} of {result['answered']}")
        self.world.ledger.count("questions of the overload", result["sent"])
        self.world.ledger.count("questions of the overload that had no room", dropped)
        self.results[-1] |= {"heavy_sent": result["sent"], "heavy_answered": result["answered"],
                             "paced_during": [sent, answered], "dropped": dropped}

    def check_shares(self, paced, heavy, begin, end):
        """Of two results: what the one who asks little sent between the two times, and what was answered of it."""
        # What is answered too late for it was answered all the same.
        share = (heavy["answered"] + heavy["unasked"]) / max(1, heavy["sent"])
        start = start_of(paced)
        during = [moment for moment in paced["moments"] if begin < start + moment["at"] < end]
        sent, answered = (sum(moment[key] for moment in during) for key in ("sent", "answered"))
        if sent and answered < FAIR * share * sent:
            self.world.ledger.violate("it sheds fairly", f"{answered} of {sent} beside {share:.0%} of the others")
        return sent, answered

    def disk(self, seconds):
        """No room: plans are turned away, answers go on; and room again."""
        world, flood = self.world, self.flood(seconds)
        before = world.ledger.counts["503"]
        self.send_large((200, 503), "full disk", while_doing=world.fill_disk)
        # What the store gives up, so that it can write on, is taken at once.
        while flood.left() > seconds * 0.5:
            world.fill_disk()
            time.sleep(0.02)
        if world.ledger.counts["503"] == before:
            world.ledger.violate("what there is no room for is turned away", "full disk: nobody got 503")
        world.drain_disk()
        self.check_taken_again(10)
        world.is_short = False
        self.judge("full disk", flood)

    def check_taken_again(self, seconds):
        """At the latest after so many."""
        counts, end = self.world.ledger.counts, time.monotonic() + seconds
        published = counts["published"]
        while counts["published"] == published and time.monotonic() < end:
            time.sleep(0.05)
        if counts["published"] == published:
            self.world.ledger.violate("plans are taken again", f"{seconds} s after there was room again")

    def clocks(self, seconds, random):
        """The wall clock jumps, there and back."""
        world, flood = self.world, self.flood(seconds)
        # What is committed in the future is kept until then: no further than an hour.
        for jump in [3600, -86_400, 1800, random.randrange(-10_000_000, 0), 0]:
            published = world.ledger.counts["published"]
            world.set_clock(jump)
            world.ledger.count("clock jumps")
            time.sleep(max(2.4, seconds / 5))  # libfaketime looks once a second
            self.check_jumped(jump, published)
        self.judge("clock jumps", flood)

    def check_jumped(self, jump, published):
        """`published`: how many there were before."""
        world = self.world
        if world.ledger.counts["published"] == published:
            world.ledger.violate("plans are taken whatever the time", f"none after {jump:+} s")
        committed = datetime.datetime.fromisoformat(world.server.status(content.STORM)["committed_at"])
        ahead = (committed - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        if abs(ahead - jump) > 60:
            world.ledger.violate("the soak works", f"the clock is {ahead:+.0f} s from ours, not {jump:+} s")

    def kills(self, seconds, random):
        """kill -9 and a start, again and again, each life with limits of its own."""
        world, flood, windows = self.world, self.flood(seconds), []
        while flood.left() > 6:
            time.sleep(random.uniform(0.5, 3))
            killed = time.monotonic()
            world.kill()
            world.limits = random.choice(LIMITS)
            world.start()
            windows.append((killed, time.monotonic() + 0.3))
            with world.quiet():
                world.check_promises()
        self.judge("kills", flood, windows)
        world.limits = []

    def memory(self, seconds):
        """Too little memory for a large plan: it is turned away, answers go on."""
        world = self.world
        world.is_short = True
        world.restart()
        with world.quiet():
            used = int(process_status(world.server.pid, "VmData")[0]) * 1024
        for spare in (48, 24, 12, 6):
            world.restart(["prlimit", f"--data={used + (spare << 20)}", "--"])
            floods = self.floods_apart(seconds / 2)
            status = self.send_large((200, 503), "little memory")
            self.judge_apart("little memory", *floods)
            if status == 503:
                break
        else:
            world.ledger.violate("the soak works", "a large plan needed no memory")
        world.restart()
        floods = self.floods_apart(seconds)
        self.take_memory_away(time.monotonic() + seconds - 1)
        self.judge_apart("no memory", *floods)
        self.check_taken_again(10)
        with world.quiet():
            self.check_files("no memory")
            world.check_promises()
        world.is_short = False

    def floods_apart(self, seconds):
        """By UDP, which needs no memory, and by TCP, whose connections do."""
        return self.flood(seconds, tcp=0), self.flood(seconds, TCP_RATE, tcp=1, name="tcp")

    def judge_apart(self, act, by_udp, by_tcp):
        """What comes by TCP may be lost, but not be wrong."""
        self.judge(act, by_udp)
        self.judge(f"{act}, TCP", by_tcp, [(by_tcp.begun, by_tcp.begun + by_tcp.seconds)])

    def take_memory_away(self, until):
        """Now and then the server gets none at all: whatever of it asks then is told so."""
        world = self.world
        chance = random.Random(f"{world.seed}/memory")
        while time.monotonic() < until and world.is_found_alive():
            world.spare_memory(chance.choice((0, 0, 1 << 16, 1 << 20)))
            world.ledger.count("memory taken away")
            world.reload()
            time.sleep(min(chance.choice((0.1, 0.5, 2)), max(0, until - time.monotonic())))
            if world.is_found_alive():
                world.spare_memory(None)

    def send_large(self, statuses, act, while_doing=None):
        """Returns the status of the answer, which has to be one of those."""
        world = self.world
        body = json.dumps(content.large(world.next_generation(content.LARGE), LARGE_ENDPOINTS)).encode()
        if while_doing is not None:
            while_doing()
        try:
            reply = world.server.submit(body, content.LARGE)
        except (OSError, http.client.HTTPException) as error:
            # Short of memory it may hang up. Whether it lives is looked at.
            world.ledger.count(f"large plans, {act}: {type(error).__name__}")
            return 503
        world.ledger.count(f"large plans, {act}: {reply.status}")
        world.ledger.count("503", reply.status == 503)
        if reply.status not in statuses:
            world.ledger.violate("what there is no room for is turned away", f"{act}: {reply}")
        elif reply.status == 200:
            world.ledger.acknowledge(content.LARGE, reply.json["generation"])
        return reply.status

    # What came of it.

    def check_poison(self):
        """What another plan overtook was not looked at: it shows nothing."""
        judged, raced = (self.world.ledger.counts[each] for each in (JUDGED, RACED))
        if judged + raced >= ENOUGH_POISON and judged <= raced:
            self.world.ledger.violate("most poison is judged", f"{raced} of {judged + raced} was overtaken")

    def check_possessions(self):
        """Of each life that lasted: memory is flat, and nothing leaks."""
        for life in {sample["life"] for sample in self.samples}:
            mine = [sample for sample in self.samples if sample["life"] == life]
            last = mine[-1]
            early = [sample for sample in mine if sample["swaps"] >= last["swaps"] / 10][:1]
            if not early or early[0] is last:
                continue
            first = early[0]
            for what, slack in SLACK_OCTETS.items():
                if last[what] > max(FLAT * first[what], first[what] + slack):
                    self.world.ledger.violate("memory is flat", f"{what} {first[what]:,} after {first['swaps']} swaps, "
                                              f"{last[what]:,} after {last['swaps']}")
            for what in ("descriptors", "threads"):
                if last[what] > first[what]:
                    self.world.ledger.violate(f"no {what} leak", f"{first[what]}, then {last[what]}")
