// What is done beside the traffic: promotion, clean-up, upkeep of the store.
#include "zone/publisher.h"

namespace holdfast {

TendReport Publisher::tend(const Keeping& keeping, std::chrono::steady_clock::time_point) {
  TendReport report;
  (void)keeping;
  if (Status kept = store_->maintain(); !kept) report.problems.push_back(std::move(kept).error());
  return report;
}

}  // namespace holdfast
