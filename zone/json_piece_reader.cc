#include "zone/json_piece_reader.h"

#include "zone/json_members.h"

namespace holdfast {

namespace dom = simdjson::dom;

Result<bool> JsonPieceReader::read(std::string_view piece) {
  if (reading_ == EndpointReading::SimdjsonOnly) return readByReference(piece);
  Result<bool> isJson = readMembers(piece);
  dom::element document;
  // A member further on may not be JSON at all, which is to be told first.
  if (!isJson && !parse(piece, document)) return false;
  return isJson;
}

Result<bool> JsonPieceReader::readMembers(std::string_view piece) {
  std::size_t run = 1;  // what is not plain is seldom alone: simdjson gets more at once each time
  for (std::string_view rest = piece;;) {
    std::size_t size = plain_.read(rest);
    if (size > 0) {
      Status added = endpoints_.add(plain_.name(), plain_.endpoint(), kPlanEndpoints);
      if (!added) return std::move(added).error();
      run = 1;
    } else {
      size = membersSize(rest, run);
      dom::element document;
      if (size == 0) return parse(piece, document);
      Result<bool> isJson = readByReference(rest.substr(0, size));
      if (!isJson || !*isJson) return isJson;
      run *= 2;
    }
    if (size == rest.size()) return true;
    rest.remove_prefix(size + 1);  // and the comma
  }
}

Result<bool> JsonPieceReader::readByReference(std::string_view members) {
  dom::element document;
  if (!parse(members, document)) return false;
  const Result<dom::object> object = asObject(document, kPlanEndpoints);
  if (!object) return object.error();
  if (Status status = endpoints_.read(*object, kPlanEndpoints); !status) return std::move(status).error();
  return true;
}

/// False where it is not JSON.
bool JsonPieceReader::parse(std::string_view members, dom::element& document) {
  text_.assign("{").append(members).append("}");
  text_.reserve(text_.size() + simdjson::SIMDJSON_PADDING);
  return isRead(parser_.parse(text_.data(), text_.size(), false).get(document));
}

}  // namespace holdfast
