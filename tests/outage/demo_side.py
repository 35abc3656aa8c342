"""One side of the demo: what a person is told of a run, made from the events of its processes."""

import dataclasses

import region
import verdict

PLAIN, DIM, GOOD, BAD, NOTE, STRONG = "", "dim", "good", "bad", "note", "strong"
TITLES = {verdict.PLAIN: "A PLAIN STORE", verdict.HOLDFAST: "HOLDFAST"}
MEANS = {verdict.PLAIN: "no fence, no guard", verdict.HOLDFAST: "fence and guard"}


@dataclasses.dataclass
class Line:
    """A line of the timeline."""

    at: float  # seconds since the beginning
    text: str
    style: str
    rank: int  # 2 must be seen, 1 should be, 0 where there is room


def called(who):
    return who.capitalize().replace("-", " ") if who.startswith("enactor") else who.capitalize()


class Side:
    def __init__(self, target, begun):
        self.target, self.begun = target, begun
        self.in_force, self.answers, self.newest_answer = 0, None, 0
        self.planned = 0
        self.asked, self.failed, self.older = 0, 0, 0
        self.enactors = {f"enactor-{number}": ("starts", DIM) for number in (1, 2, 3)}
        self.clean_up = ("not called yet", DIM)
        self.log = []
        self.wedged_by, self.stuck_at = 0, 0
        self.refusal = None
        self.waits = set()  # Enactors whose check is long ago

    def take(self, event):
        """Notes an event; the lines of the timeline that it makes."""
        before = len(self.log)
        handler = getattr(self, "_" + event["did"].replace("-", "_"), None)
        if handler:
            handler(event)
        return self.log[before:]

    def _say(self, event, text, style, rank):
        self.log.append(Line(event["t"] - self.begun, text, style, rank))

    def _enactor(self, event, text, style):
        self.enactors[event["who"]] = (text, style)

    # One for each kind of event.

    def _ready(self, event):
        if event["who"] in self.enactors:
            self._enactor(event, "waits for a plan", DIM)

    def _planned(self, event):
        self.planned = event["generation"]

    def _checked(self, event):
        self._enactor(event, f"applies {event['generation']}", PLAIN)
        if not self.wedged_by:
            self._say(event, f"{called(event['who'])}: {event['generation']} above {event['in_force']}, ok", DIM, 0)

    def _delayed(self, event):
        self.waits.add(event["who"])
        self._enactor(event, f"has {event['generation']}, checked, DELAYED", NOTE)
        self._say(event, f"{called(event['who'])} is delayed, with {event['generation']}", NOTE, 2)

    def _applied(self, event):
        generation, late = event["generation"], event["who"] in self.waits
        self.waits.discard(event["who"])
        self.in_force = max(self.in_force, generation)
        if late:
            self._enactor(event, f"WROTE {generation} OVER {self.in_force}", BAD)
            self._say(event, f"{called(event['who'])} WRITES {generation} OVER {self.in_force}", BAD, 2)
        else:
            self._enactor(event, f"applied {generation}", GOOD)
            self._say(event, f"{called(event['who'])}: {generation} is applied", GOOD, 1)

    def _refused(self, event):
        rule = event["rules"][0] if event["rules"] else event["error"]
        if event["who"] not in self.waits:  # two brought the same plan: the first has applied it
            self._enactor(event, f"{event['generation']} is in force already", DIM)
            return
        self.waits.discard(event["who"])
        self.refusal = event
        self._enactor(event, f"{event['generation']} REFUSED: {event['committed']} is newer", GOOD)
        self._say(event, f"{called(event['who'])}: {event['generation']} is REFUSED", GOOD, 2)
        self._say(event, f" {rule}: {event['limit']}", GOOD, 2)

    def _skipped(self, event):
        self._enactor(event, f"{event['generation']} is in force already", DIM)

    def _stuck(self, event):
        if self.stuck_at != event["generation"]:  # of two with the same plan one is enough
            self._say(event, f"{event['generation']} CANNOT BE APPLIED: {event['missing']} gone", BAD, 2)
        self.wedged_by, self.stuck_at = event["missing"], event["generation"]
        self._enactor(event, f"{event['generation']} FAILS: {event['missing']} is gone", BAD)

    def _found(self, event):
        self.clean_up = (f"found {len(event['generations'])} old plans", PLAIN)
        self._say(event, f"Clean-up finds {len(event['generations'])} old plans", DIM, 0)

    def _deleted(self, event):
        span = f"{event['generations'][0]} to {event['generations'][-1]}"
        self.clean_up = (f"deleted {span}", PLAIN)
        self._say(event, f"Clean-up deletes {span}", NOTE, 2)

    def _sees(self, event):
        generation = event["generation"]
        if generation == self.answers:
            return
        self.answers = generation
        if not isinstance(generation, int):
            self._say(event, f"{region.REGIONAL} HAS NO ADDRESSES", BAD, 2)
        elif generation < self.newest_answer:
            self._say(event, f"{region.REGIONAL} goes BACK to {generation}", BAD, 2)
        else:
            self.newest_answer = generation
            self._say(event, f"{region.REGIONAL} answers from {generation}", DIM, 0)

    def _so_far(self, event):
        problems = event["problems"]
        self.asked, self.older = event["asked"], problems["older"]
        self.failed = sum(problems.values()) - problems["older"]

    _stopped = _so_far

    def _clock(self, event):
        state = "it answers" if isinstance(event["generation"], int) else "no addresses"
        self._say(event, f"{event['at']} PDT: {state}", NOTE, 2)

    def _repaired(self, event):
        self._say(event, f"People point {region.REGIONAL} to {event['generation']}", NOTE, 2)

    # The state, as rows of a label, a text and a style.

    def rows(self):
        out = [("in force", f"{self.in_force} of {self.planned} planned" if self.in_force else "nothing yet", STRONG)]
        if self.answers is None and not self.newest_answer:
            out.append((region.REGIONAL, "nobody asks yet", DIM))
        elif not isinstance(self.answers, int):
            out.append((region.REGIONAL, "NO ADDRESSES", BAD))
        elif self.answers < self.newest_answer:
            out.append((region.REGIONAL, f"4 addresses of {self.answers}: OLD", BAD))
        else:
            out.append((region.REGIONAL, f"4 addresses of plan {self.answers}", GOOD))
        wrong = (self.failed, "EMPTY") if self.failed else (self.older, "OLDER")
        if wrong[0]:
            out.append(("clients", f"{wrong[0]:,} of {self.asked:,} {wrong[1]}", BAD))
        elif self.asked:
            out.append(("clients", f"{self.asked:,} asked, all well", GOOD))
        else:
            out.append(("clients", "none yet", DIM))
        out += [(called(who), *state) for who, state in self.enactors.items()]
        out.append(("Clean-up", *self.clean_up))
        return out
