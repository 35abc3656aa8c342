"""tools/flood asks at the rate it is told, and sees what a server does wrong."""

import contextlib
import itertools
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import holdfast
import pytest
from holdfast import BIN, HAS_IPV6, ZONE, endpoint, full, shown_on, stamped

ENDPOINTS = 20


def command(servers, folder, *arguments):
    """`servers`: addresses with ports, or ports of 127.0.0.1."""
    questions = folder / "questions"
    questions.write_text("".join(f"ep{i}.{ZONE} A !\n" for i in range(ENDPOINTS)) + f"none.{ZONE} A\n")
    addresses = [server if isinstance(server, str) else f"127.0.0.1:{server}" for server in servers]
    return [BIN / "flood", *addresses, "-d", questions, "--stamped", "--json", folder / "result.json",
            *map(str, arguments)]


def result_in(folder):
    return json.loads((folder / "result.json").read_text())


def flood(servers, folder, *arguments, timeout=60):
    """Its exit status, and the document that it wrote."""
    done = subprocess.run(command(servers, folder, "--html", folder / "report.html", *arguments),
                          capture_output=True, text=True, timeout=timeout, check=False)
    assert "\033" not in done.stdout + done.stderr, "no terminal is there"
    return done, result_in(folder)


def plan(generation):
    addresses = [stamped(generation, target) for target in range(4)]
    return full(generation, {f"ep{i}": endpoint(*addresses) for i in range(ENDPOINTS)})


@pytest.fixture
def server():
    running = holdfast.Server()
    try:
        running.start().add_zone()
        running.publish(plan(1))
        yield running
    finally:
        running.close()


def test_who_asks_as_fast_as_is_answered_waits_for_answers_only(server, tmp_path):
    """Once all of them have come it asks again at once: where it waited first it would ask a hundred times a second."""
    done, result = flood([server.port], tmp_path, "-l", 2, "--sockets", 1, "--window", 1)
    assert done.returncode == 0 and result["answered"] > 1000, result


def test_answers_of_a_good_server_are_right_while_plans_come(server, tmp_path):
    stop = threading.Event()

    def publish():
        generation = 1
        while not stop.wait(0.1):
            generation += 1
            server.publish(plan(generation))
    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        done, result = flood([server.port], tmp_path, "-q", 2000, "-l", 3, "--tcp", 0.25, "--garbage", 0.1, "-T", 2)
    finally:
        stop.set()
        publishing.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(result["faults"].values()) and result["lost"] == 0
    assert result["sent"] == result["answered"] and set(result["rcodes"]) == {"0", "3"}
    asked = result["sent"] + result["garbage"]["sent"]
    assert asked == pytest.approx(6000, rel=0.1), "an open loop: what is due is asked, whatever comes back"
    assert 0.05 * asked < result["garbage"]["sent"] < 0.1 * asked, "of the share that goes by UDP"
    assert len(result["swaps"]) > 5
    generations = [swap["generation"] for swap in result["swaps"]]
    assert generations == sorted(generations)
    assert sum(moment["sent"] for moment in result["moments"]) == result["sent"]
    assert sum(count for _, count in result["latency"]["histogram"]) == result["answered"]
    assert result["command"].startswith(str(BIN / "flood")) and result["began"].endswith("Z")
    page = (tmp_path / "report.html").read_text()
    assert "http" not in re.sub(r'"http[^"]*w3.org[^"]*"', "", page), "it needs no network"
    embedded = re.search(r"const result = (.*);\n", page)
    assert json.loads(embedded[1]) == result


def test_as_many_as_are_answered(server, tmp_path):
    done, result = flood([server.port], tmp_path, "-l", 1, "--window", 64)
    assert done.returncode == 0, done.stdout
    assert result["answered"] > 2000 and result["lost"] == 0


@pytest.mark.skipif(not HAS_IPV6, reason="there is no ::1")
def test_a_server_that_is_at_an_address_of_ipv6_only(tmp_path):
    running = holdfast.Server()
    address = f"[::1]:{running.port}"
    running.config["listen"] = [address]
    try:
        running.start().add_zone()
        running.publish(plan(1))
        done, result = flood([address], tmp_path, "-q", 500, "-l", 1, "--tcp", 0.3)
    finally:
        running.close()
    assert done.returncode == 0, done.stdout
    assert result["answered"] == result["sent"] > 400 and not any(result["faults"].values())


def test_what_was_due_while_it_stood_still_itself_is_asked_and_was_late(server, tmp_path):
    """Who asked later, and counted from then, would tell that everything was fast."""
    rate, still = 200, 0.3
    with subprocess.Popen(command([server.port], tmp_path, "-q", rate, "-l", 3), stdout=subprocess.DEVNULL) as process:
        time.sleep(1)
        process.send_signal(signal.SIGSTOP)
        time.sleep(still)
        process.send_signal(signal.SIGCONT)
        assert process.wait(60) == 0
    result = result_in(tmp_path)
    assert 3 * rate - 1 <= result["sent"] <= rate * result["seconds"] + 1, "as many as were due"
    assert result["sent"] == result["answered"]
    tick = 1 / rate
    assert result["latency"]["max_ns"] >= (still - 2 * tick) * 1e9
    late = sum(count for longest, count in result["latency"]["histogram"] if longest > still / 2 * 1e9)
    assert late >= rate * still / 2 * 0.8, "and those that were due in the first half of it"


def test_a_terminal_is_told_how_far_it_is(server, tmp_path):
    main, other = pty.openpty()
    with subprocess.Popen(command([server.port], tmp_path, "-q", 500, "-l", 2), stdin=other, stderr=other,
                          stdout=subprocess.PIPE, text=True) as process:
        os.close(other)
        shown = shown_on(main)
        said = process.stdout.read()
    os.close(main)
    assert process.returncode == 0 and "\033" not in said and "answered" in said, said
    begun, *lines = shown.decode().split("\r\033[K")
    assert begun == "" and lines.pop() == "", "what was drawn is gone"
    told = [line for line in lines
            if re.fullmatch(r"[0-2] of 2 s  [\d,]+/s  p99 [\d.]+ ms  generation 1  lost 0  at fault 0", line)]
    assert len(told) > 10, lines


class Liar:
    """Answers right, but for every tenth question."""

    def __init__(self, lie):
        self.lie, self.count = lie, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        try:
            while True:
                query, client = self.socket.recvfrom(4096)
                self.count += 1
                response = self.lie(query) if self.count % 10 == 0 else right(query)
                if response is not None:
                    self.socket.sendto(response, client)
        except OSError:
            pass


def answer(query, *generations, rcode=0):
    flags = 0x8400 | rcode
    records = b"".join(struct.pack("!HHHIH", 0xc00c, 1, 1, 5, 4) + bytes([10, target, each >> 8, each & 255])
                       for target, each in enumerate(generations))
    return query[:2] + struct.pack("!5H", flags, 1, len(generations), 0, 0) + query[12:] + records


def right(query):
    return answer(query, rcode=3) if query[12:17] == b"\x04none" else answer(query, 300, 300)


def late(query):
    time.sleep(0.05)
    return right(query)


@pytest.mark.parametrize("fault, lie", [
    ("empty", lambda query: answer(query)), ("empty", lambda query: answer(query, rcode=3)),
    ("torn", lambda query: answer(query, 300, 301)), ("backward", lambda query: answer(query, 299, 299)),
    ("failed", lambda query: answer(query, rcode=2)),
    ("other", lambda query: answer(query[:13] + b"x" + query[14:], 300)),
    ("malformed", lambda query: right(query)[:-3]), ("malformed", lambda query: query)])
def test_what_a_server_does_wrong_is_counted(fault, lie, tmp_path):
    with Liar(lie) as server:
        done, result = flood([server.port], tmp_path, "-q", 400, "-l", 1, "--sockets", 1)
    assert done.returncode == 1
    found = result["faults"].pop(fault)
    assert not any(result["faults"].values()), result["faults"]
    # A wrong answer to a name that need not be there may be none.
    assert result["sent"] / 10 * 0.7 < found <= result["sent"] / 10 + 1
    assert fault in done.stdout


def test_what_has_no_answer_is_lost_and_what_is_late_was_slow(tmp_path):
    with Liar(lambda query: None) as server:
        done, result = flood([server.port], tmp_path, "-q", 400, "-l", 1, "--timeout", 0.3)
    assert done.returncode == 1 and result["lost"] == pytest.approx(result["sent"] / 10, abs=1)
    assert result["answered"] + result["lost"] == result["sent"]
    with Liar(late) as server:
        done, result = flood([server.port], tmp_path, "-q", 100, "-l", 1)
    assert done.returncode == 0 and result["latency"]["max_ns"] > 40e6
    # Who came while it slept waited, too: one in ten sleeps, and more than that are slow.
    slow = sum(count for longest, count in result["latency"]["histogram"] if longest > 25e6)
    assert slow > result["sent"] / 10 * 1.5 and result["latency"]["p50_ns"] < 40e6


def serve(listener, early):
    """Closes the first `early` connections with two questions unanswered that it took; then answers all."""
    def answer_all(client, stream, most):
        for number in itertools.count():
            head = stream.read(2)
            if len(head) < 2 or number == most:
                return
            message = right(stream.read(struct.unpack("!H", head)[0]))
            if number < most - 2:
                client.sendall(struct.pack("!H", len(message)) + message)
    with contextlib.suppress(OSError):
        for connection in itertools.count():
            client, _ = listener.accept()
            with client, client.makefile("rb") as stream:
                answer_all(client, stream, 5 if connection < early else 1_000_000)


def test_what_waits_on_a_connection_that_is_closed_is_asked_again(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=[listener, 4], daemon=True).start()
        done, result = flood([listener.getsockname()[1]], tmp_path, "-q", 30, "-l", 2, "--tcp", 1, "--connections", 1,
                             "--timeout", 10)
        listener.shutdown(socket.SHUT_RDWR)
    assert done.returncode == 0, done.stdout
    assert result["sent"] == result["answered"] > 40 and result["lost"] == 0 and result["tcp_closed"] == 4
    assert not any(result["faults"].values())


def test_a_server_that_is_not_there(tmp_path):
    done, result = flood([holdfast.free_port()], tmp_path, "-q", 100, "-l", 0.5, "--timeout", 0.2)
    assert done.returncode == 3 and result["answered"] == 0 and result["lost"] == result["sent"] > 0
    assert f"nothing answered at {result['servers'][0]}" in done.stdout and "0.000 ms" not in done.stdout
    done, result = flood([holdfast.free_port()], tmp_path, "-q", 100, "-l", 0.5, "--timeout", 0.2, "--tcp", 1)
    assert done.returncode == 3 and result["answered"] == 0


def test_what_is_wrong_with_a_command_line_is_told(tmp_path):
    def told(*arguments):
        done = subprocess.run([BIN / "flood", *arguments], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 2
        return done.stderr
    assert "127.0.0.1:5300" in told("somewhere", "-d", "x")
    assert "/nowhere" in told("127.0.0.1:5300", "-d", "/nowhere")
    questions = tmp_path / "questions"
    questions.write_text("www.example MX !\n")
    assert f"{questions}:1: \"!\" asks for addresses" in told("127.0.0.1:5300", "-d", questions)
    assert "--rate" in told("127.0.0.1:5300", "-d", "x", "-q", "-1")
