#pragma once

#include <functional>
#include <memory>
#include <string>

namespace holdfast {

/// Told of an exception that nobody caught on a thread which a plugin made, on that thread.
using UncaughtReport = std::function<void(const std::string& what)>;

/// An exception that nobody catches ends the process, which is right where the server's own code threw it and
/// wrong where a plugin did. From now on, for the life of the process, a thread that ends so while code of
/// the shared object which holds `address` is among its calls stands still instead, and `report` is told
/// for as long as it exists. All others end the process as before.
/// A process has one handler for this, so what is asked for here is the process's. Any thread.
void surviveUncaught(const void* address, const std::shared_ptr<const UncaughtReport>& report);

/// While one exists, the same holds for all that the calling thread does: for the time in which a shared
/// object is loaded, when it is not known yet and the dynamic linker lets no exception through. Stack only.
class UncaughtWhileLoading {
 public:
  explicit UncaughtWhileLoading(const UncaughtReport& report) noexcept;
  ~UncaughtWhileLoading();
  UncaughtWhileLoading(const UncaughtWhileLoading&) = delete;
  UncaughtWhileLoading& operator=(const UncaughtWhileLoading&) = delete;
};

/// Never returns, and never unwinds what called it.
[[noreturn]] void standStill() noexcept;

/// What is in flight as an exception, as text. Only inside a catch block or a terminate handler.
std::string currentProblem() noexcept;

/// Short enough for a string to have it in itself.
inline constexpr const char* kOutOfMemory = "out of memory";

}  // namespace holdfast
