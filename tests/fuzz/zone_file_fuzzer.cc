// A zone file: what it means, written as a zone file, means the same; and our own reader and ldns make the
// same of it. Octet 0 chooses the apex.
#include <array>

#include "tests/fuzz/round_trip.h"
#include "tests/zone/record_readings.h"

namespace holdfast::test {

namespace {

/// The errors of both readers say what is wrong.
std::shared_ptr<const Zone> read(std::string_view text, const Name& apex, const std::string& from) {
  const auto plan = parseZoneFilePlan(text, apex, PlanLimits{});
  if (!plan) {
    expect(!plan.error().what.empty(), "an error says what is wrong", from);
    expect(from.empty(), "what was written is read back", plan.error().text() + "\n" + from);
    return nullptr;
  }
  return compiled(Zone(apex), *plan);
}

void run(std::string_view input) {
  static constexpr std::array<std::string_view, 4> kApexes = {
      "example.", ".", "a\\.b.example.",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
      "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddd."};
  if (input.empty()) return;
  const Name apex = *Name::absolute(kApexes[static_cast<std::uint8_t>(input[0]) % kApexes.size()]);
  const std::string difference = differenceOfReadings(input.substr(1), apex);
  expect(difference.empty(), "our own reader and ldns make the same of a zone file", difference);
  const auto first = read(input.substr(1), apex, {});
  if (first == nullptr || !fitsInText(*first)) return;
  const std::string text = contentAsZoneFile(*first);
  const auto second = read(text, apex, text);
  expectSameContent(*first, *second, text);
  expect(contentAsZoneFile(*second) == text, "written again it is the same text", text);
}

}  // namespace

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::test::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
