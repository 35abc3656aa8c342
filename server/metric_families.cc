#include "server/metric_families.h"

namespace holdfast {

MetricFamilies& MetricFamilies::begin(const char* name, const char* help, prometheus::MetricType type) {
  families_.push_back({name, help, type, {}});
  return *this;
}

MetricFamilies& MetricFamilies::counter(const char* name, const char* help) {
  return begin(name, help, prometheus::MetricType::Counter);
}

MetricFamilies& MetricFamilies::gauge(const char* name, const char* help) {
  return begin(name, help, prometheus::MetricType::Gauge);
}

MetricFamilies& MetricFamilies::value(double number, Labels labels) {
  prometheus::ClientMetric metric;
  for (const auto& [key, text] : labels) metric.label.push_back({key, text});
  prometheus::MetricFamily& family = families_.back();
  if (family.type == prometheus::MetricType::Counter)
    metric.counter.value = number;
  else
    metric.gauge.value = number;
  family.metric.push_back(std::move(metric));
  return *this;
}

}  // namespace holdfast
