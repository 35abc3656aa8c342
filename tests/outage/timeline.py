"""What was published about the times of 19 and 20 October 2025, and how it is scaled. See README.md."""

import dataclasses
import random

# Times of day (PDT) in AWS's public summary, and the minutes since the first.
EMPTY = ("19 Oct 23:48", 0)  # the endpoint has no addresses; clients fail
FOUND = ("20 Oct 00:38", 50)  # engineers have found that it is the DNS records
FIRST_HELP = ("20 Oct 01:15", 87)  # the first internal services are connected again by hand
RESTORED = ("20 Oct 02:25", 157)  # all DNS information is restored by hand
RECOVERED = ("20 Oct 02:40", 172)  # clients have forgotten the empty answer

# Not published, so chosen: a plan a minute; how late "unusually" late is; how many generations "many" are.
LATE_MINUTES = (20, 60)
MANY_GENERATIONS = (5, 15)


@dataclasses.dataclass
class Scale:
    """Seconds that a minute takes: of the race before the endpoint is emptied, and of the outage after."""

    race: float = 0.01
    outage: float = 0.006


@dataclasses.dataclass
class Draw:
    """What chance decides in one run; the same for the same seed."""

    seed: int
    random: object = None
    endpoints: int = 0
    first: int = 0
    late: int = 0
    many: int = 0
    slow: str = ""
    second: str = ""
    third: str = ""

    def __post_init__(self):
        self.random = random.Random(self.seed)
        self.endpoints = self.random.randint(200, 300)
        self.first = self.random.randint(100, 1000)
        self.late = self.random.randint(*LATE_MINUTES)
        self.many = self.random.randint(*MANY_GENERATIONS)
        self.slow, self.second, self.third = self.random.sample(["enactor-1", "enactor-2", "enactor-3"], 3)
