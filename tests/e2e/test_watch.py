"""zonectl watch with a live server, on pipes and on a terminal."""

import json
import os
import pty
import subprocess
import time

import holdfast
from holdfast import DONE, UNREACHABLE, ZONE, endpoint, full, shown_on


class Watching:
    def __init__(self, server, *options):
        self.process = subprocess.Popen(
            [holdfast.BIN / "zonectl", "--control", server.control, *options, "watch", "--interval", "0.05"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []

    def until(self, *texts):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if holdfast.readable(self.process.stdout, 1):
                self.lines.append(self.process.stdout.readline())
            if any(all(text in line for text in texts) for line in self.lines):
                return self
        raise AssertionError((texts, self.lines))

    def end(self):
        self.process.kill()
        self.process.communicate(timeout=10)


def test_watch_tells_events_as_they_happen_and_survives_a_restart(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2")}))
    watching = Watching(server)
    try:
        watching.until(ZONE, "generation 1 is served")
        server.publish(full(2, {"web": endpoint("192.0.2.1", "192.0.2.3")}))
        watching.until("published generation 2", "µs")
        server.refused(full(2, {"web": endpoint("192.0.2.1")}))
        watching.until("refused generation 2", "stale-generation", f"{ZONE}.")
        server.kill()
        watching.until("no server answers")
        server.start()
        watching.until("answers again")
        server.publish(full(3, {"web": endpoint("192.0.2.1", "192.0.2.4")}))
        watching.until("published generation 3")
        assert sum("published generation 2" in line for line in watching.lines) == 1
    finally:
        watching.end()


def test_watch_counts_answers_and_ends_after_so_many_looks(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    process = subprocess.Popen([holdfast.BIN / "zonectl", "--control", server.control, "--format", "json", "watch",
                                "--interval", "0.3", "--count", "3", ZONE], stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        server.ask("web")
    looks = [json.loads(line) for line in process.stdout]
    assert process.returncode == DONE and len(looks) == 3
    assert looks[0]["answers_per_second"] is None and looks[2]["answers_per_second"] > 0, looks
    assert looks[0]["zones"][0]["served"] == 1
    server.kill()
    away = server.zonectl("watch", "--count", "1")
    assert away.returncode == UNREACHABLE and "no server answers" in away.stdout


def test_watch_draws_over_its_picture_on_a_terminal(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    main, other = pty.openpty()
    process = subprocess.Popen([holdfast.BIN / "zonectl", "--control", server.control, "watch", "--interval", "0.05",
                                "--count", "3"], stdout=other, stderr=other, stdin=other)
    os.close(other)
    text = shown_on(main)
    assert process.wait(20) == DONE
    shown = text.decode()
    assert "\x1b[J" in shown and "A\r" in shown and "answers/s" in shown, shown
    # As many lines up as were drawn: the picture stays where it is.
    first, second = shown.split("\x1b[J")[1:3]
    up = int(second.rsplit("\x1b[", 1)[1].split("A")[0])
    assert up == second.rsplit("\x1b[", 1)[0].count("\n"), shown
    assert first.count("\n") > 3
