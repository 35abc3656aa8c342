"""How an Enactor and the clean-up talk to what they write to."""

import http.client
import json
import socket

import region

IN_FORCE = "@in-force"  # the plain store's record of the plan that was last written everywhere


def is_many(generation, applied, many):
    """Whether a plan is many generations older than the one that was applied."""
    return generation + many <= applied


class PlainClient:
    """A connection to the plain store."""

    def __init__(self, path):
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.settimeout(30)
        self._sock.connect(path)
        self._stream = self._sock.makefile("rwb")

    def _call(self, **request):
        self._stream.write(json.dumps(request).encode() + b"\n")
        self._stream.flush()
        return json.loads(self._stream.readline())

    def get(self, name):
        return self._call(op="get", name=name)

    def change(self, *steps):
        return self._call(op="change", steps=steps)

    def lock(self, name):
        self._call(op="lock", name=name)

    def unlock(self, name):
        self._call(op="unlock", name=name)

    def in_force(self):
        return self.get(IN_FORCE) or 0

    def delete_plan(self, generation):
        """Deletes the plan's records from the store."""
        names = self._call(op="names", suffix=f"@plan-{generation}")
        return self.change(*[{"do": "delete", "name": name} for name in names])


class HoldfastClient:
    """holdfastd's control API, over a Unix socket, one connection for each request."""

    def __init__(self, path):
        self._path = path

    def request(self, method, path, body=b"", kind="application/json", halfway=None):
        """Status and document. `halfway` is called when all but the last octet of the body is sent."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(60)
            sock.connect(self._path)
            head = (f"{method} {path} HTTP/1.1\r\nHost: holdfast\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
            sock.sendall(head + body[:-1])
            if halfway:
                halfway()
            if body:
                sock.sendall(body[-1:])
            response = http.client.HTTPResponse(sock, method=method)
            response.begin()
            text = response.read()
            return response.status, json.loads(text) if text else {}

    def in_force(self):
        return self.request("GET", f"/v1/zones/{region.ZONE}")[1]["served"]

    def submit(self, body, halfway=None):
        return self.request("POST", f"/v1/zones/{region.ZONE}/plans", body, halfway=halfway)

    def delete_plan(self, generation):
        """There is no such request. A clean-up that tries is told so, and nothing goes."""
        return self.request("DELETE", f"/v1/zones/{region.ZONE}/plans/{generation}")[0]
