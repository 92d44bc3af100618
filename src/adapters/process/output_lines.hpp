#pragma once

#include "adapters/process/line_splitter.hpp"
#include "adapters/process/secret_mask.hpp"
#include "adapters/process/spool.hpp"
#include "core/jobs/worker.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::process {

// Reads the line ##zjob {"progress":0.4,"message":"half"}; nothing when it is not that.
std::optional<jobs::Progress> parse_progress(std::string_view line);

// Makes log lines of the records of a spool: masks secrets, cuts lines, picks out progress. Equal
// records always make equal lines, so that a server that comes later can tell which of them are
// stored already.
// Threading: one at a time.
class OutputLines {
public:
    // `secrets`: values that the log must not show.
    explicit OutputLines(const std::vector<std::string>& secrets);
    OutputLines(const OutputLines&) = delete;
    OutputLines& operator=(const OutputLines&) = delete;

    void take(const SpoolRecord& record);
    // No more records follow.
    void finish(Timestamp at);

    // Lines since the last call.
    std::vector<jobs::LogLine> take_lines();
    std::optional<jobs::Progress> take_progress();

    // What is between two lines, so that another process can go on from the next record.
    std::string save() const;
    // Errors: DataLoss.
    Result<void> restore(std::string_view saved);

private:
    struct Stream {
        Stream(jobs::LogStream n, const SecretFinder& finder) : name(n), mask(finder) {}
        jobs::LogStream name;
        SecretMask mask;
        LineSplitter splitter;
        bool in_part = false;  // the next line goes on with one that began before
    };
    void add(Stream& stream, std::string_view masked, Timestamp at);
    void add_line(Stream& stream, std::string line, bool part, Timestamp at);

    SecretFinder finder_;
    Stream output_{jobs::LogStream::Stdout, finder_};
    Stream errors_{jobs::LogStream::Stderr, finder_};
    std::vector<jobs::LogLine> lines_;
    std::optional<jobs::Progress> progress_;
};

}  // namespace zs::process
