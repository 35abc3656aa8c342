"""Shows the outage of October 2025 side by side: a plain store, and Holdfast. tools/demo-outage starts it."""

import argparse
import json
import os
import queue
import signal
import sys
import threading
import time

import demo_screen
import sequence
import verdict
from demo_side import BAD, DIM, GOOD, STRONG, TITLES, Side
from timeline import RESTORED, Draw, Scale
from variants import published

RACE_SECONDS, OUTAGE_SECONDS = 7.0, 7.0  # at speed 1
FRAMES = 10  # a second
STEPS = {
    1: ("A region is in force, and clients ask for its endpoints without a pause.", 1.0),
    2: ("An Enactor takes the newest plan, checks once that it is newer, is delayed.", 2.5),
    3: ("Meanwhile the Planner makes newer plans, and the others apply them.", 1.5),
    4: ("The newest is in force, the clean-up is called. Now the late one goes on.", 3.0),
    5: ("The clean-up deletes the plans that are many generations old.", 3.0),
    6: ("The automation goes on: newer plans come, and Enactors try to apply them.", 3.0),
    7: ("What only people could mend is mended by hand.", 2.5),
}


class Staged(sequence.Run):
    """A run that begins each step together with the other side, when a person has had time to read the last."""

    def __init__(self, *arguments, stage, **more):
        super().__init__(*arguments, **more)
        self._stage = stage

    def step(self, number):
        self._stage(number)
        super().step(number)


class Show:
    def __init__(self, options):
        self.options, self.draw = options, Draw(options.seed)
        self.begun = time.monotonic()
        self.scale = Scale(RACE_SECONDS / self.draw.late / options.speed, OUTAGE_SECONDS / RESTORED[1] / options.speed)
        self.sides = {target: Side(target, self.begun) for target in TITLES}
        self.events, self.came, self.troubles, self.number = queue.Queue(), {}, [], 0
        self.stage = threading.Barrier(len(TITLES), action=self.next_step)
        self.runs = []
        self.threads = [threading.Thread(target=self.play, args=(target,), daemon=True) for target in TITLES]

    def next_step(self):
        pause = STEPS[self.number][1] if self.number else 0.0
        time.sleep(pause / self.options.speed)
        self.number += 1
        self.events.put((None, {"t": time.monotonic(), "who": "demo", "did": "caption", "number": self.number,
                                "text": STEPS[self.number][0]}))

    def play(self, target):
        try:
            staged = Staged(target, self.options.seed, self.scale, clients=1, stage=lambda _: self.stage.wait(),
                            listen=lambda event: self.events.put((target, event)))
            self.runs.append(staged)
            with staged as run:
                self.came[target] = published(run)
        except threading.BrokenBarrierError:
            pass  # the other side tells why
        except Exception as error:  # noqa: BLE001  whatever it is, the terminal is to be given back first
            self.troubles.append(f"{TITLES[target].lower()}: {error}")
            self.stage.abort()

    def run(self, view):
        for thread in self.threads:
            thread.start()
        while any(thread.is_alive() for thread in self.threads) or not self.events.empty():
            self.take(view)
        for thread in self.threads:
            thread.join()

    def take(self, view):
        """The events of one frame."""
        end = time.monotonic() + 1 / FRAMES
        while (left := end - time.monotonic()) > 0:
            try:
                target, event = self.events.get(timeout=left)
            except queue.Empty:
                break
            view.event(target, event, self.sides[target].take(event) if target else [])
        view.frame(self)

    def stop(self):
        """Ends every process of a show that was interrupted."""
        self.stage.abort()
        for run in self.runs:
            run.close()

    def faults(self):
        out = list(self.troubles)
        for target in TITLES:
            if target in self.came:
                out += [f"{TITLES[target]}: {fault}" for fault in verdict.faults("published", self.came[target])]
            elif not self.troubles:
                out.append(f"{TITLES[target]}: did not come to its end")
        return out

    def summary(self):
        """What happened, and why, in three lines."""
        plain, ours = self.came[verdict.PLAIN], self.came[verdict.HOLDFAST]
        late, refused = plain.late[0]["generation"], ours.late[0]
        empty = plain.seen.problems["empty"]
        return [
            (f"Plain: {empty:,} of {plain.seen.asked:,} answers empty; no plan applied until people helped.",
             BAD),
            (f"Holdfast: {ours.seen.asked:,} answers, none empty, torn or older; {late} got {refused['rules'][0]}.",
             GOOD),
            (f"Why: {late} was checked once, {plain.wanted - late} plans too early. Holdfast checks where it commits.",
             STRONG),
        ]


class ScreenView:
    """On a terminal: both sides, in place."""

    def __init__(self, screen):
        self.screen = screen
        self.caption = [("Starting: a store, holdfastd, a Planner, three Enactors on each side.", DIM)]
        self.number = 0

    def event(self, target, event, _lines):
        if event["did"] == "caption":
            self.number = event["number"]
            self.caption = [(f"{event['number']}/{len(STEPS)}  {event['text']}", STRONG)]

    def frame(self, show):
        title = ("The outage of 19 October 2025, replayed",
                 f"{show.draw.endpoints} endpoints, seed {show.draw.seed}, {time.monotonic() - show.begun:4.1f} s")
        self.screen.draw([show.sides[target] for target in TITLES], title, self.caption)

    def end(self, show, lines):
        self.caption = lines
        self.frame(show)


class LineView:
    """Elsewhere, and on small terminals: one line for each event that a person is told of."""

    def __init__(self, paint):
        self.paint = paint

    def event(self, target, event, lines):
        if event["did"] == "caption":
            print(self.paint(f"\n{event['number']}/{len(STEPS)}  {event['text']}", STRONG), flush=True)
        for line in lines:
            print(f"{line.at:6.1f} s  {TITLES[target].lower():<14} {self.paint(line.text, line.style)}", flush=True)

    def frame(self, show):
        pass

    def end(self, _show, lines):
        print()
        for text, style in lines:
            print(self.paint(text, style), flush=True)


class JsonView:
    """Every event of every process, as lines of JSON."""

    def event(self, target, event, _lines):
        print(json.dumps({"side": target, **event}), flush=True)

    def frame(self, show):
        pass

    def end(self, show, lines):
        faults = show.faults()
        print(json.dumps({"side": None, "did": "summary", "as-it-should": not faults, "faults": faults,
                          "lines": [text for text, _ in lines]}), flush=True)


def positive(text):
    value = float(text)
    if not 0.05 <= value <= 20:
        raise argparse.ArgumentTypeError("0.05 to 20")
    return value


def show_it(options):
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    screen, show = demo_screen.Screen(colour), Show(options)

    def play(view):
        show.run(view)
        faults = show.faults()
        view.end(show, [(fault, BAD) for fault in faults] if faults else show.summary())
        return 1 if faults else 0

    try:
        if options.json:
            return play(JsonView())
        if not options.lines and demo_screen.fits():
            with screen:
                return play(ScreenView(screen))
        return play(LineView(screen.paint if colour else lambda text, style: text))
    except (KeyboardInterrupt, SystemExit):
        show.stop()
        raise


def main():
    parser = argparse.ArgumentParser(prog="tools/demo-outage", description=__doc__.split(". tools")[0] + ".",
                                     epilog="Ends with 0 where it went as it should: the plain store lost the "
                                            "endpoint and Holdfast did not.")
    parser.add_argument("--speed", type=positive, default=1.0, metavar="N",
                        help="so many times as fast (1; 0.05 to 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what chance decides (1)")
    parser.add_argument("--lines", action="store_true", help="a line for each event, on a terminal too")
    parser.add_argument("--json", action="store_true", help="every event of every process, as lines of JSON")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return show_it(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
