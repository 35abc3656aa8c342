#include "tools/flood/timeline.h"

#include <algorithm>

namespace holdfast::flood {

void Timeline::add(double at, const Tally& tally) {
  const auto before = total_.newest;
  total_.add(tally);
  current_.add(tally);
  last_ = at;
  if (total_.newest && total_.newest != before && swaps_.size() < kMostMoments)
    swaps_.push_back({at, *total_.newest});
  if (at - begun_ >= length_) endMoment(at);
}

void Timeline::finish() {
  if (last_ > begun_) endMoment(last_);
}

void Timeline::endMoment(double at) {
  const LatencyHistogram& latency = current_.latency;
  moments_.push_back({at, at - begun_, current_.sent, current_.answered, current_.lost, current_.faulty(),
                      latency.quantile(0.5), latency.quantile(0.99), latency.quantile(0.999), latency.most(),
                      current_.newest});
  current_ = Tally();
  begun_ = at;
  if (moments_.size() >= kMostMoments) halve();
}

/// Two moments become one. Of their latencies the greater stands: nothing that was slow is lost.
void Timeline::halve() {
  length_ *= 2;
  for (std::size_t i = 0; i + 1 < moments_.size(); i += 2) {
    Moment one = moments_[i];
    const Moment& two = moments_[i + 1];
    one.at = two.at;
    one.seconds += two.seconds;
    one.sent += two.sent;
    one.answered += two.answered;
    one.lost += two.lost;
    one.faulty += two.faulty;
    one.p50 = std::max(one.p50, two.p50);
    one.p99 = std::max(one.p99, two.p99);
    one.p999 = std::max(one.p999, two.p999);
    one.most = std::max(one.most, two.most);
    if (two.newest) one.newest = two.newest;
    moments_[i / 2] = one;
  }
  moments_.resize(moments_.size() / 2);
}

}  // namespace holdfast::flood
