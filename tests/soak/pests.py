"""Clients that a DNS server meets on the Internet, by TCP."""

import contextlib
import socket
import struct
import time

import content
import dns
from actors import Actor

ADDRESS = "127.0.0.66"  # theirs: limits are for each client
MOST_OPEN = 150


class Pests(Actor):
    """Each turn another one of them; none goes before it has to."""

    def __init__(self, world, name, per_second):
        super().__init__(world, name, per_second)
        self.open = []
        self.ways = [self.say_nothing, self.say_half, self.say_it_slowly, self.never_read, self.talk_nonsense,
                     self.announce_nothing, self.hang_up, self.come_in_numbers]

    def turn(self):
        way = self.random.choice(self.ways)
        with contextlib.suppress(OSError):
            way()
        self.world.ledger.count("pests")
        while len(self.open) > MOST_OPEN:
            self.open.pop(0).close()

    def connect(self):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.open.append(client)
        client.settimeout(1)
        client.bind((ADDRESS, 0))
        client.connect(("127.0.0.1", self.world.server.port))
        client.setblocking(False)
        return client

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
        for _ in range(60):
            self.connect()
