#include "adapters/cli/files_commands.hpp"

#include "adapters/cli/text_width.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace zs::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::chrono::milliseconds kAskEvery{200};

// Feeds a file's bytes to `take`. Errors: InvalidArgument naming the file.
template <class Take>
Result<std::uint64_t> read_file(const std::string& name, Take take) {
    std::ifstream file(name, std::ios::binary);
    if (!file) return invalid_argument("cannot read " + name);
    std::string piece(kReadBytes, '\0');
    std::uint64_t size = 0;
    while (file) {
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto got = static_cast<std::size_t>(file.gcount());
        take(std::string_view(piece).substr(0, got));
        size += got;
    }
    if (file.bad()) return invalid_argument("cannot read " + name);
    return size;
}

Result<boost::json::value> put_one(ApiSession& session, const std::string& name,
                                   const std::string& type) {
    Sha256 hash;
    auto size = read_file(name, [&](std::string_view bytes) { hash.update(bytes); });
    if (!size) return std::move(size).error();
    std::ifstream file(name, std::ios::binary);
    const auto source = file_source(file, *size, type);
    ApiCall call{.method = "POST", .path = "/v1/files", .timeout = std::chrono::seconds(0)};
    call.headers = {"Content-Digest: sha-256=:" + to_base64(hash.finish()) + ":"};
    call.upload = &source;
    auto body = session.call(call);
    if (!body) return std::move(body).error();
    return parse_json(*body);
}

Result<std::string> checked_sha(const std::string& text) {
    if (text.size() == 64 && from_hex(text)) return to_lower(text);
    return usage_error("'" + text + "' is not a SHA-256: 64 hexadecimal digits");
}

// Fetches from `offset` on; every piece goes to `take`.
Result<void> fetch(ApiSession& session, const std::string& sha, std::uint64_t offset,
                   const BodySink& take) {
    ApiCall call{.path = "/v1/files/" + sha, .accept = "*/*", .timeout = std::chrono::seconds(0)};
    if (offset > 0) {
        call.headers = {"Range: bytes=" + std::to_string(offset) + "-",
                        "If-Range: \"" + sha + "\""};
    }
    auto done = session.call(call, take);
    if (done) return {};
    return std::move(done).error();
}

Error wrong_hash(const std::string& sha) {
    return data_loss("what arrived does not hash to " + sha);
}

Result<std::uint64_t> get_into(ApiSession& session, const std::string& sha,
                               const std::string& output) {
    const std::string part = output + ".part";
    std::error_code ignored;
    Sha256 hash;
    std::uint64_t size = 0;
    if (fs::exists(part, ignored)) {
        auto had = read_file(part, [&](std::string_view bytes) { hash.update(bytes); });
        if (!had) return std::move(had).error();
        size = *had;
    }
    std::ofstream file(part, std::ios::binary | std::ios::app);
    if (!file) return invalid_argument("cannot write " + part);
    auto take = [&](std::string_view bytes) {
        hash.update(bytes);
        size += bytes.size();
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return static_cast<bool>(file);
    };
    auto fetched = fetch(session, sha, size, take);
    // 416: the part is the whole file already, or none of it.
    const bool beyond = !fetched && fetched.error().reason == "range_not_satisfiable";
    file.close();
    if (!fetched && !beyond) return std::move(fetched).error();
    if (!file) return invalid_argument("cannot write " + part);
    if (to_hex(hash.finish()) != sha) {
        fs::remove(part, ignored);
        return wrong_hash(sha);
    }
    fs::rename(part, output, ignored);
    if (ignored) return invalid_argument("cannot write " + output);
    return size;
}

Result<void> get_to_output(ApiSession& session, const std::string& sha, Console& console) {
    Sha256 hash;
    auto take = [&](std::string_view bytes) {
        hash.update(bytes);
        console.out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return static_cast<bool>(console.out);
    };
    auto fetched = fetch(session, sha, 0, take);
    if (!fetched) return fetched;
    if (to_hex(hash.finish()) != sha) return wrong_hash(sha);
    return {};
}

Result<boost::json::value> maintain(ApiSession& session, const std::string& job) {
    ApiCall start{.method = "POST", .path = "/v1/files/maintenance"};
    start.body = boost::json::object{{"job", job}};
    auto asked = session.call(start);
    while (true) {
        if (!asked) return std::move(asked).error();
        auto status = parse_json(*asked);
        if (!status || !status->is_object() || !status->get_object().contains(job)) {
            return data_loss("the server's answer is not about its upkeep");
        }
        const auto& run = status->at(job);
        const auto& state = run.at("state").as_string();
        if (state == "done" || state == "failed") return run;
        std::this_thread::sleep_for(kAskEvery);
        asked = session.call(ApiCall{.path = "/v1/files/maintenance"});
    }
}

int run_maintenance(const FilesOptions& options, Console& console, const Clock& clock,
                    const std::string& job) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    const auto run = maintain(*session, job);
    if (!run) return console.fail(run.error());
    const auto number = [&](const char* name) { return run->at(name).to_number<std::int64_t>(); };
    const bool good =
        run->at("state").as_string() == "done" && number("damaged") + number("missing") == 0;
    if (console.json) {
        console.out << write_json(*run) << '\n';
    } else {
        for (const char* name : {"blobs", "bytes", "removed", "damaged", "missing"})
            console.out << pad_right(name, 10) << number(name) << '\n';
        for (const auto& blob : run->at("damaged_blobs").as_array())
            console.out << "damaged or missing: " << printable(blob.as_string()) << '\n';
    }
    return good ? kExitSuccess : kExitFailure;
}

}  // namespace

int run_files_put(const FilesOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    boost::json::array all;
    for (const auto& name : options.names) {
        auto stored = put_one(*session, name, options.content_type);
        if (!stored) return console.fail(stored.error());
        if (!console.json) {
            console.out << printable(stored->at("sha256").as_string()) << "  " << printable(name)
                        << '\n';
        }
        all.push_back(std::move(*stored));
    }
    if (console.json) console.out << write_json(all) << '\n';
    return kExitSuccess;
}

int run_files_get(const FilesOptions& options, Console& console, const Clock& clock) {
    const auto sha = checked_sha(options.names.front());
    if (!sha) return console.fail(sha.error());
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    if (!options.output || *options.output == "-") {
        auto got = get_to_output(*session, *sha, console);
        return got ? kExitSuccess : console.fail(got.error());
    }
    const auto size = get_into(*session, *sha, *options.output);
    if (!size) return console.fail(size.error());
    console.note("Wrote " + std::to_string(*size) + " bytes to " + *options.output + ".");
    return kExitSuccess;
}

int run_files_list(const FilesOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    const auto body = session->call(ApiCall{.path = "/v1/files?limit=1000"});
    if (!body) return console.fail(body.error());
    const auto files = parse_json(*body);
    if (!files || !files->is_array()) return console.fail(data_loss("the answer is not a list"));
    if (console.json) {
        console.out << write_json(*files) << '\n';
        return kExitSuccess;
    }
    for (const auto& file : files->get_array()) {
        console.out << printable(file.at("sha256").as_string()) << "  "
                    << printable(file.at("created_at").as_string()) << "  "
                    << pad_left(std::to_string(file.at("size").to_number<std::int64_t>()), 12)
                    << "  " << printable(file.at("content_type").as_string()) << '\n';
    }
    constexpr std::size_t kShownMax = 1000;
    if (files->get_array().size() == kShownMax) console.note("The newest 1000 are shown.");
    return kExitSuccess;
}

int run_files_remove(const FilesOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    for (const auto& name : options.names) {
        const auto sha = checked_sha(name);
        if (!sha) return console.fail(sha.error());
        auto removed = session->call(ApiCall{.method = "DELETE", .path = "/v1/files/" + *sha});
        if (!removed) return console.fail(removed.error());
    }
    if (console.json) {
        console.out << write_json(boost::json::object{{"deleted", options.names.size()}}) << '\n';
    } else {
        console.note("Deleted " + std::to_string(options.names.size()) + " file(s).");
    }
    return kExitSuccess;
}

int run_files_verify(const FilesOptions& options, Console& console, const Clock& clock) {
    return run_maintenance(options, console, clock, "verify");
}

int run_files_collect(const FilesOptions& options, Console& console, const Clock& clock) {
    return run_maintenance(options, console, clock, "collect");
}

}  // namespace zs::cli
