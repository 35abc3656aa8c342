"""I1: generations are compared at the commit, however long ago a plan was checked."""

import threading

import holdfast
from holdfast import ZONE, delta, endpoint, full


def at_once(server, *plans):
    """Submits each plan on a connection of its own, all released together."""
    barrier, replies = threading.Barrier(len(plans)), [None] * len(plans)

    def submit(index):
        barrier.wait()
        replies[index] = server.submit(plans[index])

    threads = [threading.Thread(target=submit, args=(i,)) for i in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return replies


def test_of_two_plans_at_the_same_moment_with_the_same_base_exactly_one_is_published(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    for base in range(1, 41):
        replies = at_once(server, *[delta(base, {"web": endpoint(f"198.51.100.{base}", f"203.0.113.{i}")})
                                    for i in (1, 2)])
        won = [reply for reply in replies if reply.status == 200]
        lost = [reply for reply in replies if reply.status == 409]
        assert len(won) == 1 and len(lost) == 1, replies
        assert won[0].json["generation"] == base + 1
        reason = lost[0].reason("base-mismatch")
        assert reason["observed"] == str(base) and reason["limit"] == str(base + 1)
        assert server.served() == base + 1


def test_of_ten_plans_of_one_generation_exactly_one_is_published(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    replies = at_once(server, *[full(2, {"web": endpoint(f"192.0.2.{i}")}) for i in range(10, 20)])
    assert sorted(reply.status for reply in replies) == [200] + [409] * 9
    winner = next(i for i, reply in enumerate(replies) if reply.status == 200)
    assert server.addresses("web") == [f"192.0.2.{winner + 10}"]
    assert all(reply.rules == {"stale-generation"} for reply in replies if reply.status == 409)


def test_an_older_plan_is_refused_although_it_was_valid_when_it_was_checked(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    old = full(2, {"web": endpoint("192.0.2.2")})
    assert server.submit(old, query="dry-run=true").status == 200  # checked: newer than what is served
    server.publish(full(7, {"web": endpoint("192.0.2.7")}))
    reason = server.refused(old).reason("stale-generation")
    assert reason["observed"] == "2" and "7" in reason["limit"]
    assert server.addresses("web") == ["192.0.2.7"] and server.served() == 7


def test_a_slow_upload_of_an_old_plan_is_refused_at_its_end(server):
    import json
    import socket
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    body = json.dumps(full(2, {"web": endpoint("192.0.2.2")})).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(server.control))
        sock.sendall(f"POST /v1/zones/{ZONE}/plans HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body[:-10])
        server.publish(full(3, {"web": endpoint("192.0.2.3")}))  # the faster Enactor
        sock.sendall(body[-10:])
        answer = b""
        while part := sock.recv(65536):
            answer += part
    assert b" 409 " in answer.split(b"\r\n")[0] and b"stale-generation" in answer
    assert server.addresses("web") == ["192.0.2.3"]


def test_the_same_generation_again_is_stale(server):
    plan = full(4, {"web": endpoint("192.0.2.1")})
    server.publish(plan)
    assert server.refused(plan).rules == {"stale-generation"}


def test_the_fence_yields_to_no_override(server):
    server.publish(full(4, {"web": endpoint("192.0.2.1")}))
    reply = server.submit(full(3, {"web": endpoint("192.0.2.1")}), query="allow=stale-generation&reason=please")
    assert reply.status == 400 and "never" in reply.text
    assert server.served() == 4


def test_zonectl_ends_with_status_3_for_a_refused_plan_and_names_the_rule(server):
    server.publish(full(4, {"web": endpoint("192.0.2.1")}))
    done = server.zonectl("push", ZONE, server.write("old.json", full(3, {"web": endpoint("192.0.2.1")})),
                          "--yes")
    assert done.returncode == holdfast.REFUSED
    assert "stale-generation" in done.stdout + done.stderr
