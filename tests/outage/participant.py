"""What the processes of the sequence have in common: orders come in by standard input, events go out by standard
output, one line of JSON for each. Times are of the machine's monotonic clock, so that those of several processes
compare."""

import json
import os
import select
import signal
import sys
import time


class Participant:
    def __init__(self, name):
        self.name = name
        self._buffer = b""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever directs ends it, by end of input

    def tell(self, did, **more):
        line = json.dumps({"t": time.monotonic(), "who": self.name, "did": did, **more})
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def order(self):
        """The next order as a list of words; ends the process at the end of input."""
        while b"\n" not in self._buffer:
            part = os.read(0, 65536)
            if not part:
                sys.exit(0)
            self._buffer += part
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode().split()

    def has_order(self):
        return b"\n" in self._buffer or bool(select.select([0], [], [], 0)[0])

    def wait_for(self, word):
        """At a delay: until the order comes that lets it go on."""
        while True:
            if self.order()[0] == word:
                return
