#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "zone/zone.h"

namespace holdfast {

/// Makes a content of one that is there and of stored changes, one after the other: large ones in one go,
/// small ones as edits. One thread at a time.
class ContentBuilder {
 public:
  explicit ContentBuilder(std::shared_ptr<const Zone> base);

  /// As applyChange() (zone/store_codec.h). After an Error this is of no more use.
  Status apply(std::string_view stored);
  /// Once, at the end.
  std::shared_ptr<const Zone> finish(Generation generation, std::uint32_t serial, WallTime committedAt);

 private:
  void begin(std::shared_ptr<const Zone> content);

  const std::shared_ptr<const Zone> base_;
  std::shared_ptr<const Zone> made_;  // that of base_ and the changes up to the last large one
  std::optional<ZoneEdit> edit_;      // with the small ones since
  bool isEdited_ = false;
};

}  // namespace holdfast
