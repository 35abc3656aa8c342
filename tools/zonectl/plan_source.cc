#include "tools/zonectl/plan_source.h"

#include <cerrno>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "zone/name.h"
#include "zone/zone_text.h"

namespace holdfast::zonectl {

namespace {

using Json = nlohmann::json;

constexpr std::streamsize kChunkOctets = 1 << 20;

/// Picks three members of the outermost object while the parser runs past the rest, so that a plan of a
/// gigabyte is not built up in memory a second time.
class FactsReader : public nlohmann::json_sax<Json> {
 public:
  explicit FactsReader(PlanFacts& facts) : facts_(facts) {}

  bool key(string_t& name) override {
    if (depth_ == 1) key_ = name;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 1 && key_ == "generation") facts_.generation = value;
    if (depth_ == 1 && key_ == "base") facts_.base = value;
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 1 && key_ == "zone") facts_.zone = value;
    return true;
  }
  bool start_object(std::size_t) override { return ++depth_ > 0; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return ++depth_ > 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  PlanFacts& facts_;
  int depth_ = 0;
  std::string key_;
};

/// Ends with a dot that is not escaped.
bool isAbsolute(std::string_view name) {
  if (!name.ends_with('.')) return false;
  name.remove_suffix(1);
  const std::size_t last = name.find_last_not_of('\\');
  return (name.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 0;
}

/// The owner of the SOA record; of a file without one, the $ORIGIN that comes before any record. Either must
/// be absolute.
std::optional<std::string> zoneOf(std::string_view text) {
  ZoneTextReader entries(text);
  std::optional<Name> origin, first, owner;
  const auto read = [&](std::string_view name) -> std::optional<Name> {
    if (!origin && !isAbsolute(name)) return std::nullopt;
    const Result<Name> full = Name::fromText(name, origin ? origin->view() : Name().view());
    return full ? std::optional<Name>(*full) : std::nullopt;
  };
  bool sawRecord = false;
  for (Result<bool> more = entries.next(); more && *more; more = entries.next()) {
    std::string_view rest = entries.entry();
    const std::string_view word = takeField(rest);
    if (equalsIgnoringCase(word, "$ORIGIN")) {
      origin = read(takeField(rest));
      if (!sawRecord) first = origin;
      continue;
    }
    if (equalsIgnoringCase(word, "$TTL")) continue;
    sawRecord = true;
    const Result<RecordHead> head = headOf(entries.entry());
    if (!head) break;
    if (!head->owner.empty()) owner = read(head->owner);
    if (!equalsIgnoringCase(head->type, "SOA")) continue;
    return owner ? std::optional<std::string>(owner->text()) : std::nullopt;
  }
  return first ? std::optional<std::string>(first->text()) : std::nullopt;
}

Error unreadable(const std::string& file, int error) {
  return {ErrorKind::Unreadable, file, "cannot be read: " + std::generic_category().message(error)};
}

}  // namespace

Result<PlanSource> readPlanSource(const std::string& file, std::istream& input) {
  PlanSource source;
  source.file = file == "-" ? "standard input" : file;
  std::ifstream opened;
  if (file != "-") {
    errno = 0;
    opened.open(file, std::ios::binary);
    if (!opened) return unreadable(file, errno);
  }
  std::istream& from = file == "-" ? input : opened;
  errno = 0;
  try {
    std::string chunk(kChunkOctets, '\0');
    while (const std::streamsize got = from.rdbuf()->sgetn(chunk.data(), kChunkOctets))
      source.body.append(chunk, 0, static_cast<std::size_t>(got));
  } catch (const std::ios::failure&) {
    return unreadable(source.file, errno == 0 ? EIO : errno);
  }
  if (source.body.find_first_not_of(" \t\r\n") == std::string::npos)
    return Error{ErrorKind::Unreadable, source.file, "is empty: an empty file is no plan"};
  source.format = formatOf(file, source.body);
  return source;
}

DocumentFormat formatOf(std::string_view file, std::string_view body) {
  if (file.ends_with(".json")) return DocumentFormat::Json;
  if (file.ends_with(".zone")) return DocumentFormat::ZoneFile;
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '{' ? DocumentFormat::Json
                                                               : DocumentFormat::ZoneFile;
}

PlanFacts factsOf(const PlanSource& source) {
  PlanFacts facts;
  if (source.format == DocumentFormat::ZoneFile) {
    facts.zone = zoneOf(source.body);
    return facts;
  }
  FactsReader reader(facts);
  Json::sax_parse(source.body, &reader);
  return facts;
}

}  // namespace holdfast::zonectl
