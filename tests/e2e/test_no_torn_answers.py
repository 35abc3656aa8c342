"""I2 and I3 under load: thirty seconds of queries while plans change every endpoint fifty times."""

import socket
import threading
import time

import dns
import holdfast
from holdfast import ZONE, endpoint, full, stamped

ENDPOINTS = 60
PLANS = 50
SECONDS = 30
TARGETS = 4


def plan(generation):
    targets = [stamped(generation, target) for target in range(TARGETS)]
    return full(generation, {f"ep{i}": endpoint(*targets) for i in range(ENDPOINTS)})


class Watcher(threading.Thread):
    """Asks one name after another on one socket, and notes every answer that is missing, not whole or older
    than one before."""

    def __init__(self, server, tcp, stop):
        super().__init__()
        self.server, self.tcp, self.stop = server, tcp, stop
        self.asked, self.problems, self.seen = 0, [], set()

    def run(self):
        kind = socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.settimeout(5)
            sock.connect(("127.0.0.1", self.server.port))
            last = 0
            while not self.stop.is_set() and len(self.problems) < 5:
                last = self._ask(sock, last)

    def _ask(self, sock, last):
        self.asked += 1
        message = dns.query(f"ep{self.asked % ENDPOINTS}.{ZONE}", ident=self.asked % 65536)
        try:
            if self.tcp:
                sock.sendall(len(message).to_bytes(2, "big") + message)
                octets = dns.receive_exactly(sock, int.from_bytes(dns.receive_exactly(sock, 2), "big"))
            else:
                sock.send(message)
                octets = sock.recv(65535)
            answer = dns.parse(octets)
            assert answer.ident == self.asked % 65536
        except (OSError, AssertionError, dns.Malformed) as error:
            self.problems.append(f"query {self.asked}: {error!r}")
            return last
        addresses = answer.data("A")
        parts = [list(map(int, a.split("."))) for a in addresses]
        generations = {p[2] << 8 | p[3] for p in parts}
        if len(addresses) != TARGETS or len(generations) != 1 or len({p[1] for p in parts}) != TARGETS:
            self.problems.append(f"query {self.asked}: torn or empty: rcode {answer.rcode} {addresses}")
            return last
        generation = generations.pop()
        if generation < last:
            self.problems.append(f"query {self.asked}: generation {generation} after {last}")
        self.seen.add(generation)
        return generation


def test_no_answer_is_lost_empty_torn_or_older_while_fifty_plans_are_pushed(server):
    server.publish(plan(1), query="allow=bogus-target&reason=test")
    stop = threading.Event()
    watchers = [Watcher(server, tcp, stop) for tcp in (False, False, True)]
    for watcher in watchers:
        watcher.start()
    try:
        begun = time.monotonic()
        for generation in range(2, PLANS + 2):
            server.publish(plan(generation))
            time.sleep(max(0.0, begun + (generation - 1) * SECONDS / PLANS - time.monotonic()))
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join(30)
    assert [watcher.problems for watcher in watchers] == [[], [], []]
    assert all(watcher.asked > PLANS for watcher in watchers)
    assert len(set().union(*(watcher.seen for watcher in watchers))) > PLANS // 2
    assert server.served() == PLANS + 1
