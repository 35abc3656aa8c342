"""Clients, a process: asks for the endpoints of the region without a pause and judges every response.

Arguments: name, port, number of endpoints, seed, and what may not go back: `zone` (no response on a socket may be of an
older generation than one before, whatever was asked) or `endpoint` (only where the same endpoint was asked, all that
can be wished of a store that changes one endpoint at a time). Tells each change of the regional endpoint's answer, how
things stand now and then, and at the order `stop` what was seen in all.
"""

import os
import random
import socket
import sys
import time

import region
from participant import Participant

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import dns  # noqa: E402

SOCKETS = 4
KEPT = 10  # problems told in full
LOOK_UP_EVERY = 32  # queries between looks for an order, and at the clock
TELL_EVERY = 0.25  # seconds
PAUSE = {"endpoint": 0.0005, "zone": 0.0}  # seconds between queries: the plain store is slow, as it is in Python


class Clients:
    def __init__(self, me, port, count, seed, scope):
        self.me, self.names, self.scope = me, region.endpoints(count), scope
        self.random = random.Random(seed)
        self.queries = [dns.query(f"{name}.{region.ZONE}") for name in self.names]
        self.newest = [{} for _ in range(SOCKETS)]
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
        for sock in self.sockets:
            sock.settimeout(5)
            sock.connect(("127.0.0.1", port))
        self.asked, self.seen, self.shown = 0, set(), "nothing yet"
        self.problems = {"lost": 0, "malformed": 0, "empty": 0, "torn": 0, "older": 0}
        self.examples = []
        self.is_lost = False  # the last query: then orders are looked for at once, there may be nobody left

    def ask(self):
        self.asked += 1
        self.is_lost = False
        which = self.asked % SOCKETS
        regional = len(self.names) - 1
        number = regional if self.asked % 8 < SOCKETS else self.random.randrange(len(self.names))
        ident = (self.asked % 65536).to_bytes(2, "big")
        try:
            self.sockets[which].send(ident + self.queries[number][2:])
            octets = self.sockets[which].recv(65535)
        except OSError as error:
            self.is_lost = True
            self.problem("lost", number, repr(error))
            return
        generation = self.judge(which, number, ident, octets)
        if number == regional and generation != self.shown:
            self.shown = generation
            self.me.tell("sees", generation=generation)

    def judge(self, which, number, ident, octets):
        try:
            message = dns.parse(octets)
            if octets[:2] != ident or not message.qr or message.tc or message.rcode not in (dns.NOERROR, dns.NXDOMAIN):
                raise dns.Malformed(f"flags {message.flags:#x}")
            generation = region.generation_of(message.data("A"), number)
        except dns.Malformed as error:
            self.problem("malformed", number, str(error))
            return None
        except region.NotWhole as error:
            self.problem(str(error).split(":", 1)[0], number, str(error))
            return None
        self.seen.add(generation)
        before = self.newest[which]
        key = number if self.scope == "endpoint" else 0
        if generation < before.get(key, 0):
            self.problem("older", number, f"generation {generation} after {before[key]}")
        before[key] = max(generation, before.get(key, 0))
        return generation

    def problem(self, kind, number, text):
        self.problems[kind] += 1
        if len(self.examples) < KEPT:
            self.examples.append(f"query {self.asked}, {self.names[number]}: {text}")


def main():
    name, port, count, seed, scope = sys.argv[1:]
    me = Participant(name)
    clients = Clients(me, int(port), int(count), seed, scope)
    due = 0.0
    while True:
        clients.ask()
        if PAUSE[scope]:
            time.sleep(PAUSE[scope])
        if clients.asked % LOOK_UP_EVERY and not clients.is_lost:
            continue
        order = me.order()[0] if me.has_order() else None
        if order or time.monotonic() > due:
            due = time.monotonic() + TELL_EVERY
            me.tell("stopped" if order == "stop" else "so-far", asked=clients.asked, problems=clients.problems,
                    examples=clients.examples, generations=len(clients.seen), newest=max(clients.seen, default=0))
        if order == "stop":
            return


if __name__ == "__main__":
    main()
