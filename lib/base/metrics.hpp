#pragma once
// What Prometheus scrapes: counters, gauges and histograms, made once and kept by those who count.
// A handle is a pointer; one that was made by default counts nowhere, so that nobody needs a
// registry to be tested. Any thread may count. Labels are few and bounded: never an org, a
// resource or anything else that grows.
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace vapisync {

class Counter {
 public:
  Counter() = default;
  void add(double by = 1) const;

 private:
  friend class Metrics;
  explicit Counter(void* counter) : counter_(counter) {}
  void* counter_{nullptr};
};

class Gauge {
 public:
  Gauge() = default;
  void set(double value) const;

 private:
  friend class Metrics;
  explicit Gauge(void* gauge) : gauge_(gauge) {}
  void* gauge_{nullptr};
};

class Histogram {
 public:
  Histogram() = default;
  void observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(void* histogram) : histogram_(histogram) {}
  void* histogram_{nullptr};
};

/// Owns what the handles point to, and so must outlive whoever counts.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Family {
    const char* name;
    const char* help;
  };

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The same family and labels return the same one. Not for a hot path: keep the handle.
  Counter counter(const Family& family, const Labels& labels = {});
  Gauge gauge(const Family& family, const Labels& labels = {});
  /// `bounds` are the upper ends of the buckets, ascending.
  Histogram histogram(const Family& family, std::initializer_list<double> bounds);

  /// Everything in the text format that Prometheus reads.
  [[nodiscard]] std::string text() const;
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace vapisync
