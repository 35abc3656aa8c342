"""Malformed packets: at most one response each, none of them malformed, and the server lives."""

import random
import socket
import struct
import time

import dns
import holdfast
import pytest
from holdfast import ZONE, endpoint, full
from sample import everything

NAME = f"dynamodb.{ZONE}"


@pytest.fixture(scope="module")
def server():
    server = holdfast.Server(threads=1)
    try:
        server.start().add_zone()
        server.publish(everything())
        yield server
        assert server.is_alive(), server.log()
    finally:
        server.close()


def send_all(server, packets):
    """Sends each packet from a socket of its own and returns the responses to each, after a proof query on a
    last socket has shown that the server is through. One worker thread, so order is kept."""
    results = []
    for start in range(0, len(packets), 100):
        batch = packets[start:start + 100]
        sockets = []
        for packet in batch:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.connect(("127.0.0.1", server.port))
            sock.send(packet)
            sockets.append(sock)
        assert server.ask("dynamodb").answer, "the server does not answer any more"
        time.sleep(0.02)
        for sock in sockets:
            sock.setblocking(False)
            received = []
            while True:
                try:
                    received.append(sock.recv(65535))
                except BlockingIOError:
                    break
            results.append(received)
            sock.close()
    return results


def check(server, packets):
    for packet, responses in zip(packets, send_all(server, packets)):
        assert len(responses) <= 1, packet.hex()
        for response in responses:
            message = dns.parse(response)  # raises when malformed
            assert message.qr and len(response) <= 4096, packet.hex()
            assert response[:2] == packet[:2], packet.hex()


def test_every_truncation_of_a_query(server):
    whole = dns.query(NAME, edns=1232, do=True)
    check(server, [whole[:end] for end in range(len(whole))])


def test_every_octet_changed(server):
    whole = dns.query(NAME, edns=1232)
    packets = []
    for at in range(len(whole)):
        for value in (0x00, 0xff, 0xc0, 0x3f, 0x40, 0x80):
            packets.append(whole[:at] + bytes([value]) + whole[at + 1:])
    check(server, packets)


def test_random_octets(server):
    generator = random.Random(20251019)
    check(server, [generator.randbytes(generator.randrange(0, 600)) for _ in range(1500)])


def test_random_octets_behind_a_good_header(server):
    generator = random.Random(2)
    packets = []
    for _ in range(1500):
        counts = [generator.choice([0, 1, 1, 2, 65535]) for _ in range(4)]
        header = struct.pack("!6H", generator.randrange(65536), generator.choice([0, 0x100]), *counts)
        packets.append(header + generator.randbytes(generator.randrange(0, 300)))
    check(server, packets)


def test_compression_loops_and_forward_pointers_in_the_question(server):
    header = struct.pack("!6H", 7, 0, 1, 0, 0, 0)
    tail = struct.pack("!2H", 1, 1)
    packets = [header + name + tail for name in (
        b"\xc0\x0c", b"\xc0\x0d\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\xff", b"\xff\xff", b"\x01a\xc0\x0e", b"\xc0",
        b"\x3f" + b"a" * 63 + b"\xc0\x0c", b"\xc0\x00", b"\x40a\0", b"\x80a\0")]
    check(server, packets)


def test_names_at_and_over_the_limits(server):
    header = struct.pack("!6H", 7, 0, 1, 0, 0, 0)
    tail = struct.pack("!2H", 1, 1)
    longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"
    assert len(longest) == 255
    over = (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0"
    many = b"\x01a" * 127 + b"\0"
    check(server, [header + name + tail for name in (longest, over, many, b"\x01a" * 200 + b"\0")])
    answer = dns.parse(dns.ask_udp("127.0.0.1", server.port, header + longest + tail))
    assert answer.rcode == dns.REFUSED


def test_no_questions_two_questions_and_a_question_of_another_class(server):
    question = dns.encode_name(NAME) + struct.pack("!2H", 1, 1)
    none = struct.pack("!6H", 1, 0, 0, 0, 0, 0)
    two = struct.pack("!6H", 2, 0, 2, 0, 0, 0) + question * 2
    chaos = dns.query(NAME, qclass=3)
    check(server, [none, two, chaos])
    assert dns.parse(dns.ask_udp("127.0.0.1", server.port, two)).rcode == dns.FORMERR
    assert dns.parse(dns.ask_udp("127.0.0.1", server.port, chaos)).rcode in (dns.REFUSED, dns.NOTIMP)


def test_a_response_is_never_answered(server):
    response = dns.query(NAME, flags=0x8000)
    assert send_all(server, [response] * 20) == [[]] * 20


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 15])
def test_another_opcode_is_notimp(server, opcode):
    packet = dns.query(NAME, flags=opcode << 11)
    answer = dns.parse(dns.ask_udp("127.0.0.1", server.port, packet))
    assert answer.rcode in (dns.NOTIMP, dns.REFUSED, dns.FORMERR) and answer.flags >> 11 & 15 == opcode
    assert not answer.answer


def test_two_opt_records_are_formerr(server):
    packet = dns.query(NAME, edns=1232)
    opt = packet[-11:]
    packet = packet[:10] + b"\0\2" + packet[12:] + opt
    assert dns.parse(dns.ask_udp("127.0.0.1", server.port, packet)).rcode == dns.FORMERR


def test_an_opt_record_with_options_that_run_over_is_formerr_or_ignored(server):
    base = dns.query(NAME, edns=1232)[:-2]
    check(server, [base + struct.pack("!H", size) + junk for size, junk in (
        (4, b"\0\x0a\0\x08"), (3, b"\0\x0a\0"), (65535, b""), (8, b"\0\x0a\0\x04abcd"), (1, b"\0"))])


@pytest.mark.parametrize("qtype", [249, 250, 251, 252, 253, 254, 255, 0, 41, 65535])
def test_meta_types_get_one_small_answer(server, qtype):
    check(server, [dns.query(NAME, qtype)] * 3)


def test_any_over_udp_is_one_bounded_answer(server):
    answer = server.ask("@", "ANY")
    assert answer.size <= 512


def test_tcp_garbage_is_bounded_and_others_are_still_served(server):
    generator = random.Random(3)
    junk = [b"\0\0", b"\0\1x", b"\xff\xff" + generator.randbytes(65535), b"\0", b"\0\x0c" + b"\0" * 12,
            struct.pack("!H", 40) + generator.randbytes(40), generator.randbytes(5000)]
    for octets in junk:
        with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
            sock.settimeout(2)
            received = b""
            try:
                sock.sendall(octets)
                sock.shutdown(socket.SHUT_WR)
                while part := sock.recv(65536):
                    received += part
            except OSError:
                pass
            while received:
                size = struct.unpack("!H", received[:2])[0]
                dns.parse(received[2:2 + size])
                received = received[2 + size:]
        assert server.ask("dynamodb", tcp=True).answer


def test_an_octet_at_a_time_over_tcp_is_answered(server):
    message = dns.query(NAME)
    with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in struct.pack("!H", len(message)) + message:
            sock.sendall(bytes([octet]))
            time.sleep(0.001)
        size = struct.unpack("!H", dns.receive_exactly(sock, 2))[0]
        assert dns.parse(dns.receive_exactly(sock, size)).answer
