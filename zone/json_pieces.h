#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

/// A JSON document cut so that it can be parsed piece by piece, each while it is in the processor's caches,
/// and by several threads. Where skeleton and pieces are JSON, so is the document, and it says the same.
struct JsonPieces {
  /// The document with an empty object as the one that was cut.
  std::string skeleton;
  /// The members of that object in order, some in each piece: with braces around them objects. Borrow.
  std::vector<std::string_view> members;
};

/// Cuts the object that the document's object has under `key`, into pieces of about `octets`. None where
/// there is no such object, or it comes twice, or braces do not match: then the document is to be read as a
/// whole, which tells what is wrong with it. Any bytes are safe input.
std::optional<JsonPieces> cutJson(std::string_view body, std::string_view key, std::size_t octets);

}  // namespace holdfast
