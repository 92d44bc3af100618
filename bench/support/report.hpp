#pragma once

#include "support/load.hpp"
#include "support/options.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zs::bench {

// The figures of one run by name, such as "answers_per_second"; a report has one set of names.
using Sample = std::map<std::string, double>;

// answers_per_second, per_server_cpu_second, p50_us, p99_us. Throws Failure when more than one in
// a thousand answers was an error: such a run measures the error path.
Sample sample_of(const LoadResult& result);

// One thing that is measured again and again: ours, or a peer.
struct Subject {
    std::string name;
    std::function<Sample()> run;
};

// All samples of the subjects, by name.
using Samples = std::map<std::string, std::vector<Sample>>;

// Runs every subject once per round, each second round in reverse order, so that a machine that
// becomes slower or faster treats all alike.
Samples run_interleaved(const std::vector<Subject>& subjects, int rounds);

double median_of(const std::vector<Sample>& samples, const std::string& figure);
// The median over the rounds of ours ÷ theirs in the same round.
double ratio_of(const Samples& samples, const std::string& ours, const std::string& theirs,
                const std::string& figure);

// Tables and goals, printed at once as text, or at the end as one JSON document.
class Report {
public:
    Report(std::string benchmark, const BenchOptions& options);
    ~Report();
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    // What is true of the whole run, such as the cost of one sync.
    void note(const std::string& name, const std::string& value);

    struct Column {
        std::string figure;
        std::string title;
        int decimals = 0;
    };
    // One row per subject in the given order, medians in the columns. The last column is the ratio
    // of the first column's figure to the same of `peer`; none when `peer` is empty.
    void table(const std::string& title, const std::vector<Subject>& subjects,
               const Samples& samples, const std::vector<Column>& columns, const std::string& peer);

    enum class Bound { AtLeast, AtMost };
    void goal(const std::string& what, double value, Bound bound, double wanted);

private:
    void print(const std::vector<std::vector<std::string>>& rows) const;

    bool json_;
    boost::json::object document_;
};

}  // namespace zs::bench
