#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace vapisync {

struct Metrics::Registry {
  prometheus::Registry families;
};

void Counter::add(double by) const {
  if (counter_ != nullptr) static_cast<prometheus::Counter*>(counter_)->Increment(by);
}

void Gauge::set(double value) const {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Set(value);
}

void Histogram::observe(double value) const {
  if (histogram_ != nullptr) static_cast<prometheus::Histogram*>(histogram_)->Observe(value);
}

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const Family& family, const Labels& labels) {
  return Counter(&prometheus::BuildCounter()
                      .Name(family.name)
                      .Help(family.help)
                      .Register(registry_->families)
                      .Add(labels));
}

Gauge Metrics::gauge(const Family& family, const Labels& labels) {
  return Gauge(&prometheus::BuildGauge()
                    .Name(family.name)
                    .Help(family.help)
                    .Register(registry_->families)
                    .Add(labels));
}

Histogram Metrics::histogram(const Family& family, std::initializer_list<double> bounds) {
  return Histogram(&prometheus::BuildHistogram()
                        .Name(family.name)
                        .Help(family.help)
                        .Register(registry_->families)
                        .Add({}, prometheus::Histogram::BucketBoundaries(bounds)));
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(registry_->families.Collect());
}

}  // namespace vapisync
