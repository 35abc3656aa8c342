#include "server/chaos.h"

#include <algorithm>
#include <string_view>

namespace holdfast {

namespace {

using namespace std::string_view_literals;

/// The text for a name; empty where there is none.
std::string_view textFor(NameView name, const MessageSettings& settings) noexcept {
  const std::string_view wire(reinterpret_cast<const char*>(name.data()), name.size());
  if (wire == "\7version\4bind\0"sv || wire == "\7version\6server\0"sv) return settings.version;
  if (wire == "\2id\6server\0"sv || wire == "\10hostname\4bind\0"sv) return settings.name;
  return {};
}

}  // namespace

Rcode answerChaos(const Query& query, const MessageSettings& settings, MessageWriter& writer) noexcept {
  std::array<std::uint8_t, 256> rdata;
  const std::string_view text = textFor(query.name(), settings).substr(0, rdata.size() - 1);
  if (text.empty()) return Rcode::Refused;
  writer.setFlags(flag::kAuthoritative);
  if (query.type != RRType::TXT && query.type != RRType::ANY) return Rcode::NoError;
  rdata[0] = static_cast<std::uint8_t>(text.size());
  std::copy(text.begin(), text.end(), rdata.begin() + 1);
  const MessageWriter::Mark mark = writer.mark();
  Owner owner = Owner::question(query);
  if (!writer.add(Section::Answer, owner, RRType::TXT, 0, {rdata.data(), text.size() + 1})) {
    writer.rollback(mark);
    writer.setFlags(flag::kTruncated);
  }
  return Rcode::NoError;
}

}  // namespace holdfast
