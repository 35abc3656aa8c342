#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "tools/zonectl/palette.h"

namespace holdfast::zonectl {

/// Where a command reads from and writes to, and what is at the other end.
struct Screen {
  std::istream& in;
  std::ostream& out;           ///< what was asked for
  std::ostream& err;           ///< problems, progress and questions
  bool asks = false;           ///< a person is there to answer: `in` and `err` are terminals
  bool showsProgress = false;  ///< `err` is a terminal
  Palette palette{false};      ///< for `out`
  Palette errPalette{false};
  bool redraws = false;  ///< `out` is a terminal: what was drawn can be drawn over

  /// The process's own streams; colours on terminals unless NO_COLOR is set (https://no-color.org).
  static Screen ofProcess();

  /// Asks on `err` and waits for the answer. Anything but yes is no.
  bool confirm(std::string_view question) const;
};

/// One line on `err` that tells how far a submission is, and goes away with this object. Shows nothing while
/// it would only flicker, nor where there is no terminal.
class ProgressLine {
 public:
  explicit ProgressLine(const Screen& screen) : screen_(screen) {}
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(std::uint64_t sent, std::uint64_t all);

 private:
  using Clock = std::chrono::steady_clock;
  const Screen& screen_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point drawn_{};
  unsigned frame_ = 0;
};

/// "uploading [#####-----]  52 %", or "judging… |" once all is sent.
std::string progressText(std::uint64_t sent, std::uint64_t all, unsigned frame);

}  // namespace holdfast::zonectl
