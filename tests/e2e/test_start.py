"""Starts from compiled images: the same answers, history and judgement as without, and sooner."""

from holdfast import ZONE, delta, endpoint, full, wait_for

# Upkeep looks every 100 ms, and writes an image whenever something has changed.
EAGER = {"image": {"names": 1, "changes": 1, "pause": "100ms", "disk-reserve": "0"}, "good": {"after": "400ms"}}


def count(server, event):
    start = f'holdfast_images_total{{event="{event}"}} '
    return next(int(float(line[len(start):])) for line in server.metrics().splitlines() if line.startswith(start))


def test_a_start_after_kill_9_uses_the_image_and_what_was_committed_since(make_server):
    server = make_server(image={"names": 1, "pause": "1h", "disk-reserve": "0"}, good={"after": "400ms"}).add_zone()
    image = server.dir / "state" / "images" / f"{ZONE.rstrip('.')}.image"
    names = [f"ep{i}" for i in range(300)]
    server.publish(full(1, {name: endpoint("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4") for name in names}))
    wait_for(image.exists, "the image is written")
    server.publish(delta(1, {"ep7": endpoint("192.0.2.7", "192.0.2.8", "192.0.2.9")}, remove=["ep8"]))
    before = server.get(f"/v1/zones/{ZONE}/plans/2", accept="text/dns").text
    server.kill()
    server.start()
    assert count(server, "used") == 1
    assert count(server, "refused") == 0
    assert server.served() == 2
    assert sorted(server.addresses("ep7")) == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]
    assert sorted(server.addresses("ep9")) == [f"192.0.2.{i}" for i in (1, 2, 3, 4)]
    assert server.ask("ep8").is_nxdomain
    assert server.get(f"/v1/zones/{ZONE}/plans/2", accept="text/dns").text == before
    verified = server.zonectl("history", ZONE, "--verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    # A quarter of ep7 went before the start: another half of what it has is more than the window allows.
    assert server.refused(delta(2, {"ep7": endpoint("192.0.2.7")})).rules
    server.publish(delta(2, {"ep9": endpoint("192.0.2.1", "192.0.2.2", "192.0.2.3")}))
    assert server.served() == 3


def test_a_damaged_image_costs_nothing_but_time(make_server):
    server = make_server(**EAGER).add_zone()
    image = server.dir / "state" / "images" / f"{ZONE.rstrip('.')}.image"
    server.publish(full(1, {f"ep{i}": endpoint("192.0.2.1") for i in range(300)}))
    wait_for(image.exists, "the image is written")
    server.kill()
    octets = bytearray(image.read_bytes())
    octets[len(octets) // 2] ^= 1
    image.write_bytes(octets)
    server.start()
    assert count(server, "refused") == 1
    assert "the store is read instead" in server.log()
    assert server.addresses("ep5") == ["192.0.2.1"]
    wait_for(lambda: count(server, "written") == 1, "another image is written")
    server.kill()
    server.start()
    assert count(server, "used") == 1
    assert server.addresses("ep5") == ["192.0.2.1"]
