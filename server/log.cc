#include "server/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <variant>

#include "zone/json_writer.h"

namespace holdfast {

namespace {

// "%!" would be the source location; the payload is %v. Times are UTC, to the millisecond.
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

spdlog::level::level_enum spdlogLevel(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      break;
  }
  return spdlog::level::err;
}

bool isControl(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// As it is where that is one readable word, else as a JSON string.
std::string plainText(std::string_view text) {
  const bool isWord = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
  return isWord && std::ranges::none_of(text, isControl) ? std::string(text) : jsonText(text);
}

std::string valueText(const LogField::Value& value, LogFormat format) {
  const auto* const held = std::get_if<std::string>(&value);
  if (held != nullptr && format == LogFormat::Text) return plainText(*held);
  std::string text;
  std::visit([&](const auto& each) { JsonWriter(text).value(each); }, value);
  return text;
}

/// A message for a person: control characters escaped, the rest as it is.
std::string messageText(std::string_view message) {
  if (std::ranges::none_of(message, isControl)) return std::string(message);
  const std::string quoted = jsonText(message);
  return quoted.substr(1, quoted.size() - 2);
}

std::string lineOf(LogFormat format, std::string_view message, std::span<const LogField> fields) {
  std::string line = format == LogFormat::Json ? "\"message\":" + jsonText(message) : messageText(message);
  for (const LogField& field : fields) {
    if (format == LogFormat::Json)
      line += "," + jsonText(field.key) + ":";
    else
      line += " " + std::string(field.key) + "=";
    line += valueText(field.value, format);
  }
  return line;
}

}  // namespace

LogLevel logLevelOf(std::string_view text) noexcept {
  if (text == "debug") return LogLevel::Debug;
  if (text == "warning") return LogLevel::Warning;
  if (text == "error") return LogLevel::Error;
  return LogLevel::Info;
}

struct Log::Writer {
  explicit Writer(spdlog::sink_ptr sink) : logger("holdfast", std::move(sink)) {}
  spdlog::logger logger;
};

Log::Log(LogFormat format, LogLevel level) : format_(format) {
  // A JSON line has no place for colour.
  const auto colour = format == LogFormat::Text ? spdlog::color_mode::automatic : spdlog::color_mode::never;
  writer_ = std::make_unique<Writer>(std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(colour));
  writer_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
      format == LogFormat::Json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc));
  writer_->logger.flush_on(spdlog::level::trace);
  setLevel(level);
}

Log::Log(LogFormat format, LogLevel level, std::ostream& stream) : format_(format) {
  writer_ = std::make_unique<Writer>(std::make_shared<spdlog::sinks::ostream_sink_mt>(stream));
  writer_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
      format == LogFormat::Json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc));
  setLevel(level);
}

Log::~Log() = default;

void Log::setLevel(LogLevel level) {
  writer_->logger.set_level(spdlogLevel(level));
}

void Log::write(LogLevel level, std::string_view message, std::span<const LogField> fields) noexcept {
  const auto wanted = spdlogLevel(level);
  if (!writer_->logger.should_log(wanted)) return;
  try {
    writer_->logger.log(wanted, spdlog::string_view_t(lineOf(format_, message, fields)));
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace holdfast
