#include "support/report.hpp"

#include "support/failure.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace zs::bench {

namespace {

double micros(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

std::string load_average() {
    std::ifstream in("/proc/loadavg");
    std::string one_minute;
    in >> one_minute;
    return one_minute;
}

// 1234567.8 → "1,234,568"
std::string number_text(double value, int decimals) {
    const std::string digits = fmt::format("{:.{}f}", value, decimals);
    const std::size_t point = std::min(digits.find('.'), digits.size());
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const bool groups = i > 0 && i < point && digits[i - 1] != '-' && (point - i) % 3 == 0;
        if (groups) text.push_back(',');
        text.push_back(digits[i]);
    }
    return text;
}

// Columns are counted in characters: the texts are UTF-8.
std::size_t width_of(const std::string& text) {
    std::size_t width = 0;
    for (const char c : text)
        width += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    return width;
}

}  // namespace

Sample sample_of(const LoadResult& result) {
    if (result.answers == 0 || result.failures * 1000 > result.answers) {
        throw Failure(fmt::format("{} of {} answers were errors; the first: {}", result.failures,
                                  result.failures + result.answers, result.first_failure));
    }
    Sample sample;
    sample["answers_per_second"] = double(result.answers) / result.seconds;
    if (result.server_cpu_seconds > 0) {
        sample["per_server_cpu_second"] = double(result.answers) / result.server_cpu_seconds;
    }
    sample["p50_us"] = micros(result.latency.percentile(50));
    sample["p99_us"] = micros(result.latency.percentile(99));
    return sample;
}

Samples run_interleaved(const std::vector<Subject>& subjects, int rounds) {
    const bool shows_progress = ::isatty(STDERR_FILENO) == 1;
    Samples samples;
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < subjects.size(); ++i) {
            const auto& subject = subjects[round % 2 == 0 ? i : subjects.size() - 1 - i];
            if (shows_progress)
                std::fprintf(stderr, "\r\033[Kround %d of %d: %s", round + 1, rounds,
                             subject.name.c_str());
            samples[subject.name].push_back(subject.run());
        }
    }
    if (shows_progress) std::fprintf(stderr, "\r\033[K");
    return samples;
}

double median_of(const std::vector<Sample>& samples, const std::string& figure) {
    std::vector<double> values;
    for (const auto& sample : samples) {
        if (const auto found = sample.find(figure); found != sample.end()) {
            values.push_back(found->second);
        }
    }
    return median(values);
}

double ratio_of(const Samples& samples, const std::string& ours, const std::string& theirs,
                const std::string& figure) {
    const auto& a = samples.at(ours);
    const auto& b = samples.at(theirs);
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const auto x = a[i].find(figure);
        const auto y = b[i].find(figure);
        if (x != a[i].end() && y != b[i].end() && y->second > 0) {
            ratios.push_back(x->second / y->second);
        }
    }
    return median(ratios);
}

Report::Report(std::string benchmark, const BenchOptions& options) : json_(options.json) {
    document_["benchmark"] = benchmark;
    document_["rounds"] = options.rounds;
    document_["seconds"] = options.seconds;
    document_["notes"] = boost::json::object();
    document_["tables"] = boost::json::array();
    document_["goals"] = boost::json::array();
    if (!json_) {
        std::printf("%s: %d rounds, %.1f s each, medians\n", benchmark.c_str(), options.rounds,
                    options.seconds);
    }
    note("cores", std::to_string(std::thread::hardware_concurrency()));
    note("load average before", load_average());
}

Report::~Report() {
    if (json_ && std::uncaught_exceptions() == 0) {
        std::printf("%s\n", boost::json::serialize(document_).c_str());
    }
}

void Report::note(const std::string& name, const std::string& value) {
    document_["notes"].as_object()[name] = value;
    if (!json_) std::printf("  %s: %s\n", name.c_str(), value.c_str());
}

void Report::table(const std::string& title, const std::vector<Subject>& subjects,
                   const Samples& samples, const std::vector<Column>& columns,
                   const std::string& peer) {
    std::vector<std::vector<std::string>> rows{{title}};
    for (const auto& column : columns)
        rows[0].push_back(column.title);
    if (!peer.empty()) rows[0].push_back("÷ " + peer);
    boost::json::array json_rows;
    for (const auto& subject : subjects) {
        const auto& runs = samples.at(subject.name);
        std::vector<std::string> row{subject.name};
        boost::json::object json_row{{"subject", subject.name}};
        for (const auto& column : columns) {
            const double value = median_of(runs, column.figure);
            row.push_back(value == 0 ? "–" : number_text(value, column.decimals));
            json_row[column.figure] = value;
        }
        if (!peer.empty()) {
            const double ratio = ratio_of(samples, subject.name, peer, columns[0].figure);
            row.push_back(fmt::format("{:.2f}", ratio));
            json_row["ratio"] = ratio;
        }
        rows.push_back(std::move(row));
        json_rows.push_back(std::move(json_row));
    }
    const boost::json::object json_table{{"title", title}, {"peer", peer}, {"rows", json_rows}};
    document_["tables"].as_array().push_back(json_table);
    if (!json_) print(rows);
}

void Report::print(const std::vector<std::vector<std::string>>& rows) const {
    std::vector<std::size_t> widths(rows[0].size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::printf("\n");
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string blanks(widths[i] - width_of(row[i]), ' ');
            if (i == 0) {
                std::printf("  %s%s", row[i].c_str(), blanks.c_str());
            } else {
                std::printf("   %s%s", blanks.c_str(), row[i].c_str());
            }
        }
        std::printf("\n");
    }
    std::fflush(stdout);
}

void Report::goal(const std::string& what, double value, Bound bound, double wanted) {
    const bool met = bound == Bound::AtLeast ? value >= wanted : value <= wanted;
    const boost::json::object goal{
        {"what", what}, {"value", value}, {"wanted", wanted}, {"met", met}};
    document_["goals"].as_array().push_back(goal);
    if (!json_) {
        const int decimals = wanted < 10 ? 2 : 0;
        std::printf("  goal: %s %s %s: %s (%s)\n", what.c_str(),
                    bound == Bound::AtLeast ? "≥" : "≤", number_text(wanted, decimals).c_str(),
                    number_text(value, decimals).c_str(), met ? "met" : "MISSED");
    }
}

}  // namespace zs::bench
