#include "base/metrics.hpp"

#include "base/assert.hpp"

#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unordered_map>

namespace zs::metrics {
namespace {

enum class Kind { Counter, Gauge, Histogram };

class PrometheusCounter final : public Counter {
public:
    explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
    void add(double amount) override { counter_.Increment(amount); }
    double value() const { return counter_.Value(); }

private:
    prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
public:
    explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
    void set(double value) override { gauge_.Set(value); }
    void add(double amount) override { gauge_.Increment(amount); }
    double value() const { return gauge_.Value(); }

private:
    prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
public:
    explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
    void observe(double value) override { histogram_.Observe(value); }

private:
    prometheus::Histogram& histogram_;
};

using LabelMap = std::map<std::string, std::string>;

LabelMap to_map(const Labels& labels) {
    LabelMap out(labels.begin(), labels.end());
    ZS_ASSERT(out.size() == labels.size());  // a label is given once
    return out;
}

// All metrics of one name. Only the maps fitting `kind` are used.
struct Entry {
    explicit Entry(Kind k) : kind(k) {}

    Kind kind;
    prometheus::Family<prometheus::Counter>* counters = nullptr;
    prometheus::Family<prometheus::Gauge>* gauges = nullptr;
    prometheus::Family<prometheus::Histogram>* histograms = nullptr;
    std::map<LabelMap, std::unique_ptr<PrometheusCounter>> counter_of;
    std::map<LabelMap, std::unique_ptr<PrometheusGauge>> gauge_of;
    std::map<LabelMap, std::unique_ptr<PrometheusHistogram>> histogram_of;
};

// Registers the family of `name` with the builder that fits its kind.
template <class Builder>
auto& family(prometheus::Registry& registry, Builder builder, std::string_view name,
             std::string_view help) {
    return builder.Name(std::string(name)).Help(std::string(help)).Register(registry);
}

struct Catalogue {
    std::mutex mutex;
    prometheus::Registry registry;
    std::map<std::string, Entry, std::less<>> entries;

    // A name has one kind and keeps the help of its first use.
    Entry& entry(std::string_view name, std::string_view help, Kind kind) {
        if (const auto found = entries.find(name); found != entries.end()) {
            ZS_ASSERT(found->second.kind == kind);
            return found->second;
        }
        Entry& made = entries.try_emplace(std::string(name), kind).first->second;
        switch (kind) {
            case Kind::Counter:
                made.counters = &family(registry, prometheus::BuildCounter(), name, help);
                break;
            case Kind::Gauge:
                made.gauges = &family(registry, prometheus::BuildGauge(), name, help);
                break;
            case Kind::Histogram:
                made.histograms = &family(registry, prometheus::BuildHistogram(), name, help);
                break;
        }
        return made;
    }
};

// Never destroyed: threads may still count while the process ends.
Catalogue& catalogue() {
    static auto* const instance = new Catalogue;
    return *instance;
}

}  // namespace

Counter& counter(std::string_view name, std::string_view help, const Labels& labels) {
    auto& all = catalogue();
    auto map = to_map(labels);
    const std::lock_guard lock(all.mutex);
    Entry& entry = all.entry(name, help, Kind::Counter);
    auto& slot = entry.counter_of[map];
    if (!slot) slot = std::make_unique<PrometheusCounter>(entry.counters->Add(map));
    return *slot;
}

Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels) {
    auto& all = catalogue();
    auto map = to_map(labels);
    const std::lock_guard lock(all.mutex);
    Entry& entry = all.entry(name, help, Kind::Gauge);
    auto& slot = entry.gauge_of[map];
    if (!slot) slot = std::make_unique<PrometheusGauge>(entry.gauges->Add(map));
    return *slot;
}

Histogram& histogram(std::string_view name, std::string_view help,
                     const std::vector<double>& bounds, const Labels& labels) {
    auto& all = catalogue();
    auto map = to_map(labels);
    const std::lock_guard lock(all.mutex);
    Entry& entry = all.entry(name, help, Kind::Histogram);
    auto& slot = entry.histogram_of[map];
    if (!slot) slot = std::make_unique<PrometheusHistogram>(entry.histograms->Add(map, bounds));
    return *slot;
}

const std::vector<double>& duration_bounds() {
    static const std::vector<double> bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
    return bounds;
}

std::string render() {
    const prometheus::TextSerializer serializer;
    return serializer.Serialize(catalogue().registry.Collect());
}

double value(std::string_view name, const Labels& labels) {
    auto& all = catalogue();
    const auto map = to_map(labels);
    const std::lock_guard lock(all.mutex);
    const auto found = all.entries.find(name);
    if (found == all.entries.end()) return 0;
    if (const auto c = found->second.counter_of.find(map); c != found->second.counter_of.end()) {
        return c->second->value();
    }
    if (const auto g = found->second.gauge_of.find(map); g != found->second.gauge_of.end()) {
        return g->second->value();
    }
    return 0;
}

}  // namespace zs::metrics
