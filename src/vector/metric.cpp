#include "vector/metric.hpp"

#include <array>
#include <string>

namespace zs::vector {
namespace {

struct MetricName {
    std::string_view name;
    Metric metric;
};
// The first name of a metric is the one that is shown.
constexpr std::array<MetricName, 7> kMetrics = {{{"l2", Metric::L2},
                                                 {"cosine", Metric::Cosine},
                                                 {"ip", Metric::InnerProduct},
                                                 {"hamming", Metric::Hamming},
                                                 {"euclidean", Metric::L2},
                                                 {"dot", Metric::InnerProduct},
                                                 {"inner_product", Metric::InnerProduct}}};

struct ScalarName {
    std::string_view name;
    Scalar scalar;
};
constexpr std::array<ScalarName, 5> kScalars = {{{"f32", Scalar::F32},
                                                 {"f16", Scalar::F16},
                                                 {"bf16", Scalar::BF16},
                                                 {"i8", Scalar::I8},
                                                 {"bit", Scalar::Bit}}};

// What a client sent, cut short: it goes into a message.
std::string shown(std::string_view text) {
    constexpr std::size_t kShownMax = 40;
    return "'" + std::string(text.substr(0, kShownMax)) + (text.size() > kShownMax ? "…'" : "'");
}

}  // namespace

std::string_view to_text(Metric metric) noexcept {
    for (const auto& entry : kMetrics) {
        if (entry.metric == metric) return entry.name;
    }
    return "l2";
}

Result<Metric> parse_metric(std::string_view text) {
    for (const auto& entry : kMetrics) {
        if (entry.name == text) return entry.metric;
    }
    return invalid_field("metric", shown(text) + " is no metric; use l2, cosine, ip or hamming",
                         "invalid_metric");
}

std::string_view to_text(Scalar scalar) noexcept {
    for (const auto& entry : kScalars) {
        if (entry.scalar == scalar) return entry.name;
    }
    return "f32";
}

Result<Scalar> parse_scalar(std::string_view text) {
    for (const auto& entry : kScalars) {
        if (entry.name == text) return entry.scalar;
    }
    return invalid_argument(
        shown(text) + " is no way to store numbers; use f32, f16, bf16, i8 or bit",
        "invalid_scalar");
}

}  // namespace zs::vector
