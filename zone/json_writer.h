#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast {

/// A JSON string (RFC 8259, section 7), quotes included. What is not UTF-8 becomes U+FFFD, once for each of
/// the longest beginnings of a character in it (Unicode 15, section 3.9). Throws std::bad_alloc.
std::string jsonText(std::string_view text);

/// Writes one JSON document into a text, from its beginning to its end, without blanks. It holds nothing but
/// that text, so that a document costs no more than its octets, and neither is given back by a destructor
/// that would need memory for it, as those of trees may. What is open is closed when `fill` has returned; if
/// it throws, the text is not JSON. Keys are written as they come: nobody looks for one that comes twice.
/// Throws std::bad_alloc. One thread.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  template <std::invocable Fill>
  void object(Fill&& fill) {
    open('{');
    std::forward<Fill>(fill)();
    close('}');
  }
  template <std::invocable Fill>
  void array(Fill&& fill) {
    open('[');
    std::forward<Fill>(fill)();
    close(']');
  }
  template <std::invocable Fill>
  void object(std::string_view key, Fill&& fill) {
    name(key);
    object(std::forward<Fill>(fill));
  }
  template <std::invocable Fill>
  void array(std::string_view key, Fill&& fill) {
    name(key);
    array(std::forward<Fill>(fill));
  }
  template <typename Value>
  void member(std::string_view key, const Value& is) {
    name(key);
    value(is);
  }

  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::nullptr_t) { literal("null"); }
  /// The shortest text that reads as this number, with a point or an exponent; null where it is none.
  void value(double number);
  template <std::integral Number>
  void value(Number number) {
    if constexpr (std::same_as<Number, bool>)
      literal(number ? "true" : "false");
    else if constexpr (std::signed_integral<Number>)
      whole(std::int64_t{number});
    else
      whole(std::uint64_t{number});
  }
  /// Null for none.
  template <typename Value>
  void value(const std::optional<Value>& held) {
    if (held)
      value(*held);
    else
      value(nullptr);
  }
  template <typename Value>
  void value(const std::vector<Value>& list) {
    array([&] {
      for (const Value& each : list) value(each);
    });
  }

 private:
  void name(std::string_view key);
  void open(char bracket);
  void close(char bracket);
  void literal(std::string_view text);
  void whole(std::int64_t number);
  void whole(std::uint64_t number);
  /// The comma before what is not the first of its kind.
  void separate();

  std::string& out_;
  bool follows_ = false;
};

/// A document that is one object, and a line: `fill` is called with the writer and writes its members.
template <std::invocable<JsonWriter&> Fill>
std::string jsonObject(Fill&& fill) {
  std::string text;
  JsonWriter json(text);
  json.object([&] { std::forward<Fill>(fill)(json); });
  text += '\n';
  return text;
}

}  // namespace holdfast
