"""tools/bench/run computes and shows something true, and measures what it is to."""

import json
import re
import statistics
import sys
import xml.etree.ElementTree

import pytest
from holdfast import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "tools"))

from bench import arithmetic, data, measure_workers, plot, tables, targets  # noqa: E402  (found by the line above)
from bench import options as command_line  # noqa: E402
from bench.amounts import at_size  # noqa: E402
from bench.campaign import Campaign  # noqa: E402
from bench.holdfast import Holdfast, NoImage, SmallPages  # noqa: E402
from bench.peers import Gdnsd, Knot, NullEpoll  # noqa: E402


def cpu_row(server, endpoints, user, whole):
    return {"measure": "cpu", "server": server, "endpoints": endpoints, "user_ns": statistics.median(user),
            "system_ns": 0, "rounds": {"user_ns": user, "whole_ns": whole}}


def verdicts(rows):
    return {(line["title"], line["endpoints"]): (line["measured"], line["met"]) for line in targets.judged(rows)}


def test_percentiles_of_histograms():
    histogram = [[10, 989], [20, 10], [300, 1]]
    assert arithmetic.percentile(histogram, 0.5) == 10
    assert arithmetic.percentile(histogram, 0.989) == 10
    assert arithmetic.percentile(histogram, 0.99) == 20
    assert arithmetic.percentile(histogram, 0.999) == 20
    assert arithmetic.percentile(histogram, 1) == 300
    assert arithmetic.percentile([], 0.5) is None
    assert arithmetic.quantile([5, 1, 4, 2, 3], 0.5) == 3
    assert arithmetic.merged([[[1, 2], [5, 1]], [[3, 1], [5, 4]]]) == [[1, 2], [3, 1], [5, 5]]


def test_ratios_are_of_the_rounds_of_one_turn():
    # A load that doubles everything in one turn changes no ratio of a turn.
    assert arithmetic.ratios_by_turn([100, 200, 30], [200, 400, 120]) == [0.5, 0.5, 0.25]
    assert arithmetic.median([3, 1, 2, 10]) == 2.5
    assert arithmetic.median([]) is None
    assert arithmetic.ratio(1, None) is None and arithmetic.ratio(None, 1) is None and arithmetic.ratio(1, 4) == 0.25


def test_a_target_is_met_missed_or_not_measured():
    user = ("user CPU per answered query, of gdnsd's", 1000)
    whole = ("whole CPU per answered query, of the null responder's", 1000)
    rows = [cpu_row("holdfast", 1000, [50, 90, 40], [105, 210, 103]),
            cpu_row("gdnsd", 1000, [100, 200, 100], [1, 1, 1]),
            cpu_row("null", 1000, [1, 1, 1], [100, 200, 100])]
    assert verdicts(rows)[user] == (0.45, True)
    assert verdicts(rows)[whole] == (1.05, False)
    assert verdicts(rows)[user[0], 100_000] == (None, None)
    failed = [rows[0], {"measure": "cpu", "server": "gdnsd", "endpoints": 1000, "error": "did not start"}]
    assert verdicts(failed)[user] == (None, None)
    assert [line["title"] for line in targets.missed(targets.judged(rows))] == [whole[0]]
    scaling = {"measure": "workers", "server": "holdfast", "endpoints": 1_000_000, "scaling": 1.85}
    assert verdicts([scaling])["answers of two workers, of one's", 1_000_000] == (1.85, False)
    assert verdicts([scaling | {"scaling": 1.95}])["answers of two workers, of one's", 1_000_000] == (1.95, True)
    text = "\n".join(line for table in tables.all_tables(failed, targets.judged(failed)) for line in table.markdown())
    assert "did not start" in text


def test_two_workers_are_compared_with_one_of_the_same_turn():
    # Two share the CPU time of an answer: half each is twice the answers. A load doubles the second turn.
    turns = {1: [{"cpu": 1000, "wall": 1000}, {"cpu": 2000, "wall": 2400}, {"cpu": 1000, "wall": 1000}],
             2: [{"cpu": 1000, "wall": 500}, {"cpu": 2500, "wall": 2000}, {"cpu": 1250, "wall": 1000}]}
    row = measure_workers.row("holdfast", 1000, turns)
    assert row["rounds"]["scaling"] == [2, 1.6, 1.6] and row["scaling"] == 1.6
    assert row["rounds"]["elapsed_scaling"] == [2, 1.2, 1] and row["elapsed_scaling"] == 1.2
    assert (row["one_ns"], row["two_ns"]) == (1000, 1250)
    table = "\n".join(tables.worker_table(targets.Results([row])).markdown())
    assert "| holdfast | 1,000 | 1,000 ns | 1,250 ns | 1.60× | 1.20× |" in table


def test_how_often_is_measured_goes_by_what_for():
    usual, said = command_line.read([]), command_line.read(["--rounds", "7", "--seconds", "6"])
    one, other = at_size(usual, 1000, growth_alone=False), at_size(usual, 10_000, growth_alone=False)
    assert (one.rounds, one.seconds, one.swaps, one.few) == (5, 8, 3, True)
    assert other.seconds == 4, "no target for user CPU at this size"
    growth = at_size(usual, 1000, growth_alone=True)
    assert (growth.rounds, growth.seconds, growth.swaps, growth.few) == (2, 3, 1, False)
    for alone in (True, False):
        here = at_size(said, 1000, growth_alone=alone)
        assert (here.rounds, here.seconds) == (7, 6), "what was said holds"


def test_what_is_measured_for_growth_alone():
    def campaign(*arguments):
        return Campaign(command_line.read(arguments), [], None)
    everything, growth = campaign(), campaign("--only", "growth")
    assert everything.measures(Knot, 1000, True) == {"cpu"}
    assert everything.measures(Gdnsd, 1000, True) == {"cpu", "start", "memory", "swap"}
    assert everything.amounts("cpu", 5_000_000).rounds == 2 and everything.amounts("cpu", 1000).rounds == 5
    assert everything.amounts("swap", 1000).swaps == 1
    assert everything.amounts("swap", 1_000_000).swaps == 3 and everything.amounts("swap", 5_000_000).swaps == 1
    assert growth.measures(Holdfast, 1_000_000, True) == {"cpu", "start", "memory", "swap", "change"}
    assert growth.amounts("swap", 1_000_000).swaps == 1 and not growth.measures(Knot, 1000, True)


def test_a_variant_is_measured_where_it_differs_and_in_nothing_else():
    def sizes(kind, measure, *arguments):
        campaign = Campaign(command_line.read(arguments), [], None)
        return [size for size in (1000, 100_000, 1_000_000) if measure in campaign.measures(kind, size, True)]
    assert sizes(NullEpoll, "cpu") == [1000] and not sizes(NullEpoll, "start")
    assert sizes(SmallPages, "cpu") == [100_000, 1_000_000] and not sizes(SmallPages, "swap")
    assert sizes(NoImage, "start") == [1_000_000] and not sizes(NoImage, "cpu")
    for kind, measure in ((NullEpoll, "cpu"), (SmallPages, "cpu"), (NoImage, "start")):
        assert not sizes(kind, measure, "--only", "growth")


def test_a_first_plan_is_compared_with_what_reads_the_same_at_its_start():
    rows = [{"measure": "load", "server": name, "endpoints": 1_000_000, "seconds": seconds}
            for name, seconds in (("holdfast", 1.5), ("holdfast, zone file", 2.0))]
    rows += [{"measure": "start", "server": name, "endpoints": 1_000_000, "seconds": seconds}
             for name, seconds in (("holdfast", 0.1), ("gdnsd", 2.0), ("knot", 4.0))]
    assert verdicts(rows)["a first plan as JSON, of gdnsd's start from its zone file", 1_000_000] == (0.75, True)
    assert verdicts(rows)["the same content as a zone file, of Knot's start", 1_000_000] == (0.5, True)
    table = "\n".join(tables.load_table(targets.Results(rows)).markdown())
    assert "of gdnsd's start" in table and "of holdfast's" not in table
    assert "| holdfast, zone file | 1,000,000 | 2.00 s | 1.00× | 0.500× |" in table


def records_of_zone_file(lines):
    return {(name, kind, value) for name, kind, value in (line.split() for line in lines if line.startswith("ep"))}


def records_of_plan(text):
    return {(name, "AAAA" if ":" in target["address"] else "A", target["address"])
            for name, endpoint in json.loads(text)["endpoints"].items() for target in endpoint["targets"]}


@pytest.mark.parametrize("content", [data.OLD, data.NEW, data.FEW], ids=lambda content: content.name)
def test_the_plan_and_the_zone_file_hold_the_same(content):
    endpoints = 333
    zone = "".join(data.zone_blocks(endpoints, content))
    plan = "".join(data.plan_blocks(endpoints, content, "full"))
    records = records_of_zone_file(zone.splitlines())
    assert records == records_of_plan(plan)
    assert len(records) == 4 * endpoints + 2 * -(-endpoints // 4)
    assert len({value for _, _, value in records}) == len(records), "no address twice"


def test_contents_differ_in_what_they_say_they_do():
    of = {content.name: records_of_plan("".join(data.plan_blocks(1000, content, "full")))
          for content in (data.OLD, data.NEW, data.FEW)}
    assert not of["old"] & of["new"], "everything changes"
    assert {name for name, _, _ in of["few"] - of["old"]} == {f"ep{i}.svc{i % 97}" for i in range(0, 1000, 100)}
    delta = records_of_plan("".join(data.plan_blocks(1000, data.FEW, "delta")))
    assert delta == {record for record in of["few"] if re.fullmatch(r"ep\d*00\.svc\d+|ep0\.svc0", record[0])}
    for tag in (0, 1, 2, 32):
        assert int(data.addresses(tag, 0)[0][0].split(".")[0]) // 2 == data.first_octet_halved(tag)


def test_the_plot_has_a_point_where_it_belongs():
    rows = [cpu_row("holdfast", 10 ** power, [100 * power], [1]) for power in (3, 4, 5)]
    drawing = xml.etree.ElementTree.fromstring(plot.svg(rows))
    circles = drawing.findall(".//{*}circle")
    assert [circle.find("{*}title").text for circle in circles] == [
        f"holdfast, {10 ** power:,} endpoints: {100 * power}" for power in (3, 4, 5)]
    across = [float(circle.get("cx")) for circle in circles]
    up = [float(circle.get("cy")) for circle in circles]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2), "decades are equally wide"
    assert up[0] > up[1] > up[2], "more is higher"
