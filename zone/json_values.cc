#include "zone/json_values.h"

#include <array>

#include "zone/plan_places.h"
#include "zone/suggest.h"

namespace holdfast {

namespace dom = simdjson::dom;

std::string JsonPlace::text() const {
  if (parent == nullptr) return "";
  return pointerTo(parent->text(), index == kNoIndex ? key : std::to_string(index));
}

bool isRead(simdjson::error_code error) {
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  return error == simdjson::SUCCESS;
}

Error malformedAt(const JsonPlace& where, std::string what) {
  return {ErrorKind::Malformed, where.parent == nullptr ? "/" : where.text(), std::move(what)};
}

Error wrongType(const JsonPlace& where, const char* wanted, const dom::element& is) {
  static constexpr std::array kNames = {"an array", "an object", "a number",  "a number",
                                        "a number", "a string",  "a boolean", "null"};
  static constexpr std::array kTypes = {dom::element_type::ARRAY,  dom::element_type::OBJECT,
                                        dom::element_type::INT64,  dom::element_type::UINT64,
                                        dom::element_type::DOUBLE, dom::element_type::STRING,
                                        dom::element_type::BOOL,   dom::element_type::NULL_VALUE};
  const char* name = "something else";
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (is.type() == kTypes[i]) name = kNames[i];
  return malformedAt(where, std::string("must be ") + wanted + ", is " + name);
}

Result<std::string_view> asString(const dom::element& value, const JsonPlace& where, std::size_t most) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return wrongType(where, "a string", value);
  if (text.size() > most) return malformedAt(where, "is over " + std::to_string(most) + " octets");
  return text;
}

Result<std::uint64_t> asNumber(const dom::element& value, const JsonPlace& where, std::uint64_t least,
                               std::uint64_t most) {
  std::uint64_t number = 0;
  const bool isNumber = value.get_uint64().get(number) == simdjson::SUCCESS;
  if (isNumber && number >= least && number <= most) return number;
  const std::string range = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  if (isNumber) return malformedAt(where, "must be " + range + ", is " + std::to_string(number));
  return wrongType(where, range.c_str(), value);
}

Result<dom::object> asObject(const dom::element& value, const JsonPlace& where) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return wrongType(where, "an object", value);
  return object;
}

Result<dom::array> asArray(const dom::element& value, const JsonPlace& where) {
  dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return wrongType(where, "an array", value);
  return array;
}

std::uint32_t JsonKeys::bitOf(std::string_view key) const noexcept {
  for (std::size_t i = 0; i < known_.size(); ++i)
    if (known_[i] == key) return std::uint32_t{1} << i;
  return 0;
}

Status JsonKeys::see(std::string_view key, const JsonPlace& where) {
  const std::uint32_t bit = bitOf(key);
  if (bit == 0) return malformedAt(where.member(key), "is not a known key" + didYouMean(key, known_));
  if ((seen_ & bit) != 0) return malformedAt(where.member(key), "comes twice");
  seen_ |= bit;
  return Done{};
}

}  // namespace holdfast
