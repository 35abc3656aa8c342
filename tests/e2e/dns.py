"""Just enough DNS for the tests: builds queries octet by octet, and reads responses strictly.

Independent of the server's code and of every DNS library, so that it can send what no library would, and so
that a malformed response is noticed instead of forgiven.
"""

import ipaddress
import socket
import struct
import time
from dataclasses import dataclass, field

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DNAME": 39,
    "OPT": 41, "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "CAA": 257, "ANY": 255,
}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
YXDOMAIN, BADVERS, BADCOOKIE = 6, 16, 23
NSID, COOKIE, KEEPALIVE, PADDING, EXTENDED_ERROR = 3, 10, 11, 12, 15

# Where the RDATA of types that responses may compress has names (RFC 1035 section 3.3, RFC 3597 section 4):
# octets before the first name, how many names, octets after.
_NAMES_IN_RDATA = {2: (0, 1, 0), 5: (0, 1, 0), 6: (0, 2, 20), 12: (0, 1, 0), 15: (2, 1, 0), 39: (0, 1, 0),
                   33: (6, 1, 0)}


class Malformed(Exception):
    """A response that breaks the message format."""


def type_number(text):
    if isinstance(text, int):
        return text
    return TYPES[text] if text in TYPES else int(text.removeprefix("TYPE"))


def encode_name(text):
    """Wire format of an absolute name; no escapes but \\DDD."""
    out, label, i = b"", bytearray(), 0
    text = text.rstrip(".")
    while i < len(text):
        if text[i] == "\\":
            label.append(int(text[i + 1:i + 4]))
            i += 4
            continue
        if text[i] == ".":
            out += bytes([len(label)]) + bytes(label)
            label = bytearray()
        else:
            label.append(ord(text[i]))
        i += 1
    if label:
        out += bytes([len(label)]) + bytes(label)
    return out + b"\0"


def query(name, qtype="A", ident=0x1234, edns=None, do=False, flags=0, qclass=1, version=0, options=()):
    """A query message. edns: the payload size to offer, or None for no OPT; options: pairs of code and data."""
    if options and edns is None:
        edns = 1232
    rdata = b"".join(struct.pack("!2H", code, len(data)) + data for code, data in options)
    message = struct.pack("!6H", ident, flags, 1, 0, 0, 1 if edns is not None else 0)
    message += encode_name(name) + struct.pack("!2H", type_number(qtype), qclass)
    if edns is not None:
        message += b"\0" + struct.pack("!HHBBHH", 41, edns, 0, version, 0x8000 if do else 0, len(rdata)) + rdata
    return message


@dataclass
class Record:
    name: str
    type: str
    ttl: int
    data: object
    rclass: int = 1


@dataclass
class Message:
    ident: int
    flags: int
    question: list = field(default_factory=list)
    answer: list = field(default_factory=list)
    authority: list = field(default_factory=list)
    additional: list = field(default_factory=list)
    opt: Record = None
    size: int = 0

    @property
    def rcode(self):
        return self.flags & 15 | (self.opt.ttl >> 24 << 4 if self.opt else 0)

    def option(self, code):
        """The data of an option of the OPT, or None."""
        rest = self.opt.data if self.opt else b""
        while rest:
            each, length = struct.unpack("!2H", rest[:4])
            if len(rest) < 4 + length:
                raise Malformed("an option runs over")
            if each == code:
                return rest[4:4 + length]
            rest = rest[4 + length:]
        return None

    aa = property(lambda self: bool(self.flags & 0x0400))
    tc = property(lambda self: bool(self.flags & 0x0200))
    qr = property(lambda self: bool(self.flags & 0x8000))
    rd = property(lambda self: bool(self.flags & 0x0100))
    ra = property(lambda self: bool(self.flags & 0x0080))

    def data(self, rtype, section="answer"):
        return sorted(r.data for r in getattr(self, section) if r.type == rtype)

    def types(self, section="answer"):
        return [r.type for r in getattr(self, section)]

    @property
    def is_positive(self):
        return self.rcode == NOERROR and bool(self.answer)

    @property
    def is_nodata(self):
        return self.rcode == NOERROR and self.aa and not self.answer and "SOA" in self.types("authority")

    @property
    def is_nxdomain(self):
        return self.rcode == NXDOMAIN and self.aa and "SOA" in self.types("authority")


class _Reader:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        if self.at + count > len(self.octets):
            raise Malformed(f"ends at {len(self.octets)}, wanted {count} octets at {self.at}")
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self, pattern):
        return struct.unpack("!" + pattern, self.take(struct.calcsize("!" + pattern)))

    def name(self):
        labels, here, jumped, size = [], self.at, False, 0
        while True:
            if here >= len(self.octets):
                raise Malformed("a name runs off the end")
            length = self.octets[here]
            if length >= 0xc0:
                if here + 1 >= len(self.octets):
                    raise Malformed("half a compression pointer")
                target = (length & 0x3f) << 8 | self.octets[here + 1]
                if not jumped:
                    self.at = here + 2
                if target >= here:
                    raise Malformed("a compression pointer that does not point back")
                here, jumped = target, True
                continue
            if length > 63:
                raise Malformed(f"a label of kind {length:#x}")
            if here + 1 + length > len(self.octets):
                raise Malformed("a label runs off the end")
            size += length + 1
            if size > 255:
                raise Malformed("a name over 255 octets")
            if length == 0:
                if not jumped:
                    self.at = here + 1
                return ".".join(labels) + "."
            label = self.octets[here + 1:here + 1 + length]
            labels.append("".join(chr(c) if 33 <= c <= 126 and c not in b'.\\"();@$' else f"\\{c:03d}"
                                  for c in label))
            here += 1 + length

    def record(self):
        name = self.name()
        rtype, rclass, ttl, length = self.number("HHIH")
        end = self.at + length
        if end > len(self.octets):
            raise Malformed("RDATA runs off the end")
        data = self._data(rtype, length, end)
        if self.at != end:
            raise Malformed(f"RDATA of {name} type {rtype} is not {length} octets")
        return Record(name, NAMES.get(rtype, f"TYPE{rtype}"), ttl, data, rclass)

    def _data(self, rtype, length, end):
        if rtype in (1, 28):
            if length != (4 if rtype == 1 else 16):
                raise Malformed("an address of the wrong size")
            return str(ipaddress.ip_address(self.take(length)))
        if rtype in _NAMES_IN_RDATA:
            before, names, after = _NAMES_IN_RDATA[rtype]
            parts = [int.from_bytes(self.take(2), "big") for _ in range(before // 2)]
            parts += [self.name().lower() for _ in range(names)]
            parts += list(self.number("5I")) if after else []
            return parts[0] if len(parts) == 1 else tuple(parts)
        if rtype == 16:
            texts = []
            while self.at < end:
                texts.append(self.take(self.take(1)[0]).decode("latin-1"))
            return " ".join(texts)
        return self.take(length)


def parse(octets):
    """Reads a message; raises Malformed for anything that is not exactly right."""
    reader = _Reader(octets)
    ident, flags, *counts = reader.number("6H")
    message = Message(ident, flags, size=len(octets))
    for _ in range(counts[0]):
        name = reader.name()
        message.question.append((name, *reader.number("2H")))
    for section, count in zip(("answer", "authority", "additional"), counts[1:]):
        getattr(message, section).extend(reader.record() for _ in range(count))
    if reader.at != len(octets):
        raise Malformed(f"{len(octets) - reader.at} octets after the end")
    opts = [r for r in message.additional if r.type == "OPT"]
    if len(opts) > 1:
        raise Malformed("two OPT records")
    if opts:
        message.opt = opts[0]
        message.additional.remove(opts[0])
    return message


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ask_udp(address, port, octets, timeout=3.0, every=None):
    """Sends a query, once or again `every` so many seconds without an answer."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sock:
        sock.connect((address, port))
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            sock.settimeout(min(left, every or left))
            sock.send(octets)
            try:
                return sock.recv(65535)
            except TimeoutError:
                pass
    raise TimeoutError(f"no answer within {timeout} s")


def receive_exactly(sock, count):
    out = b""
    while len(out) < count:
        part = sock.recv(count - len(out))
        if not part:
            raise ConnectionError(f"closed after {len(out)} of {count} octets")
        out += part
    return out


def ask_tcp(address, port, octets, timeout=3.0):
    with socket.create_connection((address, port), timeout) as sock:
        sock.sendall(struct.pack("!H", len(octets)) + octets)
        return receive_exactly(sock, struct.unpack("!H", receive_exactly(sock, 2))[0])


def ask(port, name, qtype="A", tcp=False, address="127.0.0.1", **options):
    """Asks and reads the answer, checking what every response must have."""
    sent = query(name, qtype, **options)
    octets = (ask_tcp if tcp else ask_udp)(address, port, sent)
    message = parse(octets)
    assert message.ident == struct.unpack("!H", sent[:2])[0]
    assert message.qr and not message.ra
    assert message.question and message.question[0][0].lower() == name.rstrip(".").lower() + "."
    if not tcp:
        assert message.size <= max(512, options.get("edns") or 512)
    return message
