"""A plain record store with a DNS front, a process: what a good DNS service offers, without fence and guard.

It holds records by name. A change is a list of steps (`require`, `delete`, `create`), done whole or not at all, and
isolated from all others: a transaction as strict as can be. Locks by name can be had, and are held until released or
until the connection of the holder closes. An endpoint's record says of which plan its addresses are; the addresses of a
plan are records of their own, so that endpoints are switched by changing one record and old plans stay at hand. So a
lock, transactions and an atomic switch of each endpoint are all there. What is not there is any comparison of what a
writer brings with what is in force.

Arguments: the path of the socket. Tells its UDP port as the event `ready`.
"""

import json
import os
import socket
import socketserver
import struct
import sys
import threading

import region
from participant import Participant

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import dns  # noqa: E402


class Store:
    def __init__(self):
        self._mutex = threading.Lock()
        self._records = {}
        self._locks = {}
        self._released = threading.Condition(self._mutex)

    def get(self, name):
        with self._mutex:
            return self._records.get(name)

    def change(self, steps):
        """None when all steps are done, else the step that could not be, and nothing is done."""
        with self._mutex:
            after = self._records.copy()
            for step in steps:
                name, record = step["name"], step.get("record")
                if step["do"] == "create":
                    after[name] = record
                elif name not in after or (record is not None and after[name] != record):
                    return {**step, "found": after.get(name)}
                elif step["do"] == "delete":
                    del after[name]
            self._records = after
            return None

    def names_ending(self, suffix):
        with self._mutex:
            return [name for name in self._records if name.endswith(suffix)]

    def lock(self, name, holder):
        with self._released:
            self._released.wait_for(lambda: name not in self._locks)
            self._locks[name] = holder

    def unlock(self, name, holder):
        with self._released:
            if self._locks.get(name) == holder:
                del self._locks[name]
                self._released.notify_all()

    def forget_holder(self, holder):
        with self._released:
            self._locks = {name: each for name, each in self._locks.items() if each != holder}
            self._released.notify_all()

    def answer(self, endpoint):
        """The addresses that the endpoint has at this moment."""
        with self._mutex:
            switched_to = self._records.get(endpoint)
            return self._records.get(f"{endpoint}@{switched_to}", []) if switched_to else None


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        store, holder = self.server.store, id(self)
        try:
            for line in self.rfile:
                self.wfile.write(json.dumps(self._do(store, holder, json.loads(line))).encode() + b"\n")
        except ConnectionError:
            pass
        finally:
            store.forget_holder(holder)

    @staticmethod
    def _do(store, holder, request):
        kind = request["op"]
        if kind == "get":
            return store.get(request["name"])
        if kind == "change":
            return store.change(request["steps"])
        if kind == "names":
            return store.names_ending(request["suffix"])
        return store.lock(request["name"], holder) if kind == "lock" else store.unlock(request["name"], holder)


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path, store):
        self.store = store
        super().__init__(path, Handler)


def serve_dns(sock, store):
    zone = f".{region.ZONE}."
    while True:
        octets, client = sock.recvfrom(4096)
        try:
            question = dns.parse(octets).question[0]
        except (dns.Malformed, IndexError):
            continue
        name = question[0].lower()
        found = store.answer(name.removesuffix(zone)) if name.endswith(zone) else None
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 4) + socket.inet_aton(each)
                           for each in found or [])
        ident, flags = octets[:2], 0x8400 | (dns.NXDOMAIN if found is None else dns.NOERROR)
        header = ident + struct.pack("!5H", flags, 1, len(found or []), 0, 0)
        asked = dns.encode_name(name) + struct.pack("!2H", *question[1:])
        sock.sendto(header + asked + records, client)


def main():
    me, store = Participant("store"), Store()
    server = Server(sys.argv[1], store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    threading.Thread(target=serve_dns, args=(sock, store), daemon=True).start()
    me.tell("ready", port=sock.getsockname()[1])
    while True:
        me.order()


if __name__ == "__main__":
    main()
