"""tools/demo-outage on a terminal of 80 by 24, and without a build."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import holdfast

DEMO = holdfast.CHECKOUT / "tools/demo-outage"
COLUMNS, LINES = 80, 24


def on_a_terminal(*arguments):
    """Exit status, and everything that was written to a terminal."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    demo = subprocess.Popen([DEMO, *arguments], stdin=follower, stdout=follower, stderr=follower,
                            env={**environment, "TERM": "xterm", "HOLDFAST_BIN": str(holdfast.BIN)})
    os.close(follower)
    out = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # how a terminal says that nobody is left
            break
        if not part:
            break
        out += part
    os.close(leader)
    return demo.wait(10), out.decode()


def test_the_demo_shows_both_sides_on_a_small_terminal(seed):
    status, written = on_a_terminal("--speed", "6", "--seed", str(seed))
    assert status == 0, written[-3000:]
    frames = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).rstrip("\r\n").split("\r\n")
              for frame in written.split("\x1b[H")[1:]]
    assert len(frames) > 20
    assert all(len(frame) < LINES and all(len(line) <= COLUMNS for line in frame) for frame in frames)
    sides = [(line[:39], line[39:]) for frame in frames for line in frame if "│" in line]
    left, right = ("\n".join(side) for side in zip(*sides))
    assert "NO ADDRESSES" in left and "goes BACK" in left and "CANNOT BE APPLIED" in left
    assert "stale-generation: above" in right and "NO ADDRESSES" not in right and "BACK" not in right
    assert [line.split(":")[0] for line in frames[-1][-3:]] == ["Plain", "Holdfast", "Why"]


def test_without_a_build_the_demo_says_what_to_do(tmp_path):
    done = subprocess.run([DEMO], env={**os.environ, "HOLDFAST_BIN": str(tmp_path)}, capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 1 and "tools/run" in done.stderr and not done.stdout
