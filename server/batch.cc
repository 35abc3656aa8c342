#include "server/batch.h"

namespace holdfast {

void MessageBatch::answer(unsigned count, const Snapshot& snapshot, const ReadSection& section,
                          AnswerScratch& scratch, WorkerCounters& counters) noexcept {
  parse(count, snapshot);
  const Buckets buckets = prefetchBuckets(count);
  for (unsigned i = 0; i < count; ++i)
    messages_[i].likely = buckets[i] == nullptr
                              ? NodeView()
                              : NameTable::prefetchNode(buckets[i], messages_[i].query.hashed.hash());
  for (unsigned i = 0; i < count; ++i) {
    Exchange& each = exchanges_[i];
    each.octets = holdfast::answer(snapshot, section, each.request, messages_[i], each.out, scratch);
    counters.count(each.request.transport, each.octets, scratch.last);
  }
}

void MessageBatch::parse(unsigned count, const Snapshot& snapshot) noexcept {
  Snapshot::ZoneBefore before;
  for (unsigned i = 0; i < count; ++i) {
    ParsedMessage& message = messages_[i];
    message.parsed = parseQuery(exchanges_[i].request.message, message.query);
    message.zone =
        message.parsed == Parsed::Query ? snapshot.findZone(message.query.hashed, before) : nullptr;
  }
}

/// Where the questions' names will be looked for; nullptr for a message that needs no look-up.
MessageBatch::Buckets MessageBatch::prefetchBuckets(unsigned count) const noexcept {
  Buckets buckets;
  for (unsigned i = 0; i < count; ++i) {
    const ParsedMessage& message = messages_[i];
    buckets[i] =
        message.zone == nullptr ? nullptr : message.zone->names().prefetchBucket(message.query.hashed.hash());
  }
  return buckets;
}

}  // namespace holdfast
