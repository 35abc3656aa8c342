"""perf, while something works."""

import subprocess
import time

from bench.server import Failed


class Recording:
    """perf beside the block."""

    def __init__(self, *arguments):
        self.what = f"perf {arguments[0]}"
        self.process = subprocess.Popen(["perf", *map(str, arguments)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        time.sleep(0.5)  # until it records
        if self.process.poll() is not None:
            raise Failed(f"{self.what}: {self.process.stderr.read().strip()[-800:]}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()
