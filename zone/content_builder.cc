#include "zone/content_builder.h"

#include <utility>

#include "zone/store_codec.h"
#include "zone/zone_make.h"

namespace holdfast {

ContentBuilder::ContentBuilder(std::shared_ptr<const Zone> base) : base_(std::move(base)) {
  begin(base_);
}

void ContentBuilder::begin(std::shared_ptr<const Zone> content) {
  edit_.reset();  // borrows what it edits
  made_ = std::move(content);
  edit_.emplace(*made_);
  isEdited_ = false;
}

Status ContentBuilder::apply(std::string_view stored) {
  if (!isWorthDoingAtOnce(stored, *made_)) {
    isEdited_ = true;
    return applyChange(stored, *edit_);
  }
  if (isEdited_) begin(edit_->finish(0, 0, WallTime{}));
  Result<std::shared_ptr<const Zone>> changed = changedAtOnce(stored, *made_);
  if (!changed) return std::move(changed).error();
  begin(*std::move(changed));
  return Done{};
}

std::shared_ptr<const Zone> ContentBuilder::finish(Generation generation, std::uint32_t serial,
                                                   WallTime committedAt) {
  // Contents on the way share nothing with the first, nor know when that was committed.
  if (made_ != base_) begin(sharing(*edit_->finish(0, 0, WallTime{}), *base_, committedAt));
  return edit_->finish(generation, serial, committedAt);
}

}  // namespace holdfast
