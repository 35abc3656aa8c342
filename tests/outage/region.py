"""A region of endpoints whose addresses tell the generation that they come from.

An IPv4 address is 10, then 2 bits of target, 9 bits of endpoint and 13 bits of generation. So whoever gets one response
can tell which plan it was made of, whether it is whole, and whether it belongs to the name that was asked.
"""

import ipaddress
import json

ZONE = "us-east-1.example.net"
REGIONAL = "dynamodb"  # the endpoint that this is about; Enactors come to it last
TARGETS = 4
MOST_ENDPOINTS, MOST_GENERATIONS = 1 << 9, 1 << 13


class NotWhole(Exception):
    """An answer that no single plan has for that endpoint. The text begins with `empty` or `torn`."""


def endpoints(count):
    """The names of a region, in the order in which Enactors write them."""
    assert 1 <= count <= MOST_ENDPOINTS
    return [f"service-{i:03}" for i in range(1, count)] + [REGIONAL]


def address(generation, endpoint, target):
    assert 0 < generation < MOST_GENERATIONS and 0 <= endpoint < MOST_ENDPOINTS and 0 <= target < TARGETS
    return str(ipaddress.IPv4Address(10 << 24 | target << 22 | endpoint << 13 | generation))


def addresses(generation, endpoint):
    return [address(generation, endpoint, target) for target in range(TARGETS)]


def generation_of(answer, endpoint):
    """The generation that an answer for an endpoint comes from. Raises NotWhole."""
    if not answer:
        raise NotWhole("empty: no addresses")
    numbers = [int(ipaddress.IPv4Address(each)) for each in answer]
    generations = {number & 0x1fff for number in numbers}
    if len(generations) != 1:
        raise NotWhole(f"torn: of generations {sorted(generations)}")
    if {number >> 13 & 0x1ff for number in numbers} != {endpoint}:
        raise NotWhole(f"torn: addresses of other endpoints: {answer}")
    if sorted(number >> 22 & 3 for number in numbers) != list(range(TARGETS)):
        raise NotWhole(f"torn: {len(numbers)} of {TARGETS} addresses: {answer}")
    return generations.pop()


def plan(generation, count, bulk=0):
    """A full plan of the region, as Holdfast takes it; with so many more records that are the same in every plan."""
    listed = {}
    for number, name in enumerate(endpoints(count)):
        targets = [{"id": f"lb-{target}", "address": each, "weight": 100}
                   for target, each in enumerate(addresses(generation, number), 1)]
        listed[name] = {"ttl": 5, "targets": targets}
    return {"plan": 1, "zone": f"{ZONE}.", "generation": generation, "kind": "full", "source": "planner",
            "endpoints": listed, "records": ["@ 3600 IN NS ns1.example.org.", "@ 3600 IN NS ns2.example.org.",
                                                *(f"bulk-{number} 60 IN A 192.0.2.1" for number in range(bulk))]}


class PlanFolder:
    """Where the Planner puts plans and Enactors and clean-up find them: one file for each generation."""

    def __init__(self, path):
        self.path = path

    def put(self, document):
        fresh = self.path / f".{document['generation']}.tmp"
        fresh.write_text(json.dumps(document), encoding="ascii")
        fresh.rename(self.file(document["generation"]))

    def file(self, generation):
        return self.path / f"{generation}.json"

    def generations(self):
        return sorted(int(each.stem) for each in self.path.glob("[0-9]*.json"))

    def read(self, generation):
        """The document's text, None where there is none."""
        try:
            return self.file(generation).read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def delete(self, generation):
        self.file(generation).unlink(missing_ok=True)
