"""What zonectl check says of bad zones, beside named-checkzone, kzonecheck and nsd-checkzone."""

import json
import subprocess

import bad_zones
import holdfast
import pytest

PEERS = {"named-checkzone": ["named-checkzone", "example."],
         "kzonecheck": ["kzonecheck", "-o", "example."],
         "nsd-checkzone": ["nsd-checkzone", "example."]}

# What two of the three refuse and Holdfast takes, with the reason.
ELSEWHERE = "a plan of endpoints need not hold the addresses of the zone's servers: clients have the parent's glue"
TAKEN = {"no SOA": "the server makes the SOA where a plan has none, and its serial follows the generation",
         "apex NS without address": ELSEWHERE,
         "apex NS with other data only": ELSEWHERE,
         "apex NS below a DNAME": ELSEWHERE}

ERRORS = {"several-records", "no-apex-ns", "cname-and-other-data", "below-dname", "apex-ns-is-cname",
          "response-too-large", "ds-digest", "nsec3-hash", "nsec3-iterations-limit", "svcb-mandatory",
          "wildcard-ns"}

# What Holdfast refuses though not two of the three do: the query path could not answer it by the rules, the guard
# could not judge it (a wildcard's name with NS is a delegation, the names it makes are not), or (None) the document is not what it says, such as a name outside the zone.
OURS = {"response-too-large", "nsec3-hash", "nsec3-iterations-limit", "wildcard-ns", None}


def check(file, *options):
    done = subprocess.run([holdfast.BIN / "zonectl", "--format", "json", "check", file, *options],
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(params=bad_zones.ZONES)
def bad(request, tmp_path):
    text, code = bad_zones.ZONES[request.param]
    file = tmp_path / "zone"
    file.write_text(text)
    return request.param, file, code


def test_each_fault_is_found_by_its_code(bad):
    what, file, code = bad
    status, document = check(file)
    errors = {reason.get("code", reason["rule"]) for reason in document.get("reasons", [])}
    warnings = {warning["code"] for warning in document.get("warnings", [])}
    if code == "":
        assert (status, errors, warnings) == (holdfast.DONE, set(), set()), what
        assert check(file, "--strict")[0] == holdfast.DONE
    elif code is None:
        assert (status, errors) == (holdfast.REFUSED, {"invalid"}), what
    elif code in ERRORS:
        assert status == holdfast.REFUSED and code in errors, (what, document)
    else:
        assert status == holdfast.DONE and code in warnings, (what, document)
        assert check(file, "--strict")[0] == holdfast.REFUSED
    for finding in document.get("reasons", []) + document.get("warnings", []):
        assert finding["name"] and finding["observed"] and finding["limit"] and finding["detail"], finding


def test_what_two_peers_refuse_is_refused_or_listed(bad):
    what, file, code = bad
    refusing = [peer for peer, command in PEERS.items()
                if subprocess.run([*command, file], capture_output=True, timeout=60, check=False).returncode != 0]
    refused = check(file)[0] == holdfast.REFUSED
    if what in TAKEN:
        assert len(refusing) >= 2 and not refused, f"{what} need not be listed: {refusing}"
    else:
        assert refused or len(refusing) < 2, f"{what}: {refusing} refuse it"
        assert not refused or len(refusing) >= 2 or code in OURS, f"{what}: only {refusing} refuse it"


def test_the_peers_take_the_good_zone_and_refuse_one_without_ns(tmp_path):
    """A peer that refuses or takes everything would prove nothing above."""
    for text, wanted in ((bad_zones.HEAD, 0), (bad_zones.zone("a IN CNAME ns1", "a IN A 192.0.2.9"), 1)):
        file = tmp_path / "zone"
        file.write_text(text)
        for peer, command in PEERS.items():
            done = subprocess.run([*command, file], capture_output=True, text=True, timeout=60, check=False)
            assert (done.returncode != 0) == bool(wanted), (peer, done.stdout, done.stderr)


def test_warnings_are_shown_by_push_counted_and_do_not_refuse(make_server):
    server = make_server().add_zone("example")
    text = bad_zones.zone("a IN CNAME nothing", *[f"b{i} IN CNAME nothing" for i in range(20)])
    file = server.write("zone", text)
    pushed = server.zonectl("push", "example", file, "--yes")
    assert pushed.returncode == holdfast.DONE, pushed.stderr
    assert "21 warnings:" in pushed.stdout and "dangling-alias" in pushed.stdout
    assert "11 warnings more: zonectl check FILE" in pushed.stdout
    assert 'holdfast_plan_warnings_total{zone="example."} 21' in server.metrics()
    document = json.loads(server.zonectl("--format", "json", "push", "example", file, "--dry-run").stdout)
    assert len(document["warnings"]) == 21 and document["warnings"][0]["where"] == "line 8"


def test_an_error_is_refused_by_the_server_with_code_and_place(make_server):
    server = make_server().add_zone("example")
    reply = server.refused(bad_zones.zone("@ IN NS ns3", "ns3 IN CNAME ns1"), "example")
    reason = reply.reason("invalid", "example.")
    assert reason["code"] == "apex-ns-is-cname" and reason["where"] == "line 4"
    assert server.history("example")[0]["reasons"][0]["code"] == "apex-ns-is-cname"


def test_findings_stand_in_the_order_of_the_file_errors_first(tmp_path):
    file = tmp_path / "zone"
    file.write_text(bad_zones.zone(*[f"w{i} IN CNAME nothing" for i in range(9, 0, -1)],
                                   "e IN CNAME ns1", "e IN TXT x"))
    done = subprocess.run([holdfast.BIN / "zonectl", "check", file], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == holdfast.REFUSED
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(("error", "warning"))]
    assert [row[0] for row in rows] == ["error"] + ["warning"] * 9
    assert [int(row[3]) for row in rows[1:]] == list(range(8, 17))
    assert done.stdout.splitlines()[-1].endswith(": 1 error, 9 warnings as the first plan of example.")
