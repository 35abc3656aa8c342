"""Clients that a DNS server meets on the Internet, by TCP, and that its control API and metrics meet within."""

import contextlib
import socket
import struct
import time

import content
import dns
from actors import Actor
from holdfast import HAS_IPV6

# Theirs, with how many are open at most: limits are for each client, and more than those of one. From ::1 the flood
# comes, too, which is owed room.
MOST_OPEN = {f"127.0.0.{last}": 60 for last in range(66, 70)} | ({"::1": 30} if HAS_IPV6 else {})
MOST_OPEN_WITHIN = 10  # of the control API and of the metrics: there nobody has to make room for others


class Pests(Actor):
    """Each turn another one of them; none goes before it has to, but from within when everybody is quiet."""

    def __init__(self, world, name, per_second):
        super().__init__(world, name, per_second)
        self.open = {address: [] for address in MOST_OPEN}
        self.within = []
        self.ways = [self.say_nothing, self.say_half, self.say_it_slowly, self.never_read, self.talk_nonsense,
                     self.announce_nothing, self.hang_up, self.come_in_numbers, self.come_from_everywhere,
                     self.say_half_a_head, self.never_read_replies]

    def turn(self):
        way = self.random.choice(self.ways)
        with contextlib.suppress(OSError):
            way()
        self.world.ledger.count("pests")
        for address, most in MOST_OPEN.items():
            self.keep(self.open[address], most)
        self.keep(self.within, MOST_OPEN_WITHIN)

    def leave(self):
        self.keep(self.within, 0)

    @staticmethod
    def keep(clients, most):
        while len(clients) > most:
            clients.pop(0).close()

    def connect(self, address=None):
        address = address or self.random.choice(list(MOST_OPEN))
        family, server = (socket.AF_INET6, "::1") if ":" in address else (socket.AF_INET, "127.0.0.1")
        client = socket.socket(family, socket.SOCK_STREAM)
        self.open[address].append(client)
        client.settimeout(1)
        client.bind((address, 0))
        client.connect((server, self.world.server.port))
        client.setblocking(False)
        return client

    def connect_within(self):
        """To the control API or the metrics, and a path there that says much."""
        family, server, path = self.random.choice([
            (socket.AF_UNIX, str(self.world.server.control), f"/v1/zones/{content.STORM}/plans?limit=1000"),
            (socket.AF_INET, ("127.0.0.1", self.world.server.metrics_port), "/metrics")])
        client = socket.socket(family, socket.SOCK_STREAM)
        self.within.append(client)
        client.settimeout(1)
        client.connect(server)
        client.setblocking(False)
        return client, f"GET {path} HTTP/1.1\r\nHost: soak\r\n\r\n".encode()

    def question(self):
        return dns.query(f"ep0.{content.STORM}", ident=self.random.randrange(65536))

    def framed(self):
        message = self.question()
        return struct.pack("!H", len(message)) + message

    def say_nothing(self):
        self.connect()

    def say_half(self):
        message = self.framed()
        self.connect().send(message[:self.random.randrange(1, len(message))])

    def say_it_slowly(self):
        client = self.connect()
        for octet in self.framed():
            client.send(bytes([octet]))
            time.sleep(0.002)

    def never_read(self):
        client, message = self.connect(), self.framed()
        for _ in range(300):
            client.send(message * 20)

    def talk_nonsense(self):
        self.connect().send(self.random.randbytes(self.random.randrange(1, 5000)))

    def announce_nothing(self):
        self.connect().send(b"\0\0" + self.framed() + b"\xff\xff")

    def hang_up(self):
        client = self.connect()
        client.send(self.framed())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # RST

    def come_in_numbers(self):
        address = self.random.choice(list(MOST_OPEN))
        for _ in range(MOST_OPEN[address]):
            self.connect(address)

    def come_from_everywhere(self):
        """More than there is room for, even if each has no more than it may."""
        for address, most in MOST_OPEN.items():
            with contextlib.suppress(OSError):
                for _ in range(most):
                    self.connect(address)

    def say_half_a_head(self):
        client, request = self.connect_within()
        client.send(request[:self.random.randrange(1, len(request) - 1)])

    def never_read_replies(self):
        client, request = self.connect_within()
        for _ in range(20):
            client.send(request * 10)
