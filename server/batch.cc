#include "server/batch.h"

namespace holdfast {

void Batch::answer(unsigned count, const Snapshot& snapshot, const ReadSection& section,
                   AnswerScratch& scratch) noexcept {
  for (Exchange& each : std::span(exchanges_).first(count)) {
    each.octets = holdfast::answer(snapshot, section, each.request, each.out, scratch);
    each.answered = scratch.last;
  }
}

}  // namespace holdfast
