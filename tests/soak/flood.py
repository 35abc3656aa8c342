"""tools/flood beside a soak: what it is asked to do, and what its result means."""

import json
import subprocess
import time

from holdfast import BIN

TIMEOUT = 1.0  # seconds until an answer is lost
MOMENT = 0.15  # of its timeline; what is lost is known by that


class Flood:
    """Runs beside what else is done. `servers`: addresses with ports, asked in turn."""

    def __init__(self, folder, servers, seconds, *arguments, name="flood", seed=1, html=None, stamped=True):
        self.result_file, self.seconds = folder / f"{name}.json", seconds
        self.result_file.unlink(missing_ok=True)
        more = ["--stamped"] if stamped else []
        more += ["--html", html] if html else []
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [BIN / "flood", *servers, "-d", folder / "questions", "--quiet",
             "--json", self.result_file, "-l", str(seconds), "--timeout", str(TIMEOUT), "--seed", str(seed),
             *map(str, arguments), *more],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def left(self):
        return self.begun + self.seconds - time.monotonic()

    def finish(self):
        """Its result; `problem` where it did not get that far."""
        try:
            said, _ = self.process.communicate(timeout=self.seconds + 60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return {"problem": "it did not end"}
        if not self.result_file.exists():
            return {"problem": f"exit status {self.process.returncode}: {said}"}
        return json.loads(self.result_file.read_text())


def start_of(result):
    """The zero of its times, on our clock."""
    return result["start_ns"] / 1e9


def lost_outside(result, windows):
    """Of questions that were sent while none of the windows (of the monotonic clock) was open: what is lost is told
    when its time is over."""
    lost = 0
    for moment in result["moments"]:
        end = start_of(result) + moment["at"] - TIMEOUT
        begin = end - moment["seconds"] - MOMENT
        if not any(begin < closed and end + MOMENT > opened for opened, closed in windows):
            lost += moment["lost"]
    return lost
