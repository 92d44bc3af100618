#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The process's metrics in the Prometheus model. Ask for a metric once and keep the reference:
// looking one up takes a lock, counting does not. Names and labels: http-api.md section 10. Labels
// never hold org, user or object ids.
// Threading: any. Lifetime: metrics live as long as the process.
namespace zs::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
public:
    virtual ~Counter() = default;
    virtual void add(double amount = 1) = 0;
};

class Gauge {
public:
    virtual ~Gauge() = default;
    virtual void set(double value) = 0;
    virtual void add(double amount) = 0;
};

class Histogram {
public:
    virtual ~Histogram() = default;
    virtual void observe(double value) = 0;
};

Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
// Bounds are the upper ends of the buckets, growing; +Inf is added.
Histogram& histogram(std::string_view name, std::string_view help,
                     const std::vector<double>& bounds, const Labels& labels = {});

// .005 … 10 seconds, the buckets of every duration here.
const std::vector<double>& duration_bounds();

// Text format 0.0.4 of everything.
std::string render();

// The current value of a counter or gauge, 0 when it does not exist; for /stats and tests.
double value(std::string_view name, const Labels& labels = {});

}  // namespace zs::metrics
