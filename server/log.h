#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "plugin/host.h"

namespace holdfast {

/// One key and value beside a message. Keys are lower-case words with "_".
struct LogField {
  using Value = std::variant<std::string, std::uint64_t, std::int64_t, double, bool>;

  LogField(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  LogField(std::string_view name, std::string_view text) : key(name), value(std::string(text)) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string(text)) {}
  LogField(std::string_view name, bool yes) : key(name), value(yes) {}
  LogField(std::string_view name, double number) : key(name), value(number) {}
  LogField(std::string_view name, std::unsigned_integral auto number)
      : key(name), value(static_cast<std::uint64_t>(number)) {}
  LogField(std::string_view name, std::signed_integral auto number)
      : key(name), value(static_cast<std::int64_t>(number)) {}

  std::string_view key;  ///< borrowed for the call
  Value value;
};

enum class LogFormat {
  Text,  ///< 2026-11-21T05:00:00.123Z info    plan published zone=example.net. generation=7
  Json   ///< {"time":"2026-11-21T05:00:00.123Z","level":"info","message":"plan published","zone":...}
};

/// "debug", "info", "warning", "error"; anything else is Info.
LogLevel logLevelOf(std::string_view text) noexcept;

/// Writes one line per event. Whatever bytes a message or field holds, the line stays one line.
/// Any thread; passed by reference, there is no global one.
class Log {
 public:
  /// To standard error, coloured where that is a terminal and the format is Text.
  Log(LogFormat format, LogLevel level);
  /// To `stream`, which outlives the log.
  Log(LogFormat format, LogLevel level, std::ostream& stream);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void setLevel(LogLevel level);

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) { write(LogLevel::Debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { write(LogLevel::Info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) { write(LogLevel::Warning, message, fields); }
  void error(std::string_view message, Fields fields = {}) { write(LogLevel::Error, message, fields); }
  /// A line that there is no memory for is lost: who writes it may be telling of just that.
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) noexcept;
  void write(LogLevel level, std::string_view message, Fields fields) noexcept {
    write(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }

 private:
  struct Writer;
  const LogFormat format_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace holdfast
