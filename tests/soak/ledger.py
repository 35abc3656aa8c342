"""What was promised, and what was broken. Any thread."""

import collections
import threading
import time

SURELY_KEPT = 40  # of history.keep
JUDGED, RACED = "poison, judged", "poison, raced"


class Ledger:
    """What the server acknowledged, and each time that it did otherwise than it must."""

    def __init__(self):
        self._lock = threading.Lock()
        self._acknowledged = collections.defaultdict(list)  # by zone: generations, rising
        self._known = collections.defaultdict(set)  # the same
        self.counts = collections.Counter()
        self.violations, self.begun = [], time.monotonic()

    def count(self, what, number=1):
        with self._lock:
            self.counts[what] += number

    def violate(self, rule, text):
        with self._lock:
            at = round(time.monotonic() - self.begun, 3)
            self.violations.append({"at": at, "rule": rule, "what": str(text)[:600]})

    def acknowledge(self, zone, generation):
        """A plan whose sender was told that it is published."""
        with self._lock:
            is_again = generation in self._known[zone]
            self._known[zone].add(generation)
            self._acknowledged[zone].append(generation)
            self.counts["published"] += 1
        if is_again:
            self.violate("a generation is published once", f"{zone}: {generation}")

    def is_acknowledged(self, zone, generation):
        with self._lock:
            return generation in self._known[zone]

    def acknowledged(self, zone):
        with self._lock:
            return list(self._acknowledged[zone])

    def newest(self, zone):
        with self._lock:
            return max(self._acknowledged[zone], default=0)

    def check_after_crash(self, zone, committed, listed):
        """`committed`: what the server holds after a restart; `listed`: the generations that its history lists as
        published, the newest first. Of old ones it keeps some, as last-known-good."""
        promised = self.acknowledged(zone)
        if promised and committed < max(promised):
            self.violate("acknowledged plans survive", f"{zone}: {max(promised)} was promised, {committed} is there")
        oldest = listed[:SURELY_KEPT][-1] if listed else 0
        missing = [each for each in promised if each >= oldest and each not in set(listed)]
        if missing:
            self.violate("acknowledged plans survive", f"{zone}: the history lacks {missing[:10]}")
