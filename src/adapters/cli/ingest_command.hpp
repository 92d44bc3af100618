#pragma once

#include "adapters/cli/api_session.hpp"
#include "adapters/cli/body_encoder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zs::cli {

struct IngestOptions {
    Target target = {};
    std::vector<std::string> files = {};
    std::string collection = {};
    std::string format = "auto";  // auto, ndjson, json
    std::string on_conflict = "error";
    std::string on_error = "skip";
    std::optional<std::string> id_field = {};
    std::optional<std::int64_t> errors_max = {};
    std::optional<std::string> key = {};
    BodyCoding compress = BodyCoding::Identity;  // of files that are not compressed themselves
    std::optional<std::string> dead_letter = {};
    int retries = 5;
    bool create = false;  // the collection, when it is missing
};

// Sends files into a collection. A cut connection is taken up again where the server says; so is
// the same command when it is run again within a day. Answers the exit code.
int run_ingest(const IngestOptions& options, Console& console, const Clock& clock);

struct ExportOptions {
    Target target = {};
    std::string collection = {};
    std::optional<std::string> output = {};  // else standard output
    std::string format = "ndjson";
    int retries = 5;
};

// Fetches every document of a collection. A cut export goes on behind the last whole document.
int run_export(const ExportOptions& options, Console& console, const Clock& clock);

}  // namespace zs::cli
