#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "plugin/watch/plan_file.h"

namespace holdfast::watch {

/// A file not handled yet, as it was when it was asked what it says of itself.
struct FoundPlan {
  std::string name;
  FileFormat format = FileFormat::Json;
  FileIdentity identity;
  bool isPlan = false;           ///< else it is there to be refused, in the server's words
  std::uint64_t generation = 0;  ///< 0: none
  std::uint64_t base = 0;        ///< 0: none

  /// The generation it would bring; 0 where only the server can tell.
  std::uint64_t target() const noexcept { return generation == 0 && base != 0 ? base + 1 : generation; }
  bool fits(std::uint64_t committed) const noexcept { return base == 0 || base == committed; }
};

/// The candidate to submit next while `committed` is in force: what is no plan first, then the one from which
/// the others lead to the newest generation, each on its base. None where no candidate fits.
std::optional<std::size_t> nextToSubmit(std::span<const FoundPlan> candidates, std::uint64_t committed);

}  // namespace holdfast::watch
