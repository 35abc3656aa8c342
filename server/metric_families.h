#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace holdfast {

/// Collects metric families in the order in which they are named.
class MetricFamilies {
 public:
  using Labels = std::initializer_list<std::pair<const char*, std::string>>;

  /// Begins a family; value() adds to it.
  MetricFamilies& counter(const char* name, const char* help);
  MetricFamilies& gauge(const char* name, const char* help);
  MetricFamilies& value(double number, Labels labels = {});

  const std::vector<prometheus::MetricFamily>& families() const noexcept { return families_; }

 private:
  MetricFamilies& begin(const char* name, const char* help, prometheus::MetricType type);
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace holdfast
