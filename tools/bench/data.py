"""The data of the comparison, as zone files for the peers and as plans for Holdfast, and the queries.

N endpoints epI.svcJ.us-east-1.example.net, J = I mod 97, with four A records each, every fourth with two AAAA, TTL 5;
as in tests/bench/workload.h. What an endpoint's addresses are depends on a tag, so that an answer shows which content
it is from: tests/bench/probe.h reads it.
"""

import random
import shutil

ZONE = "us-east-1.example.net"
SERVICES = 97
FIRST_SERIAL = 1_000_000_001  # ten digits, so that it can be overwritten where it is
HEADER = "$TTL 3600\n@ IN SOA ns1 hostmaster {} 3600 600 86400 60\n@ IN NS ns1\nns1 IN A 192.0.2.1\n$TTL 5\n"
EVERY_FEW = 100  # 1 % of the endpoints change where few change; endpoint 0 is one of them
BLOCK = 64  # endpoints whose addresses have three octets in common


def endpoint(kind, i):
    return f"{kind}{i}.svc{i % SERVICES}"


class Content:
    """What the zone holds: all endpoints with `tag`, or one in EVERY_FEW with `few` instead."""

    def __init__(self, name, tag, few=None):
        self.name, self.tag, self.few = name, tag, tag if few is None else few

    def tag_of(self, i):
        return self.tag if i % EVERY_FEW else self.few


OLD = Content("old", 0)
NEW = Content("new", 1)
FEW = Content("few", 0, few=2)


def first_octet_halved(tag):
    """As the prober reports it."""
    return 5 + tag


def three_octets(tag, block):
    number = (10 << 24) + (tag << 25) + 4 * block
    return f"{number >> 24}.{number >> 16 & 0xff}.{number >> 8 & 0xff}."


def addresses(tag, i):
    """The A records and the AAAA records of endpoint i."""
    prefix, last = three_octets(tag, i - i % BLOCK), 4 * i & 0xff
    six = f"2001:db8:{tag:x}:0:{i >> 16:x}:{i & 0xffff:x}:0:"
    return [f"{prefix}{last + n}" for n in range(4)], [f"{six}{n}" for n in (1, 2)] if i % 4 == 0 else []


def zone_blocks(endpoints, content):
    """The zone file, some kilobytes at a time."""
    yield HEADER.format(FIRST_SERIAL)
    for block in range(0, endpoints, BLOCK):
        usual, few = three_octets(content.tag, block), three_octets(content.few, block)
        lines = []
        for i in range(block, min(block + BLOCK, endpoints)):
            name, last = endpoint("ep", i), 4 * i & 0xff
            prefix = usual if i % EVERY_FEW else few
            lines.append(f"{name} A {prefix}{last}\n{name} A {prefix}{last + 1}\n"
                         f"{name} A {prefix}{last + 2}\n{name} A {prefix}{last + 3}\n")
            if i % 4 == 0:
                lines.extend(f"{name} AAAA {address}\n" for address in addresses(content.tag_of(i), i)[1])
        yield "".join(lines)


def plan_endpoint(tag, i):
    """Endpoint i as a member of a plan's `endpoints`."""
    four, six = addresses(tag, i)
    targets = ",".join([f'{{"address":"{address}"}}' for address in four + six])
    return f'"{endpoint("ep", i)}":{{"ttl":5,"targets":[{targets}]}}'


def plan_blocks(endpoints, content, kind):
    """A plan of `kind`: full, or delta with the few endpoints only. Its generation goes beside it."""
    yield f'{{"plan":1,"zone":"{ZONE}.","kind":"{kind}","endpoints":{{\n'
    step = 1 if kind == "full" else EVERY_FEW
    for block in range(0, endpoints, BLOCK * step):
        numbers = range(block, min(block + BLOCK * step, endpoints), step)
        yield (",\n" if block else "") + ",\n".join([plan_endpoint(content.tag_of(i), i) for i in numbers])
    records = '"@ 3600 IN NS ns1","ns1 3600 IN A 192.0.2.1"' if kind == "full" else ""
    yield f'}},"records":[{records}]}}\n'


def query_lines(endpoints, count):
    """85 % A, 10 % AAAA (three quarters of them NODATA), 5 % NXDOMAIN, drawn uniformly and always the same."""
    draw = random.Random(1)
    for _ in range(count):
        i, share = draw.randrange(endpoints), draw.random()
        kind = "nx" if share >= 0.95 else "ep"
        yield f"{endpoint(kind, i)}.{ZONE} {'AAAA' if 0.85 <= share < 0.95 else 'A'}\n"


class Data:
    """The files for one number of endpoints, each written when it is first asked for."""

    def __init__(self, folder, endpoints, queries, progress=None):
        self.folder, self.endpoints, self._queries, self._progress = folder, endpoints, queries, progress
        folder.mkdir(parents=True, exist_ok=True)

    def _file(self, name, blocks):
        path = self.folder / name
        if not path.exists():
            if self._progress is not None:
                self._progress(f"writing {name}")
            with open(path, "w", encoding="ascii", buffering=1 << 20) as out:
                out.writelines(blocks)
        return path

    def zone_file(self, content):
        return self._file(f"{content.name}.zone", zone_blocks(self.endpoints, content))

    def plan(self, content):
        return self._file(f"{content.name}.json", plan_blocks(self.endpoints, content, "full"))

    def delta(self, content):
        return self._file(f"{content.name}-delta.json", plan_blocks(self.endpoints, content, "delta"))

    def queries(self):
        return self._file("queries", query_lines(self.endpoints, self._queries))


def copy_zone(source, target, serial):
    """Writes a copy of a zone file with another serial: a copy, since servers keep theirs."""
    shutil.copyfile(source, target)
    with open(target, "r+b") as zone:
        zone.seek(HEADER.index("{}"))
        zone.write(str(serial).encode("ascii"))


def warm(path):
    """Reads a file, so that it comes from memory afterwards."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
