"""The README's sessions print what the README says: each is run from its text, command by command, in the order of the
README, over a state directory of its own."""

import os
import re
import signal
import subprocess

import holdfast
import pytest
from holdfast import BIN, CHECKOUT, HAS_IPV6, free_port, wait_for

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")

# What differs from run to run, on both sides.
VARIES = [
    (r"pid \d+", "pid N"), (r"up \d+ s", "up N s"), (r"committed \d+ s ago", "committed N s ago"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"), (r"uid \d+", "uid N"), (r"  +\d+ s  ", "  N s  "),
    # Which of the two plans comes first, and whether the other gets as far as a number of its own.
    (r"192\.0\.2\.9[89]", "192.0.2.9X"), (r'"outcome":"refused"(.*?)"generation":[23]', r'"outcome":"refused"\1"generation":N'),
]
SHUFFLED = re.compile(r"^dig |& done; wait")  # the order of these lines is left to chance
PICKED = re.compile(r"^dig .*dynamodb")  # and so is which targets of the endpoint


class Step:
    def __init__(self, command):
        self.command, self.expected = command, []


def steps(section):
    """The commands, with the lines that the README shows after each, of the section's blocks."""
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = []
    for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:]))
            elif line.strip():
                found[-1].expected.append(line.rstrip())
    return found


def settled(lines, command):
    """Without what differs from run to run."""
    masks = VARIES + ([(r"192\.0\.2\.\d+", "192.0.2.N")] if PICKED.search(command) else [])
    made = []
    for line in lines:
        for pattern, mask in masks:
            line = re.sub(pattern, mask, line)
        made.append(re.sub(r"\s+", " ", line))
    return sorted(made) if SHUFFLED.search(command) else made


def check(step, output):
    """Every line, in order; a "…" of its own stands for any number of lines."""
    expected = settled(step.expected, step.command)
    printed = settled([line for line in output.splitlines() if line.strip()], step.command)
    context = f"\n$ {step.command}\nprinted:\n{output}"
    may_skip = False
    for line in expected:
        if line == "…":
            may_skip = True
            continue
        while may_skip and printed and printed[0] != line:
            printed.pop(0)
        assert printed and printed[0] == line, f"the README says: {line}{context}"
        printed.pop(0)
        may_skip = False
    assert may_skip or not printed, f"the README leaves out: {printed}{context}"


class Session:
    """Two terminals: one for tools/run, the other with a shell for the rest."""

    def __init__(self, directory):
        self.directory, self.port, self.environment = directory, free_port(), dict(os.environ)
        self.state, self.running = directory / "run", None

    def here(self, text):
        """The README's checkout and port, in terms of this run."""
        text = text.replace("$PWD/build/release/bin", str(BIN)).replace("$PWD/.run", str(self.state))
        return text.replace("-p 5300", f"-p {self.port}").replace(":5300", f":{self.port}")

    def shell(self, step):
        command = self.here(step.command)
        if command.startswith("export "):
            command += "; env -0"
            text = self.bash(command)
            self.environment = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
            return
        step.expected = [self.here(line) for line in step.expected]
        check(step, self.bash(command))

    def bash(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=CHECKOUT, env=self.environment, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout

    def run(self):
        """tools/run; returns what it printed until the examples."""
        self.stop()
        log = self.directory / "log"
        with open(log, "wb") as out:
            self.running = subprocess.Popen(
                [CHECKOUT / "tools/run", "--bin", BIN, "--port", str(self.port), "--state", self.state], stdout=out,
                stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for(lambda: "It runs until Ctrl-C" in log.read_text() or self.running.poll() is not None, "tools/run")
        assert self.running.poll() is None, log.read_text()
        return log.read_text()

    def stop(self):
        if self.running is not None:
            if self.running.poll() is None:
                os.killpg(self.running.pid, signal.SIGTERM)
            self.running.wait(20)
            self.running = None


@pytest.fixture
def session(tmp_path):
    made = Session(tmp_path)
    yield made
    made.stop()


@pytest.mark.skipif(not HAS_IPV6, reason="the README's session asks over IPv6 too")
def test_the_session_of_the_readme_prints_what_the_readme_says(session):
    shown = steps("What it looks like")
    assert len([step for step in shown if step.expected]) > 10
    session.run()
    for step in shown:
        if step.command == "tools/run":
            check(step, session.run())
        else:
            session.shell(step)


def test_what_the_readme_names_is_there():
    for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README):
        assert (CHECKOUT / path).exists(), path
    for program in re.findall(r"\btools/[a-z-]+", README):
        assert (CHECKOUT / program).exists(), program
    assert (holdfast.BIN / "holdfastd").exists()
