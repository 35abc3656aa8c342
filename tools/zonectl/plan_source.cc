#include "tools/zonectl/plan_source.h"

#include <cerrno>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <system_error>

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

/// The name behind a $ORIGIN that comes before any record.
std::optional<std::string> originOf(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find(';'));
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    if (line.empty()) continue;
    if (!line.starts_with('$')) return std::nullopt;
    if (!line.starts_with("$ORIGIN")) continue;
    line.remove_prefix(7);
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    line = line.substr(0, line.find_first_of(kBlank));
    return line.ends_with('.') ? std::optional<std::string>(line) : std::nullopt;
  }
  return std::nullopt;
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
    facts.zone = originOf(source.body);
    return facts;
  }
  FactsReader reader(facts);
  Json::sax_parse(source.body, &reader);
  return facts;
}

}  // namespace holdfast::zonectl
