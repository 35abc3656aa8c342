#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "zone/intake.h"

namespace holdfast::zonectl {

/// A plan document as read from a file or from standard input.
struct PlanSource {
  std::string file;
  DocumentFormat format = DocumentFormat::Json;
  std::string body;

  const char* mediaType() const noexcept {
    return format == DocumentFormat::Json ? "application/json" : "text/dns";
  }
};

/// Reads all of `file`, "-" for `input`. An Error names the file and the system's cause (I4: also for what is
/// empty, which is never meant).
Result<PlanSource> readPlanSource(const std::string& file, std::istream& input);

/// By the file's ending, else by the first octet that is no blank: "{" begins JSON.
DocumentFormat formatOf(std::string_view file, std::string_view body);

/// What a document says of itself at its top level, read without making a plan of it.
struct PlanFacts {
  std::optional<std::string> zone;
  std::optional<Generation> generation, base;
};
/// Of JSON that is broken: what was found before it broke; the server will say what is wrong. Of a zone file
/// the zone only: the owner of its SOA record, or without one an $ORIGIN before its first record, where that
/// is absolute.
PlanFacts factsOf(const PlanSource& source);

}  // namespace holdfast::zonectl
