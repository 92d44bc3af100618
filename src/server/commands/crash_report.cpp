#include "server/commands/crash_report.hpp"

#include <algorithm>
#include <cmath>

namespace zs::server {
namespace json = boost::json;

namespace {

constexpr int kLines = 5;

double percentile(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(std::llround(last * part))];
}

}  // namespace

bool CrashReport::is_good() const {
    const auto wrong = lost + unfinished + failed + never_run + ended_twice + logs_with_holes;
    return wrong == 0 && submitted > 0;
}

json::object CrashReport::show() const {
    json::object out{{"seed", seed}};
    for (const auto& [who, count] : kills)
        out.emplace("kills_of_" + who, count);
    for (const auto& [when, count] : moments)
        out.emplace("kills_during_" + when, count);
    const std::pair<const char*, std::size_t> counts[] = {
        {"answered_submits", submitted},
        {"unanswered_submits", unanswered},
        {"lost", lost},
        {"unfinished", unfinished},
        {"failed", failed},
        {"never_run", never_run},
        {"ended_twice", ended_twice},
        {"logs_with_holes", logs_with_holes},
        {"run_once", run_once},
        {"run_again", run_again},
        {"programs_cut_off", cut_off},
        {"attached_again", attached_again},
    };
    for (const auto& [name, count] : counts)
        out.emplace(name, count);
    for (const auto& [where, times] : redelivery_ms) {
        out.emplace("shims_killed_" + where, times.size());
        out.emplace("redelivery_ms_p50_" + where, percentile(times, 0.5));
        out.emplace("redelivery_ms_max_" + where, percentile(times, 1));
    }
    out.emplace("passed", is_good());
    return out;
}

bool is_whole_log(const json::value& entries, std::int64_t attempt) {
    if (!entries.is_array()) return false;
    int next = 1;
    for (const auto& entry : entries.get_array()) {
        if (entry.at("attempt").to_number<std::int64_t>() != attempt) continue;
        if (entry.at("line").as_string() != "line " + std::to_string(next++)) return false;
    }
    return next == kLines + 1;
}

}  // namespace zs::server
