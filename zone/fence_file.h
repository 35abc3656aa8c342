#pragma once

#include <string>
#include <vector>

#include "zone/zone.h"

namespace holdfast {

/// A zone that was held or removed, and the highest generation ever committed of it.
struct KnownFence {
  Name apex;
  Generation fence = 0;
  bool removed = false;
  /// It tells no fence, but that copies of the zone in `good/` are of before it was removed or forgotten, and
  /// that nothing may be restored from them.
  bool copiesGo = false;
  friend bool operator==(const KnownFence&, const KnownFence&) = default;
};

/// The fences of all zones in a small file beside the plan store, for when the store is lost: an old plan is
/// refused then too. One thread at a time.
class FenceFile {
 public:
  explicit FenceFile(std::string file) : file_(std::move(file)) {}

  /// Replaces what it holds; durable when it returns.
  Status write(const std::vector<KnownFence>& fences);
  /// None where there is no file. Store where it is damaged, System where the disk does not give it.
  Result<std::vector<KnownFence>> read() const;

 private:
  std::string file_;
};

}  // namespace holdfast
