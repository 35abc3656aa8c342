// What it costs to read the endpoints of a JSON plan: text to compiled nodes, no table made of them. The same
// plan is read by simdjson alone and with our own reader first, in turn, and the ratio printed; then the
// whole of parseJsonPlan.
//   bench_json_plan [--endpoints N | --file PLAN]    100000 endpoints without
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "zone/json_cutter.h"
#include "zone/json_piece_reader.h"

namespace holdfast::bench {

namespace {

/// Endpoints as Workload has them (tests/bench/workload.h): four A, for every fourth two AAAA. `extra` goes
/// into each target.
std::string planOf(unsigned endpoints, std::string_view extra) {
  std::string text = R"({"plan":1,"generation":1,"kind":"full","endpoints":{)";
  const auto dotted = [](unsigned n) {
    return std::to_string(n >> 16 & 255) + '.' + std::to_string(n >> 8 & 255) + '.' + std::to_string(n & 255);
  };
  const auto target = [&](const std::string& address) {
    return "{\"address\":\"" + address + '"' + std::string(extra) + '}';
  };
  for (unsigned i = 0; i < endpoints; ++i) {
    text += (i == 0 ? "\"ep" : ",\n\"ep") + std::to_string(i) + ".svc" + std::to_string(i % 97) +
            R"(":{"ttl":5,"targets":[)";
    for (unsigned n = 0; n < 4; ++n) text += (n == 0 ? "" : ",") + target("10." + dotted(i * 4 + n));
    for (unsigned n = 0; n < 2 && i % 4 == 0; ++n) {
      std::array<char, 40> address{};
      std::snprintf(address.data(), address.size(), "2001:db8::%x:%x", i >> 16, (i & 0xffff) + n);
      text += "," + target(address.data());
    }
    text += "]}";
  }
  return text + "}}";
}

const Name& zone() {
  static const Name name = *Name::absolute("us-east-1.example.net");
  return name;
}

/// Calls `work` and keeps the least of the seconds of processor time.
template <class Work>
void timed(double& least, Work work) {
  const std::clock_t start = std::clock();
  work();
  least = std::min(least, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
}

std::size_t readOnce(const std::vector<std::string>& pieces, EndpointReading reading, double& least) {
  const PlanLimits limits;
  std::atomic<std::size_t> targets{0};
  JsonPieceReader reader(zone(), limits, targets, {}, reading);
  timed(least, [&] {
    for (const std::string& piece : pieces) {
      const Result<bool> read = reader.read(piece);
      if (!read || !*read) std::fprintf(stderr, "%s\n", read ? "not JSON" : read.error().text().c_str());
    }
  });
  return reader.endpoints().nodes.size();
}

void measure(const char* what, const std::string& text) {
  constexpr int kRounds = 3;
  constexpr std::size_t kPieceOctets = std::size_t{96} << 10;  // as parseJsonPlan has it
  std::vector<std::string> pieces;
  JsonCutter cutter("endpoints", kPieceOctets, [&](std::string& members) { pieces.push_back(members); });
  cutter.feed(text);
  if (!cutter.finish()) return void(std::fprintf(stderr, "%s: no endpoints\n", what));
  double plainFirst = std::numeric_limits<double>::max();
  double simdjsonOnly = plainFirst;
  double whole = plainFirst;
  std::size_t endpoints = 0;
  for (int round = 0; round < kRounds; ++round) {
    endpoints = readOnce(pieces, EndpointReading::PlainFirst, plainFirst);
    readOnce(pieces, EndpointReading::SimdjsonOnly, simdjsonOnly);
    timed(whole, [&] { (void)parseJsonPlan(text, zone(), PlanLimits{}); });
  }
  const double megabytes = static_cast<double>(text.size()) / 1e6;
  std::printf("%-10s %9zu %9.1f %9.0f %14.0f %7.1f %12.3f\n", what, endpoints, megabytes,
              megabytes / plainFirst, megabytes / simdjsonOnly, simdjsonOnly / plainFirst, whole);
}

}  // namespace

}  // namespace holdfast::bench

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  const std::string_view option = argc == 3 ? argv[1] : "";
  std::printf("%-10s %9s %9s %9s %14s %7s %12s\n", "PLAN", "ENDPOINTS", "MB", "MB/S", "SIMDJSON ALONE",
              "RATIO", "PLAN SECONDS");
  if (option == "--file") {
    std::ifstream file(argv[2], std::ios::binary);
    measure("file", std::string(std::istreambuf_iterator<char>(file), {}));
    return 0;
  }
  const unsigned endpoints = option == "--endpoints" ? static_cast<unsigned>(std::stoul(argv[2])) : 100'000;
  measure("addresses", planOf(endpoints, ""));
  measure("described", planOf(endpoints, R"(, "id": "i-0123456789abcdef0", "weight": 250)"));
  measure("escaped", planOf(endpoints, R"(,"id":"rack\/7")"));  // what is left to simdjson
}
