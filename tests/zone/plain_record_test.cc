#include "zone/plain_record.h"

#include <catch2/catch.hpp>
#include <map>

#include "tests/zone/random_entries.h"
#include "tests/zone/record_readings.h"
#include "zone/zone_text.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::vector<Name>& origins() {
  static const std::vector<Name> all = [] {
    std::vector<Name> made;
    for (const std::string& text :
         {std::string("example."), std::string("."), std::string("a\\.b.\\000\\255.Example."),
          std::string(63, 'a') + '.' + std::string(63, 'b') + '.' + std::string(60, 'c') + '.'})
      made.push_back(*Name::absolute(text));
    return made;
  }();
  return all;
}

/// How many of some entries our own reader took, by type, of those that ldns makes a record of.
struct Share {
  std::size_t taken = 0;
  std::size_t right = 0;
};

void count(const std::string& text, const Name& origin, std::map<RRType, Share>& shares) {
  std::optional<RRType> type;
  const Status read = readZoneText(
      text, origin,
      [&](const RecordView& record) {
        type = record.type;
        return Status(Done{});
      },
      RecordReading::LdnsOnly);
  if (!read || !type) return;
  EntryContext context{NameBuffer(origin), NameBuffer(origin), 3600};
  PlainRecordReader reader(context);
  RecordView record;
  ZoneTextReader entries(text);
  Share& share = shares[*type];
  ++share.right;
  if (entries.next() && reader.read(entries.entry(), record)) ++share.taken;
}

}  // namespace

TEST_CASE("our own reader and ldns make the same of every entry") {
  constexpr unsigned kEntries = 300'000;
  RandomEntries random(20261122);
  std::map<RRType, Share> shares;
  for (unsigned i = 0; i < kEntries; ++i) {
    const Name& origin = origins()[i % 8 == 0 ? random.below(origins().size()) : 0];
    std::string text = random.entry();
    const bool changed = i % 3 == 0;
    if (changed) text = random.mutated(std::move(text));
    if (text.empty()) continue;
    if (const std::string difference = differenceOfReadings(text, origin); !difference.empty())
      FAIL(difference);
    if (i % 10 == 1 && !changed) count(text, origin, shares);
  }
  for (const RRType type : {RRType::A, RRType::AAAA, RRType::NS, RRType::CNAME, RRType::PTR, RRType::MX,
                            RRType::TXT, RRType::SRV, RRType::SOA}) {
    const Share share = shares[type];
    CAPTURE(toText(type), share.taken, share.right);
    CHECK(share.right > 300);
    CHECK(share.taken * 10 > share.right * 6);
  }
}

TEST_CASE("our own reader and ldns make the same of entries that leave something to those after them") {
  RandomEntries random(7);
  for (unsigned i = 0; i < 40'000; ++i) {
    std::string text = random.file();
    if (i % 5 == 0) text = random.mutated(std::move(text));
    if (text.empty()) continue;
    if (const std::string difference =
            differenceOfReadings(text, origins()[i % 4 == 0 ? random.below(origins().size()) : 0]);
        !difference.empty())
      FAIL(difference);
  }
}

TEST_CASE("our own reader and ldns have the same limits of names") {
  for (const Name& origin : origins())
    for (std::size_t size = 1; size < 270; ++size)
      for (const std::size_t label : {1, 62, 63, 64}) {
        std::string name;
        while (name.size() < size) name += std::string(label, 'x') + '.';
        name.resize(size);
        for (const std::string& text :
             {name + " A 192.0.2.1", "a NS " + name, "a SOA " + name + " @ 1 2 3 4 5"})
          if (const std::string difference = differenceOfReadings(text, origin); !difference.empty())
            FAIL(difference);
      }
}
