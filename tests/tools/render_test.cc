#include "tools/zonectl/render.h"

#include <catch2/catch.hpp>

using namespace holdfast::zonectl;

TEST_CASE("a refusal says what was seen, what is allowed and what to do") {
  const Json outcome = Json::parse(R"({"outcome": "refused", "zone": "x.example.", "generation": 9,
    "committed": 8, "unlisted": 3, "reasons": [
    {"rule": "vanished", "name": "old.x.example.", "type": "", "observed": "absent", "limit": "present",
     "detail": "the name is missing"},
    {"rule": "empty-answer", "name": "old.x.example.", "type": "A", "observed": "no data", "limit": "an answer",
     "detail": "clients would get nothing"},
    {"rule": "floor", "name": "*.api.x.example.", "type": "A", "observed": "1 target", "limit": "2", "detail": ""}]})");
  CHECK(renderRefusal(outcome, Palette(false)) ==
        "Refused: generation 9 for x.example.: generation 8 stays.\n"
        "\n"
        "RULE          NAME              TYPE  OBSERVED  LIMIT\n"
        "vanished      old.x.example.          absent    present\n"
        "    the name is missing\n"
        "empty-answer  old.x.example.    A     no data   an answer\n"
        "    clients would get nothing\n"
        "floor         *.api.x.example.  A     1 target  2\n"
        "    … and 3 findings more\n"
        "\n"
        "If the loss is meant, name it: --remove old.x.example.\n"
        "If it is right all the same, override it: --allow 'floor:*.api.x.example.' --reason TEXT\n");
}

TEST_CASE("every rule has a way out or says that there is none") {
  for (const char* rule :
       {"stale-generation", "base-mismatch", "expired", "invalid", "unreadable", "empty-answer", "vanished",
        "floor", "velocity", "ttl", "bogus-target", "apex-changed", "frozen", "timeout"}) {
    const Json outcome{{"outcome", "refused"},
                       {"zone", "x."},
                       {"reasons", Json::array({{{"rule", rule}, {"name", "a.x."}, {"type", "A"}}})}};
    const std::string text = renderRefusal(outcome, Palette(false));
    CAPTURE(text);
    CHECK(text.size() > text.find("\n\n", text.find("RULE")) + 10);
  }
}

TEST_CASE("a diff shows targets, capacity and records") {
  const Json outcome =
      Json::parse(R"json({"outcome": "accepted", "zone": "x.example.", "generation": 9, "serial": 9,
    "committed": 8, "changes": {"added": 0, "removed": 1, "changed": 1}, "diff_truncated": true, "diff": [
    {"name": "api.x.example.", "rrsets": [{"type": "A", "records": {"before": 4, "after": 3},
      "capacity": {"before": 400, "after": 300}, "ttl": {"before": 5, "after": 5},
      "added": ["192.0.2.7 (weight 100)"], "removed": ["192.0.2.1 (weight 100)", "192.0.2.2 (weight 100)"]}]},
    {"name": "old.x.example.", "rrsets": [{"type": "TXT", "records": {"before": 1, "after": 0},
      "ttl": {"before": 60, "after": 0}, "added": [], "removed": ["\"hello\""]}]}]})json");
  CHECK(renderOutcome(outcome, Palette(false)) ==
        "NAME            TYPE  RECORDS  CAPACITY   EFFECT            TTL\n"
        "api.x.example.  A     4 → 3    400 → 300  ███████░░░ -25 %  5\n"
        "    - 192.0.2.1 (weight 100)\n"
        "    - 192.0.2.2 (weight 100)\n"
        "    + 192.0.2.7 (weight 100)\n"
        "old.x.example.  TXT   1 → 0                                 60 → 0\n"
        "    - \"hello\"\n"
        "    … and more: 0 names added, 1 removed, 1 changed\n"
        "\n"
        "Would be published as generation 9 of x.example., serial 9: 0 names added, 1 removed, 1 changed.\n");
}

TEST_CASE("status and history") {
  const Json status = Json::parse(R"({"version": "0.1.0", "uptime_seconds": 93784.5, "pid": 7,
    "listen": ["127.0.0.1:5300"], "zones": [{"zone": "x.", "planned": 9, "committed": 8, "served": 8, "serial": 8,
    "age_seconds": 61, "names": 3, "records": 4, "endpoints": 1, "frozen": null,
    "quarantined": {"endpoints": 3, "generation": 7}, "last_refusal": {"at": "T",
    "generation": 9, "reasons": [{"rule": "floor", "name": "a.x.", "type": "A", "detail": "too few"}]}}],
    "enactors": [{"zone": "x.", "name": "watch:/p", "healthy": false, "detail": "gone", "submitted": 1,
    "published": 1, "refused": 0}]})");
  CHECK(renderStatus(status, Palette(false)) ==
        "holdfastd 0.1.0, pid 7, up 1 d 2 h, listening on 127.0.0.1:5300\n"
        "\n"
        "ZONE  PLANNED  COMMITTED  SERVED        AGE  NAMES  RECORDS  ENDPOINTS  STATE\n"
        "x.          9          8       8  1 min 1 s      3        4          1  served\n"
        "    last refusal T, generation 9: floor a.x./A: too few\n"
        "    quarantine: since the start plans were published without 3 endpoints of theirs, last generation "
        "7\n"
        "\n"
        "ZONE  ENACTOR   HEALTH  SUBMITTED  PUBLISHED  REFUSED  LAST\n"
        "x.    watch:/p  unwell          1          1        0  gone\n");
  Json other = status;
  other["zones"][0]["serial"] = 2026112101;
  CHECK(renderStatus(other, Palette(false)).find("  2026112101  ") != std::string::npos);
  CHECK(renderStatus(Json::object(), Palette(false)).find("No zones") != std::string::npos);
  CHECK(renderHistory(Json(), Palette(false)) == "Nothing was submitted yet.\n");
}

TEST_CASE("documents of another shape leave blanks, and nothing falls over") {
  for (const char* text :
       {"null", "[]", "\"x\"", R"({"reasons": 5, "diff": [1, {"rrsets": [2]}], "zone": {}})"}) {
    const Json document = Json::parse(text);
    CHECK_NOTHROW(renderStatus(document, Palette(false)));
    CHECK_NOTHROW(renderHistory(document, Palette(false)));
    CHECK_NOTHROW(renderOutcome(document, Palette(false)));
    CHECK_NOTHROW(renderRefusal(document, Palette(false)));
  }
}

TEST_CASE("durations") {
  CHECK(durationText(0.4) == "0 s");
  CHECK(durationText(59) == "59 s");
  CHECK(durationText(3600) == "1 h");
  CHECK(durationText(3725) == "1 h 2 min");
}

TEST_CASE("findings stand in the order of the document, errors first") {
  const Json outcome = Json::parse(R"({"outcome": "refused", "unlisted_warnings": 4,
    "warnings": [{"code": "w12", "where": "line 12"}, {"code": "w0", "where": ""}, {"code": "w9", "where": "line 9"}],
    "reasons": [{"rule": "invalid", "code": "e20", "where": "line 20"}, {"rule": "ttl", "where": "line 3"}]})");
  const std::string text = renderFindings(outcome, Palette(false));
  std::size_t at = 0;
  for (const char* next : {"error     ttl", "error     e20", "warning   w9", "warning   w12", "warning   w0",
                           "4 warnings more"}) {
    INFO(text << next);
    const std::size_t found = text.find(next, at);
    REQUIRE(found != std::string::npos);
    at = found;
  }
}

TEST_CASE("an outcome shows some warnings and counts the others") {
  Json outcome{{"outcome", "published"}, {"zone", "x."}, {"generation", 2}, {"unlisted_warnings", 5}};
  CHECK(renderOutcome(outcome, Palette(false)).find("5 warnings:") != std::string::npos);
  for (int i = 0; i < 12; ++i)
    outcome["warnings"].push_back({{"code", "c" + std::to_string(i)}, {"where", ""}});
  const std::string text = renderOutcome(outcome, Palette(false));
  CHECK(text.find("17 warnings:") != std::string::npos);
  CHECK(text.find("c9\n") != std::string::npos);
  CHECK(text.find("c10") == std::string::npos);
  CHECK(text.find("and 7 warnings more") != std::string::npos);
}
