#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "zone/digest.h"
#include "zone/json_plan_stream.h"
#include "zone/plan.h"
#include "zone/spooled_body.h"

namespace holdfast {

/// A large document that is kept on the disk as it comes in, and read while the rest of it is still to come.
class Reception {
 public:
  /// Its place among those that are open, and its seat among those that read along on a thread of their own,
  /// which may be null.
  struct Places {
    std::shared_ptr<void> place, seat;
  };
  /// `held` is what the zone that it is for has. It is kept while the document is read along, and so is the
  /// memory that it has alone.
  Reception(SpooledBody spool, const Zone& held, DocumentFormat format, const PlanLimits& limits,
            Places places);
  /// Before its end: forgets all. Waits for no more than a piece that is just being read.
  ~Reception();
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  NameView zone() const noexcept { return zone_; }
  DocumentFormat format() const noexcept { return format_; }
  /// Or only when all of it is there.
  bool readsAlong() const noexcept { return thread_.joinable(); }

  /// The next octets. Waits for the page cache at most. One thread; not after finish().
  void feed(std::string_view octets);

  struct Read {
    std::string digest;  ///< SHA-256, hex
    Result<Plan> plan;
  };
  /// After the last octets, once: long work, on any thread. An Error: it could not be kept (Store).
  Result<Read> finish();

 private:
  void readAlong() noexcept;
  /// How many octets there are to read from `from` on; fewer than `most` only at the end. Waits for them.
  /// None where nobody wants the document any more, or it cannot be kept.
  std::optional<std::size_t> await(std::uint64_t from, std::size_t most);
  void read();
  void fail(Error error);
  Result<Plan> readWhole() const;

  const Name zone_;
  const DocumentFormat format_;
  const PlanLimits limits_;
  Places places_;
  SpooledBody spool_;
  bool isFull_ = false;  // of who feeds: no more can be kept

  // Of who reads.
  Sha256 digest_;
  std::unique_ptr<JsonPlanStream> stream_;  // lives as long as somebody reads
  std::optional<Result<Plan>> plan_;
  std::exception_ptr problem_;

  std::mutex mutex_;
  std::condition_variable more_;
  std::uint64_t written_ = 0;
  bool isEnded_ = false, isForgotten_ = false;
  std::optional<Error> failed_;

  std::jthread thread_;
};

/// Makes receptions, so many at once, of which only a few read along. They share what they need, and may
/// outlive it. Any thread.
class Receptions {
 public:
  /// Documents are kept in `directory`, `most` at once.
  Receptions(std::string directory, std::size_t most, const PlanLimits& limits);
  /// Of a document of so many octets for the zone that has `held`. An Error of kind Store: it cannot be kept
  /// there.
  Result<std::unique_ptr<Reception>> begin(const Zone& held, DocumentFormat format,
                                           std::uint64_t octets) const;

 private:
  using Count = std::atomic<std::size_t>;
  const std::string directory_;
  const std::size_t most_;
  const PlanLimits limits_;
  const std::shared_ptr<Count> open_, reading_;
};

}  // namespace holdfast
