"""Many TCP clients, and bad ones, against the real server: nobody else may notice."""

import os
import re
import resource
import selectors
import socket
import struct
import time

import dns
import pytest
from holdfast import ZONE, full, endpoint, wait_for

NAME = f"dynamodb.{ZONE}"
MANY = 5000


@pytest.fixture(scope="module", autouse=True)
def descriptors():
    """The clients of a test take one each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"only {hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def events(server):
    found = re.findall(r'holdfast_tcp_connections_total\{event="([a-z-]+)"\} (\d+)', server.metrics())
    return {event: int(count) for event, count in found}


def framed(message):
    return struct.pack("!H", len(message)) + message


def connect_all(server, count):
    """Opens connections without waiting for each."""
    sockets = []
    for _ in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", server.port))
        sockets.append(sock)
    return sockets


def open_files(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def flood(server, keep_below):
    """5,000 connections come while UDP and fresh TCP clients ask; every one of those is answered."""
    sockets = []
    try:
        while len(sockets) < MANY:
            sockets += connect_all(server, 250)
            assert server.ask("dynamodb").answer
            assert open_files(server) <= keep_below
        assert server.ask("dynamodb", tcp=True, address="127.0.0.1").answer
        for _ in range(50):
            assert server.ask("dynamodb").answer
        assert server.get("/v1/status").status == 200
        assert events(server)["evicted"] > 0
    finally:
        for sock in sockets:
            sock.close()


@pytest.fixture
def limited(make_server):
    """A server that the system lets have 600 files open."""
    server = make_server(start=False, limits={"tcp-connections": MANY, "tcp-connections-per-client": MANY})
    server.wrapper = ["prlimit", "--nofile=600:600"]
    server.start().add_zone()
    server.publish(full(1, {"dynamodb": endpoint("192.0.2.1")}))
    return server


def test_more_connections_than_open_files_starve_nobody(limited):
    assert "allows fewer TCP connections than limits.tcp-connections" in limited.log()
    flood(limited, keep_below=560)


def test_connections_of_the_metrics_count_in_what_open_files_leave_to_clients(make_server):
    left = []
    for metrics in (10, 60):
        limits = {"tcp-connections": MANY, "metrics-connections": metrics}
        server = make_server(start=False, limits=limits)
        server.wrapper = ["prlimit", "--nofile=600:600"]
        told = re.search(r"allows fewer TCP connections.*used=(\d+)", server.start().log())
        left.append(int(told.group(1)))
    assert left[0] - left[1] == 50


def test_running_out_of_open_files_makes_room_and_starves_nobody(make_server):
    server = make_server(limits={"tcp-connections": MANY, "tcp-connections-per-client": MANY}).add_zone()
    server.publish(full(1, {"dynamodb": endpoint("192.0.2.1")}))
    below = open_files(server) + 300
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (below, below))
    sockets = []
    try:
        while len(sockets) < 1500:
            sockets += connect_all(server, 100)
            assert server.ask("dynamodb").answer
        assert server.ask("dynamodb", tcp=True).answer
        assert events(server)["evicted"] > 0
    finally:
        for sock in sockets:
            sock.close()


def answered_by_tcp(server):
    """False while the server has not seen yet that others went."""
    try:
        return bool(server.ask("dynamodb", tcp=True).answer)
    except OSError:
        return False


def test_one_client_cannot_take_all_places(make_server):
    server = make_server(limits={"tcp-connections": 20, "tcp-connections-per-client": 5}).add_zone()
    server.publish(full(1, {"dynamodb": endpoint("192.0.2.1")}))
    other = socket.create_connection(("127.0.0.1", server.port), 5, source_address=("127.0.0.9", 0))
    sockets = connect_all(server, 40)
    wait_for(lambda: events(server)["client-refused"] == 35, "35 connections were refused")
    other.sendall(framed(dns.query(NAME)))
    size = struct.unpack("!H", dns.receive_exactly(other, 2))[0]
    assert dns.parse(dns.receive_exactly(other, size)).answer
    assert events(server)["evicted"] == 0
    for sock in [*sockets, other]:
        sock.close()
    wait_for(lambda: answered_by_tcp(server), "places are given back")


def test_a_client_that_asks_and_does_not_read_is_held_back(make_server):
    server = make_server(limits={"tcp-pipeline": "4K"}).add_zone()
    many = [f"10.0.{i // 250}.{i % 250}" for i in range(3000)]
    server.publish(full(1, {"dynamodb": endpoint("192.0.2.1"), "big": endpoint(*many)}))
    queries = 400  # 19 MB of responses: more than the system holds for a client

    def number(family):
        return int(re.search(rf"^{re.escape(family)} (\d+)", server.metrics(), re.M).group(1))

    assert number("holdfast_tcp_held_back_total") == 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(10)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(framed(dns.query(f"big.{ZONE}")) * queries)
        wait_for(lambda: number("holdfast_tcp_held_back_total") == 1, "it is held back")
        assert server.ask("dynamodb", tcp=True).answer
        assert number('holdfast_queries_total{transport="tcp"}') < queries
        for _ in range(queries):
            size = struct.unpack("!H", dns.receive_exactly(reader, 2))[0]
            assert len(dns.receive_exactly(reader, size)) > 48_000
    assert number('holdfast_queries_total{transport="tcp"}') == queries + 1


def test_slow_clients_lose_their_connection_and_cost_others_nothing(make_server):
    server = make_server(limits={"tcp-message": "1s", "tcp-response": "1s"}).add_zone()
    many = [f"10.0.{i // 250}.{i % 250}" for i in range(3000)]
    server.publish(full(1, {"dynamodb": endpoint("192.0.2.1"), "big": endpoint(*many)}))
    writer = socket.create_connection(("127.0.0.1", server.port), 5)
    reader = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", server.port))
    reader.sendall(framed(dns.query(f"big.{ZONE}")) * 400)
    before = server.resident()
    selector = selectors.DefaultSelector()
    selector.register(writer, selectors.EVENT_READ)
    begun = time.monotonic()
    while not selector.select(0.1):
        writer.send(b"\1")
        assert time.monotonic() - begun < 20, "an octet at a time holds its connection"
        assert server.ask("dynamodb", tcp=True).answer
    with pytest.raises(ConnectionResetError):
        writer.recv(1)
    wait_for(lambda: events(server)["slow-response"] == 1, "the client that takes nothing is reset")
    assert events(server)["slow-message"] == 1
    assert server.resident() - before < 4096
    reader.close()
