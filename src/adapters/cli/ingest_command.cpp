#include "adapters/cli/ingest_command.hpp"

#include "adapters/cli/interrupt.hpp"
#include "adapters/cli/progress_bar.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

namespace zs::cli {
namespace {

namespace json = boost::json;

// What is known of a file before it is sent.
struct Input {
    std::string path;
    std::uint64_t size = 0;
    std::string content_type;
    std::string coding;  // "" for none
    std::string key;
};

std::string encoded(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string path_of(const IngestOptions& options) {
    return "/v1/collections/" + encoded(options.collection) + "/ingest";
}

Result<Input> look_at(const std::string& path, const IngestOptions& options) {
    namespace fs = std::filesystem;
    std::error_code error;
    Input input;
    input.path = path;
    input.size = fs::file_size(path, error);
    if (error) return usage_error("cannot read the file '" + path + "'");
    std::string_view name = path;
    if (name.ends_with(".gz")) {
        input.coding = "gzip";
        name.remove_suffix(3);
    } else if (name.ends_with(".zst")) {
        input.coding = "zstd";
        name.remove_suffix(4);
    }
    const bool values =
        options.format == "json" || (options.format == "auto" && name.ends_with(".json"));
    input.content_type = values ? "application/json" : "application/x-ndjson";
    const auto changed = fs::last_write_time(path, error).time_since_epoch().count();
    input.key = options.key.value_or(
        "cli-"
        + to_hex(sha256(options.collection + '\n' + fs::absolute(path, error).string() + '\n'
                        + std::to_string(input.size) + '\n' + std::to_string(changed))));
    return input;
}

bool is_packed_here(const IngestOptions& options, const Input& input) {
    return input.coding.empty() && options.compress != BodyCoding::Identity;
}

ApiCall call_for(const IngestOptions& options, const Input& input, std::uint64_t offset) {
    ApiCall call{.method = "POST", .path = path_of(options)};
    call.path += "?on_conflict=" + options.on_conflict + "&on_error=" + options.on_error;
    if (options.id_field) call.path += "&id_field=" + encoded(*options.id_field);
    if (options.errors_max) call.path += "&max_errors=" + std::to_string(*options.errors_max);
    if (options.dead_letter) call.path += "&dead_letter=" + encoded(*options.dead_letter);
    // Of a compressed file the server skips what it has: nobody can begin in its middle.
    if (input.coding.empty()) call.path += "&resume_from=" + std::to_string(offset);
    call.headers.push_back("Idempotency-Key: " + input.key);
    if (!input.coding.empty()) call.headers.push_back("Content-Encoding: " + input.coding);
    if (is_packed_here(options, input)) {
        call.headers.push_back("Content-Encoding: " + std::string(to_text(options.compress)));
    }
    call.timeout = Seconds(0);
    return call;
}

// Where the stream goes on; 0 for a new one.
Result<std::uint64_t> committed_offset(ApiSession& session, const IngestOptions& options,
                                       const Input& input) {
    ApiCall call{.method = "GET", .path = path_of(options)};
    call.headers.push_back("Idempotency-Key: " + input.key);
    auto reply = session.call(call);
    if (!reply) {
        if (reply.error().reason == "no_such_stream") return std::uint64_t{0};
        return std::move(reply).error();
    }
    auto state = parse_json(*reply);
    const auto* offset =
        state && state->is_object() ? state->get_object().if_contains("offset") : nullptr;
    if (offset == nullptr || !offset->is_number()) return data_loss("the answer is not a stream's");
    return offset->to_number<std::uint64_t>();
}

// A file from some place on, packed on its way when that is asked for.
class Upload {
public:
    Upload(const std::string& path, std::uint64_t begin, BodyCoding coding, ProgressBar& bar)
        : file_(path, std::ios::binary), begin_(begin), coding_(coding), bar_(bar) {}

    bool rewind() {
        sent_ = begin_;
        ended_ = false;
        packed_.clear();
        encoder_ = make_encoder(coding_);
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(begin_));
        return file_.good();
    }
    std::optional<std::size_t> read(char* to, std::size_t room) {
        if (!encoder_) return read_file(to, room);
        while (packed_.empty() && !ended_) {
            raw_.resize(kPieceBytes);
            const auto got = read_file(raw_.data(), raw_.size());
            if (!got) return std::nullopt;
            encoder_->add(std::string_view(raw_).substr(0, *got), packed_);
            ended_ = *got == 0;
            if (ended_) encoder_->finish(packed_);
        }
        const std::size_t given = std::min(room, packed_.size());
        packed_.copy(to, given);
        packed_.erase(0, given);
        return given;
    }

private:
    static constexpr std::size_t kPieceBytes = 64 * 1024;

    std::optional<std::size_t> read_file(char* to, std::size_t room) {
        file_.read(to, static_cast<std::streamsize>(room));
        const auto got = static_cast<std::size_t>(file_.gcount());
        if (file_.bad()) return std::nullopt;
        sent_ += got;
        bar_.update(sent_);
        return got;
    }

    std::ifstream file_;
    std::uint64_t begin_;
    BodyCoding coding_;
    ProgressBar& bar_;
    std::uint64_t sent_ = 0;
    bool ended_ = false;
    std::unique_ptr<BodyEncoder> encoder_;
    std::string raw_;
    std::string packed_;
};

Result<std::string> send_from(ApiSession& session, const IngestOptions& options, const Input& input,
                              std::uint64_t offset, ProgressBar& bar) {
    const std::uint64_t begin = input.coding.empty() ? offset : 0;
    const bool packed = is_packed_here(options, input);
    Upload upload(input.path, begin, packed ? options.compress : BodyCoding::Identity, bar);
    UploadSource source;
    if (!packed) source.size = input.size - std::min(begin, input.size);
    source.content_type = input.content_type;
    source.rewind = [&] { return upload.rewind(); };
    source.read = [&](char* to, std::size_t room) { return upload.read(to, room); };
    auto call = call_for(options, input, offset);
    call.upload = &source;
    return session.call(call);
}

bool is_worth_another_try(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.reason == "resume_mismatch"
           || error.reason == "idempotency_in_progress" || error.reason == "request_timeout";
}

// False when SIGINT came.
bool wait_before(int attempt) {
    const InterruptScope interruptible;
    const int tenths = std::min(100, 5 << std::min(attempt, 6));
    for (int i = 0; i < tenths && !interrupted(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return !interrupted();
}

Result<std::string> send_with_retries(ApiSession& session, const IngestOptions& options,
                                      const Input& input, Console& console) {
    const bool draw = console.out_is_terminal && !console.quiet && !console.json;
    ProgressBar bar(console.err, input.path, input.size,
                    draw ? ProgressBar::Shown::Yes : ProgressBar::Shown::Hidden);
    for (int attempt = 0;; ++attempt) {
        auto offset = committed_offset(session, options, input);
        Result<std::string> reply = std::string();
        if (!offset) {
            reply = std::move(offset).error();
        } else {
            if (attempt == 0) bar.set_begun_at(*offset);
            reply = send_from(session, options, input, *offset, bar);
        }
        if (reply || attempt >= options.retries || !is_worth_another_try(reply.error()))
            return reply;
        console.warning(reply.error().message + "; trying again");
        if (!wait_before(attempt)) {
            return Error{.message = "interrupted", .reason = "interrupted", .details = {}};
        }
    }
}

Result<void> create_collection(ApiSession& session, const std::string& name) {
    ApiCall look{.method = "GET", .path = "/v1/collections/" + encoded(name)};
    auto found = session.call(look);
    if (found) return {};
    if (found.error().reason != "no_such_collection") return std::move(found).error();
    ApiCall make{.method = "POST", .path = "/v1/collections"};
    make.body = json::object{{"name", name}};
    auto made = session.call(make);
    if (!made) return std::move(made).error();
    return {};
}

// The key is made of the file, which is another one when it is mended.
void show_way_on(Console& console, const Input& input) {
    console.note(
        "What came before it is stored. Mend the file from there on, then go on with the "
        "same command and\n  --key "
        + input.key);
}

void show_errors(Console& console, const json::value* errors) {
    if (errors == nullptr || !errors->is_array()) return;
    for (const auto& error : errors->get_array()) {
        const auto* message =
            error.is_object() ? error.get_object().if_contains("message") : nullptr;
        if (message != nullptr && message->is_string()) {
            console.note("  " + std::string(message->get_string()));
        }
    }
}

void show_report(Console& console, const Input& input, const json::object& report) {
    const auto number = [&](std::string_view key) {
        const auto* value = report.if_contains(key);
        return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
    };
    console.out << input.path << ": " << number("ingested") << " ingested, " << number("ignored")
                << " ignored, " << number("errors") << " errors\n";
    show_errors(console, report.if_contains("error_details"));
}

}  // namespace

int run_ingest(const IngestOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    if (options.key && options.files.size() > 1) {
        return console.fail(usage_error("--key names one stream, so it takes one file"));
    }
    if (options.create) {
        auto created = create_collection(*session, options.collection);
        if (created && options.dead_letter) {
            created = create_collection(*session, *options.dead_letter);
        }
        if (!created) return console.fail(created.error());
    }
    json::array reports;
    bool all_stored = true;
    for (const auto& path : options.files) {
        auto input = look_at(path, options);
        if (!input) return console.fail(input.error());
        auto reply = send_with_retries(*session, options, *input, console);
        if (!reply) {
            const Error failed = reply.error();
            if (failed.reason == "ingest_failed") {
                show_errors(console, failed.details.if_contains("error_details"));
                show_way_on(console, *input);
            }
            return console.fail(failed);
        }
        auto report = parse_json(*reply);
        if (!report || !report->is_object()) {
            return console.fail(data_loss("the answer is not a report"));
        }
        const auto* errors = report->get_object().if_contains("errors");
        all_stored = all_stored && errors != nullptr && errors->is_number()
                     && errors->to_number<std::uint64_t>() == 0;
        if (!console.json) show_report(console, *input, report->get_object());
        reports.push_back(std::move(*report));
    }
    if (console.json) console.out << write_json(reports) << '\n';
    return all_stored ? kExitSuccess : kExitFailure;
}

}  // namespace zs::cli
