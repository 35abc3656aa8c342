#include "plugin/server_link.h"

#include <exception>
#include <thread>
#include <utility>

#include "plugin/quiet_thread.h"
#include "zone/rcu.h"

namespace holdfast {

void onServerThread(const std::function<void()>& work) {
  std::exception_ptr thrown;
  std::thread thread = quietThread("for enactor", [&] {
    try {
      const RcuThread rcu;
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  thread.join();
  if (thrown) std::rethrow_exception(thrown);
}

ServerLink::ServerLink(const Intake* intake, EnactorHost::Log log, const EnactorLimits& limits)
    : intake_(intake), limits_(limits), log_(std::move(log)) {}

bool ServerLink::call(const std::function<void(const Intake&)>& work) {
  const Intake* intake = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (intake_ == nullptr) return false;
    intake = intake_;
    ++underWay_;
  }
  struct Leave {
    ServerLink& link;
    ~Leave() {
      const std::lock_guard lock(link.mutex_);
      --link.underWay_;
      link.left_.notify_all();
    }
  } leave{*this};
  onServerThread([&] { work(*intake); });
  return true;
}

void ServerLink::sayAll(LogLevel level, std::string_view zone,
                        std::initializer_list<std::string_view> pieces) noexcept {
  try {
    std::string message;
    for (const std::string_view piece : pieces) message += piece;
    const std::lock_guard lock(logMutex_);
    if (log_) log_(level, zone, message);
  } catch (...) {
    // There is nowhere left to say it, and it must not take the caller down.
    return;
  }
}

EnactorLimits ServerLink::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

void ServerLink::setLimits(const EnactorLimits& limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
}

void ServerLink::cut() {
  {
    std::unique_lock lock(mutex_);
    intake_ = nullptr;
    left_.wait(lock, [&] { return underWay_ == 0; });
  }
  const std::lock_guard lock(logMutex_);
  log_ = nullptr;
}

}  // namespace holdfast
