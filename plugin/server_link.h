#pragma once

#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string_view>

#include "plugin/enactor_limits.h"
#include "plugin/host.h"

namespace holdfast {

/// Runs `work` on a thread made for it with all signals blocked, and waits for it; what it throws is thrown
/// here. Plugins' threads may be made by another language's runtime and have small stacks; the server's work
/// is not done on them. Costs some tens of microseconds.
void onServerThread(const std::function<void()>& work);

/// What Enactors reach of the server. It can be cut: an Enactor that was given up because it hangs finds
/// nothing behind it any more, however late it wakes. Any thread.
class ServerLink {
 public:
  /// `intake` outlives the moment of cut(); null for a link that is cut from the start.
  ServerLink(const Intake* intake, EnactorHost::Log log, const EnactorLimits& limits);

  /// Runs `work` on a thread that may use the intake. False, without having run it, once the link is cut.
  bool call(const std::function<void(const Intake&)>& work);
  /// To nowhere once the link is cut. The pieces are put together here, and where there is no memory for
  /// that, nothing is said: who calls may have to tell of just that.
  template <std::convertible_to<std::string_view>... Pieces>
  void say(LogLevel level, std::string_view zone, const Pieces&... pieces) noexcept {
    sayAll(level, zone, {std::string_view(pieces)...});
  }
  EnactorLimits limits() const;
  void setLimits(const EnactorLimits& limits);

  /// Returns when no call is under way; none begins any more.
  void cut();

 private:
  void sayAll(LogLevel level, std::string_view zone, std::initializer_list<std::string_view> pieces) noexcept;

  mutable std::mutex mutex_;
  std::condition_variable left_;
  const Intake* intake_;
  std::size_t underWay_ = 0;
  EnactorLimits limits_;

  std::mutex logMutex_;  // Enactors log from their own threads; the log need not stand that
  EnactorHost::Log log_;
};

}  // namespace holdfast
