// What it costs to read a zone file: text to records, nothing made of them. The same text is read by ldns
// alone and with our own reader first, in turn, and the ratio printed.
//   bench_zone_text [--endpoints N]    100000 without
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>

#include "zone/record_text.h"

namespace holdfast::bench {

namespace {

/// Endpoints as Workload has them (tests/bench/workload.h): four A, for every fourth two AAAA.
std::string endpointLines(unsigned endpoints) {
  std::string text = "$TTL 60\n";
  const auto dotted = [](unsigned n) {
    return std::to_string(n >> 16 & 255) + '.' + std::to_string(n >> 8 & 255) + '.' + std::to_string(n & 255);
  };
  for (unsigned i = 0; i < endpoints; ++i) {
    const std::string owner = "ep" + std::to_string(i) + ".svc" + std::to_string(i % 97);
    for (unsigned n = 0; n < 4; ++n) text += owner + " A 10." + dotted(i * 4 + n) + '\n';
    for (unsigned n = 0; n < 2 && i % 4 == 0; ++n) {
      std::array<char, 40> address{};
      std::snprintf(address.data(), address.size(), "2001:db8::%x:%x", i >> 16, (i & 0xffff) + n);
      text += owner + " AAAA " + address.data() + '\n';
    }
  }
  return text;
}

/// The common types as people write them: columns, TTLs, quotes, comments.
std::string mixedLines(unsigned names) {
  std::string text;
  for (unsigned i = 0; i < names; ++i) {
    const std::string owner = "host" + std::to_string(i);
    text += owner + "\t3600\tIN\tNS\tns1.example.net. ; delegated\n";
    text += "\t\t3600\tIN\tMX\t10 mail." + owner + "\n";
    text += "\t\t1h\tIN\tTXT\t\"v=spf1 include:example.net -all\"\n";
    text += "_sip._tcp." + owner + " IN SRV 0 5 5060 " + owner + "\n";
    text += "www." + owner + " CNAME " + owner + ".example.org.\n";
  }
  return text;
}

/// What is left to ldns.
std::string signedLines(unsigned names) {
  std::string text;
  for (unsigned i = 0; i < names; ++i) {
    const std::string owner = "host" + std::to_string(i);
    text += owner + " 3600 DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
    text += owner + " 3600 RRSIG DS 13 4 3600 20300101000000 20200101000000 12345 example.net. " +
            std::string(86, 'A') + "==\n";
  }
  return text;
}

struct Cost {
  std::size_t records = 0;
  double seconds = std::numeric_limits<double>::max();  // of CPU, the least of some rounds
};

void readOnce(std::string_view text, RecordReading reading, Cost& cost) {
  std::size_t records = 0;
  std::size_t octets = 0;
  const Name origin = *Name::absolute("us-east-1.example.net");
  const std::clock_t start = std::clock();
  const Status read = readZoneText(
      text, origin,
      [&](const RecordView& record) {
        ++records;
        octets += record.owner.size() + record.rdata.size();
        return Status(Done{});
      },
      reading);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  if (!read) std::fprintf(stderr, "%s\n", read.error().text().c_str());
  cost.records = octets == 0 ? 0 : records;
  cost.seconds = std::min(cost.seconds, seconds);
}

void measure(const char* what, std::string_view text) {
  constexpr int kRounds = 3;
  Cost plainFirst;
  Cost ldnsOnly;
  for (int round = 0; round < kRounds; ++round) {
    readOnce(text, RecordReading::PlainFirst, plainFirst);
    readOnce(text, RecordReading::LdnsOnly, ldnsOnly);
  }
  const auto perSecond = [](const Cost& cost) { return static_cast<double>(cost.records) / cost.seconds; };
  std::printf("%-10s %9zu %9.1f %14.0f %14.0f %7.1f\n", what, plainFirst.records,
              static_cast<double>(text.size()) / 1e6, perSecond(plainFirst), perSecond(ldnsOnly),
              ldnsOnly.seconds / plainFirst.seconds);
}

}  // namespace

}  // namespace holdfast::bench

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  unsigned endpoints = 100'000;
  if (argc == 3 && std::string_view(argv[1]) == "--endpoints")
    endpoints = static_cast<unsigned>(std::stoul(argv[2]));
  std::printf("%-10s %9s %9s %14s %14s %7s\n", "LINES", "RECORDS", "MB", "RECORDS/S", "LDNS ALONE", "RATIO");
  measure("endpoints", endpointLines(endpoints));
  measure("mixed", mixedLines(endpoints / 10));
  measure("signed", signedLines(endpoints / 10));
}
