"""What is no plan gets one clear message and the right status, and changes nothing."""

import json
import socket

import holdfast
import pytest
from holdfast import ZONE, endpoint, full
from test_plans import ZONE_FILE

GOOD = full(2, {"web": endpoint("192.0.2.2")})


def changed(**changes):
    return {**GOOD, **changes}


BAD_JSON = {
    "generation-as-text": (changed(generation="2"), "/generation"),
    "generation-negative": (changed(generation=-1), "/generation"),
    "generation-too-large": (changed(generation=2 ** 64), ""),
    "endpoints-as-list": (changed(endpoints=[]), "/endpoints"),
    "targets-as-object": (changed(endpoints={"web": {"ttl": 5, "targets": {}}}), "/endpoints/web/targets"),
    "weight-as-text": (changed(endpoints={"web": {"ttl": 5, "targets": [
        {"id": "a", "address": "192.0.2.1"}, {"id": "b", "address": "192.0.2.2", "weight": "1"}]}}),
                       "/endpoints/web/targets/1/weight"),
    "no-address": (changed(endpoints={"web": endpoint("192.0.2.300")}), "/endpoints/web/targets/0/address"),
    "unknown-key": (changed(endpionts={}), "/endpionts"),
    "unknown-key-in-endpoint": (changed(endpoints={"web": {**endpoint("192.0.2.1"), "tll": 5}}),
                                "/endpoints/web/tll"),
    "pick-zero": (changed(endpoints={"web": {**endpoint("192.0.2.1"), "answer": {"pick": 0}}}),
                  "/endpoints/web/answer/pick"),
    "kind-unknown": (changed(kind="partial"), "/kind"),
    "delta-without-base": ({**GOOD, "kind": "delta"}, "/base"),
    "version-unknown": (changed(plan=2), "/plan"),
    "time-malformed": (changed(expires="tomorrow"), "/expires"),
    "record-malformed": (changed(records=["@ 3600 IN NS ns1.example.org.", "www 60 IN A not-an-address"]),
                         "/records/1"),
    "not-an-object": ([1, 2, 3], ""),
    "record-out-of-zone": (changed(records=["@ 3600 IN NS ns1.example.org.", "www.example.com. 60 IN A 192.0.2.1"]),
                           "/records/1"),
    "endpoint-out-of-zone": (changed(endpoints={"www.example.com.": endpoint("192.0.2.1")}),
                             "/endpoints/www.example.com."),
    "removal-out-of-zone": (changed(remove=["www.example.com."]), "/remove/0"),
    "endpoint-twice": (changed(endpoints={"web": endpoint("192.0.2.1"), "WEB": endpoint("192.0.2.2")}),
                       "/endpoints/WEB"),
    "label-too-long": (changed(endpoints={"a" * 64: endpoint("192.0.2.1")}), "/endpoints/"),
}


@pytest.fixture
def serving(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    return server


def check_refused(server, reply):
    assert reply.status in (400, 409), reply
    assert server.served() == 1 and server.addresses("web") == ["192.0.2.1"]


@pytest.mark.parametrize("case", BAD_JSON)
def test_a_plan_that_breaks_the_format_is_refused_with_a_json_pointer(serving, case):
    plan, pointer = BAD_JSON[case]
    reply = serving.submit(json.dumps(plan).encode())
    check_refused(serving, reply)
    assert pointer in reply.text, reply


def test_every_bad_plan_ends_zonectl_with_3_or_1_and_its_pointer(serving):
    for plan, pointer in BAD_JSON.values():
        done = serving.zonectl("push", ZONE, serving.write("bad.json", json.dumps(plan)), "--yes")
        assert done.returncode in (holdfast.REFUSED, holdfast.OTHER), done
        assert pointer in done.stdout + done.stderr, done
    assert serving.served() == 1


def test_a_truncated_document_is_refused_wherever_it_ends(serving):
    body = json.dumps(GOOD).encode()
    for end in [0, 1, 2, *range(5, len(body) - 1, 17), len(body) - 1]:
        check_refused(serving, serving.submit(body[:end]))


def test_a_truncated_document_is_told_with_line_and_column(serving):
    body = json.dumps(GOOD, indent=1)
    reply = serving.submit(body[:body.index("targets")].encode())
    check_refused(serving, reply)
    assert "line" in reply.text and "JSON" in reply.text


@pytest.mark.parametrize("broken, line", [
    (ZONE_FILE.replace("192.0.2.80", "192.0.2.800"), 5),
    (ZONE_FILE + "x IN NOSUCHTYPE y\n", 8),
    (ZONE_FILE + "www.example.com. IN A 192.0.2.1\n", 8),
    (ZONE_FILE + 'open IN TXT "never closed\n', 8),
    (ZONE_FILE + 'open IN TXT ( "never closed"\nlost IN A 192.0.2.1\n', 8),
    (ZONE_FILE + "y CH A 192.0.2.1\n", 8),
], ids=["bad-address", "bad-type", "out-of-zone", "open-quote", "open-parenthesis", "class"])
def test_a_zone_file_with_an_error_is_refused_with_its_line(serving, broken, line):
    reply = serving.submit(broken, query="generation=2")
    check_refused(serving, reply)
    assert f"line {line}" in reply.text, reply


def test_zonectl_check_finds_the_error_without_a_server(tmp_path):
    import subprocess
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(GOOD))
    bad.write_text(json.dumps(changed(kind="partial")))
    broken = tmp_path / "broken.zone"
    broken.write_text(ZONE_FILE.replace("192.0.2.80", "192.0.2.800"))
    for path, status, part in [(good, 0, ""), (bad, 1, "/kind"), (broken, 1, "line 5")]:
        done = subprocess.run([holdfast.BIN / "zonectl", "check", path, "--zone", ZONE], capture_output=True,
                              text=True, timeout=30, check=False)
        assert done.returncode in ((0,) if status == 0 else (1, 3)), done
        assert part in done.stdout + done.stderr, done


def test_200_mb_of_garbage_is_refused_and_the_memory_comes_back(make_server):
    server = make_server(limits={"plan-bytes": "1G"}).add_zone()
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    before = server.resident()
    reply = server.submit(b"\xde\xad\xbe\xef" * (50 * 1024 * 1024))
    assert reply.status in (400, 413) and len(reply.text) < 10_000 and reply.text.strip()
    holdfast.wait_for(lambda: server.resident() < before + 64 * 1024, "the memory is given back")
    assert server.addresses("web") == ["192.0.2.1"]


def test_a_body_over_the_limit_is_413(make_server):
    server = make_server(limits={"plan-bytes": "64K"}).add_zone()
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    try:
        assert server.submit(b"{" + b" " * 200_000 + b"}").status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may close before all is sent; the next line shows that it lives
    assert server.submit(b"{}").status in (400, 409)
    assert server.served() == 1


@pytest.mark.parametrize("method, path, kind, status", [
    ("POST", "/v1/nowhere", "application/json", 404),
    ("POST", "/v1/zones/other.example/plans", "application/json", 404),
    ("PUT", "/v1/status", "application/json", 405),
    ("POST", f"/v1/zones/{ZONE}/plans", "text/plain", 415),
    ("PUT", "/v1/zones/new.example", "application/json", 413),
    ("POST", f"/v1/zones/{ZONE}/rollback?reason=test", "application/json", 413),
])
def test_a_large_body_that_can_be_no_plan_is_not_kept(server, method, path, kind, status):
    size = 96 << 20
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    before = server.resident()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(server.control))
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\n"
                           f"Content-Length: {size}\r\n\r\n".encode())
        for _ in range(size // (1 << 20)):
            connection.sendall(b" " * ((1 << 20) - 1))
        holdfast.wait_for(lambda: server.get("/v1/status").status == 200, "it goes on")
        assert server.resident() < before + 32 * 1024
        connection.sendall(b" " * (size // (1 << 20)))
        reply = connection.recv(65_536).decode()
    assert reply.startswith(f"HTTP/1.1 {status} "), reply
    assert server.served() == 1 and server.status("new.example") is None
    server.publish(full(2, {"web": endpoint("192.0.2.2")}))


def test_deeply_nested_json_is_refused(serving):
    check_refused(serving, serving.submit(b"[" * 200_000 + b"]" * 200_000))
    check_refused(serving, serving.submit(b'{"endpoints":' * 50_000))


def test_a_wrong_content_type_unknown_parameters_and_bad_numbers_are_400(serving):
    body = json.dumps(GOOD).encode()
    assert serving.submit(body, content_type="image/png").status in (400, 415)
    for query in ("generation=x", "base=-1", "dry-run=perhaps", "allow=no-such-rule&reason=x", "remvoe=web"):
        assert serving.submit(body, query=query).status == 400, query
    assert serving.served() == 1


def test_a_generation_that_contradicts_the_document_is_refused(serving):
    check_refused(serving, serving.submit(GOOD, query="generation=5"))


def test_unknown_routes_and_methods_are_404_and_405(serving):
    assert serving.get("/v1/nothing").status == 404
    assert serving.get("/v1/zones/nowhere.example/plans").status == 404
    assert serving.get(f"/v1/zones/{ZONE}/plans/99").status == 404
    assert serving.request("PATCH", f"/v1/zones/{ZONE}").status in (404, 405, 501)


def test_http_garbage_does_not_end_the_server(serving):
    import socket
    for junk in (b"\0" * 4096, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/zones/x/plans HTTP/1.1\r\n"
                 b"Content-Length: -5\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
                 b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(2)
            sock.connect(str(serving.control))
            try:
                sock.sendall(junk)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
            except OSError:
                pass
    assert serving.is_alive() and serving.get("/v1/status").status == 200


def test_zonectl_without_a_server_ends_with_4(tmp_path):
    import subprocess
    done = subprocess.run([holdfast.BIN / "zonectl", "--control", tmp_path / "none.sock", "status"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == holdfast.UNREACHABLE and "none.sock" in done.stderr


def test_zonectl_with_a_missing_file_says_so(serving):
    done = serving.zonectl("push", ZONE, "/no/such/file.json", "--yes")
    assert done.returncode in (1, 2) and "/no/such/file.json" in done.stderr
