#include "adapters/cli/jobs_commands.hpp"

#include "adapters/cli/interrupt.hpp"
#include "adapters/cli/job_log_printer.hpp"
#include "adapters/cli/table.hpp"
#include "adapters/cli/text_width.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <chrono>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <thread>

namespace zs::cli {
namespace json = boost::json;

namespace {

constexpr int kFollowTries = 10;
constexpr std::chrono::milliseconds kFollowPause{500};

std::string encoded(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string path_of(const std::string& id, std::string_view rest = {}) {
    return "/v1/jobs/" + encoded(id) + std::string(rest);
}

// What a 2xx answer says. Errors: as ApiSession::call; DataLoss when it is no JSON.
Result<json::value> ask(ApiSession& session, ApiCall call) {
    auto body = session.call(call);
    if (!body) return std::move(body).error();
    if (body->empty()) return json::value(nullptr);
    auto parsed = parse_json(*body);
    if (!parsed) return data_loss("the server's answer is no JSON");
    return parsed;
}

Result<json::value> get(ApiSession& session, std::string path) {
    ApiCall call;
    call.path = std::move(path);
    return ask(session, std::move(call));
}

Result<json::value> post(ApiSession& session, std::string path, json::object body = {}) {
    ApiCall call;
    call.method = "POST";
    call.path = std::move(path);
    call.body = std::move(body);
    return ask(session, std::move(call));
}

std::string text_in(const json::value& value, const char* name) {
    const auto* object = value.if_object();
    const auto* found = object == nullptr ? nullptr : object->if_contains(name);
    if (found == nullptr || found->is_null()) return {};
    if (found->is_string()) return std::string(found->get_string());
    return write_json(*found);
}

int show(const json::value& value, Console& console) {
    console.out << write_json(value) << '\n';
    return kExitSuccess;
}

// "name    value" for each field, those of objects as JSON.
int show_fields(const json::value& value, Console& console) {
    if (console.json || !value.is_object()) return show(value, console);
    for (const auto& [name, field] : value.get_object()) {
        const auto text = field.is_string() ? std::string(field.get_string()) : write_json(field);
        console.out << pad_right(std::string(name), 22) << printable(text) << '\n';
    }
    return kExitSuccess;
}

// One stream of the log, until the job has ended, or the connection.
Result<void> follow_once(ApiSession& session, std::string path, JobLogPrinter& printer) {
    ApiCall call;
    call.path = std::move(path);
    call.accept = "application/x-ndjson";
    call.timeout = std::chrono::seconds(0);
    const auto done =
        session.call(call, [&printer](std::string_view piece) { return printer.take(piece); });
    if (!done) return done.error();
    if (!printer.end()) return unavailable("the server ended the stream");
    return {};
}

// Answers how the job ended, as an exit code. A stream that is cut goes on behind its last line.
int follow(ApiSession& session, const std::string& id, const JobsOptions& options,
           Console& console) {
    JobLogPrinter printer(console);
    int tries_left = kFollowTries;
    while (true) {
        const auto from = printer.next_seq().value_or(options.from_seq);
        std::string path = path_of(id, "/logs?follow=true&from_seq=" + std::to_string(from));
        if (options.stream) path += "&stream=" + encoded(*options.stream);
        const auto done = follow_once(session, std::move(path), printer);
        if (done) break;
        const bool can_go_on = done.error().code == ErrorCode::Unavailable && printer.has_heard()
                               && console.out.good();
        if (!can_go_on || tries_left-- == 0) return console.fail(done.error());
        // Each line that comes shows that trying is worth it.
        if (printer.next_seq().value_or(options.from_seq) > from) tries_left = kFollowTries;
        printer.cut();
        console.note("the log was cut; going on");
        std::this_thread::sleep_for(kFollowPause);
    }
    if (printer.end()->state == "succeeded") return kExitSuccess;
    console.note("job " + id + ": " + printer.end()->state
                 + (printer.end()->message.empty() ? "" : ": " + printer.end()->message));
    return kExitFailure;
}

Result<json::value> send_lines(ApiSession& session, const UploadSource& source) {
    ApiCall call;
    call.method = "POST";
    call.path = "/v1/jobs/bulk";
    call.upload = &source;
    return ask(session, std::move(call));
}

// Standard input is read before it is sent: it cannot be read again when a token has expired.
Result<json::value> submit_text(ApiSession& session, std::string text) {
    std::size_t at = 0;
    UploadSource source;
    source.size = text.size();
    source.content_type = "application/x-ndjson";
    source.rewind = [&at] {
        at = 0;
        return true;
    };
    source.read = [&at, &text](char* to, std::size_t room) -> std::optional<std::size_t> {
        const auto count = text.copy(to, room, at);
        at += count;
        return count;
    };
    return send_lines(session, source);
}

Result<json::value> submit_lines(ApiSession& session, const std::string& name, Console& console) {
    if (name == "-")
        return submit_text(session, std::string(std::istreambuf_iterator<char>(console.in), {}));
    std::ifstream file(name, std::ios::binary | std::ios::ate);
    if (!file) return usage_error("cannot read the file '" + name + "'");
    const auto size = static_cast<std::uint64_t>(file.tellg());
    const auto source = file_source(file, size, "application/x-ndjson");
    return send_lines(session, source);
}

// The same call for each id; stops at the first error.
template <class Call>
int for_each_id(const JobsOptions& options, Console& console, const Clock& clock, Call call) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    json::array all;
    for (const auto& id : options.ids) {
        auto answer = call(*session, id);
        if (!answer) return console.fail(answer.error());
        if (!console.json) {
            const auto state = text_in(*answer, "status") + text_in(*answer, "state");
            console.out << printable(id) << "  " << (state.empty() ? "purged" : state) << '\n';
        }
        all.push_back(std::move(*answer));
    }
    return console.json ? show(all, console) : kExitSuccess;
}

int show_one(const JobsOptions& options, Console& console, const Clock& clock,
             const std::string& path) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    const auto value = get(*session, path);
    return value ? show_fields(*value, console) : console.fail(value.error());
}

TableRow row_of(const json::value& job) {
    const auto& spec = job.at("spec");
    std::string what = text_in(spec, "name");
    if (what.empty()) what = text_in(spec, "kind");
    if (what.empty()) {
        for (const auto& item : spec.at("command").as_array())
            what += (what.empty() ? "" : " ") + std::string(item.as_string());
    }
    std::string state = text_in(job, "state");
    if (const auto waiting = text_in(job, "waiting"); !waiting.empty()) state += "/" + waiting;
    return {text_in(job, "id"),         state, text_in(job, "attempt"),
            text_in(job, "created_at"), what,  text_in(job, "error_message")};
}

int show_table(const json::value& list, std::vector<TableColumn> columns,
               const std::vector<TableRow>& rows, Console& console) {
    if (console.json) return show(list, console);
    TableStyle style;
    style.color = console.color();
    if (console.out_is_terminal) style.width_max = console.width;
    console.out << render_table(columns, rows, style);
    return kExitSuccess;
}

int set_paused(const JobsOptions& options, Console& console, const Clock& clock, const char* verb) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    const auto answer = post(*session, std::string("/v1/jobs/") + verb);
    return answer ? show_fields(*answer, console) : console.fail(answer.error());
}

int get_artifact(ApiSession& session, const JobsOptions& options, Console& console) {
    std::string path = path_of(options.ids.front(), "/artifacts/");
    for (const char c : *options.artifact)
        path += c == '/' ? std::string("/") : encoded(std::string_view(&c, 1));
    ApiCall call;
    call.path = std::move(path);
    call.accept = "*/*";
    call.timeout = std::chrono::seconds(0);
    std::ofstream file;
    if (options.output) {
        file.open(*options.output, std::ios::binary | std::ios::trunc);
        if (!file) return console.fail(usage_error("cannot write " + *options.output));
    }
    std::ostream& out = options.output ? static_cast<std::ostream&>(file) : console.out;
    const auto done = session.call(call, [&out](std::string_view piece) {
        out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        return static_cast<bool>(out);
    });
    return done ? kExitSuccess : console.fail(done.error());
}

}  // namespace

int run_jobs_submit(const JobsOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    if (options.submit.bulk_file) {
        const auto answer = submit_lines(*session, *options.submit.bulk_file, console);
        if (!answer) return console.fail(answer.error());
        show(*answer, console);
        return text_in(*answer, "failed") == "0" ? kExitSuccess : kExitFailure;
    }
    auto spec = spec_of(options.submit, console);
    if (!spec) return console.fail(spec.error());
    const auto answer = post(*session, "/v1/jobs", std::move(*spec));
    if (!answer) return console.fail(answer.error());
    const auto id = text_in(*answer, "job_id");
    if (options.submit.follow) return follow(*session, id, options, console);
    if (console.json) return show(*answer, console);
    console.out << id << '\n';
    return kExitSuccess;
}

int run_jobs_list(const JobsOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    std::string path = "/v1/jobs?limit=" + std::to_string(options.limit);
    if (options.state) path += "&state=" + encoded(*options.state);
    if (options.name) path += "&name=" + encoded(*options.name);
    if (options.tag) path += "&tag=" + encoded(*options.tag);
    const auto list = get(*session, path);
    if (!list) return console.fail(list.error());
    if (!list->is_array()) return console.fail(data_loss("the answer is not a list"));
    std::vector<TableRow> rows;
    for (const auto& job : list->get_array())
        rows.push_back(row_of(job));
    return show_table(*list, {{"id"}, {"state"}, {"attempt"}, {"created_at"}, {"job"}, {"error"}},
                      rows, console);
}

int run_jobs_get(const JobsOptions& options, Console& console, const Clock& clock) {
    return show_one(options, console, clock, path_of(options.ids.front()));
}

int run_jobs_logs(const JobsOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    const std::string& id = options.ids.front();
    if (options.follow) return follow(*session, id, options, console);
    JobLogPrinter printer(console);
    std::uint64_t from = options.from_seq;
    while (true) {
        std::string path = path_of(id, "/logs?limit=5000&from_seq=" + std::to_string(from));
        if (options.stream) path += "&stream=" + encoded(*options.stream);
        const auto list = get(*session, path);
        if (!list) return console.fail(list.error());
        if (!list->is_array() || list->get_array().empty()) return kExitSuccess;
        for (const auto& entry : list->get_array())
            printer.print(entry);
        from = list->get_array().back().at("seq").to_number<std::uint64_t>() + 1;
    }
}

int run_jobs_cancel(const JobsOptions& options, Console& console, const Clock& clock) {
    return for_each_id(options, console, clock, [&](ApiSession& session, const std::string& id) {
        ApiCall call;
        call.method = "DELETE";
        call.path = path_of(id, options.purge ? "?purge=true" : "");
        return ask(session, std::move(call));
    });
}

int run_jobs_retry(const JobsOptions& options, Console& console, const Clock& clock) {
    return for_each_id(options, console, clock, [](ApiSession& session, const std::string& id) {
        return post(session, path_of(id, "/retry"));
    });
}

int run_jobs_why(const JobsOptions& options, Console& console, const Clock& clock) {
    return show_one(options, console, clock, path_of(options.ids.front(), "/why"));
}

int run_jobs_artifacts(const JobsOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    if (options.artifact) return get_artifact(*session, options, console);
    const auto list = get(*session, path_of(options.ids.front(), "/artifacts"));
    if (!list) return console.fail(list.error());
    if (!list->is_array()) return console.fail(data_loss("the answer is not a list"));
    std::vector<TableRow> rows;
    for (const auto& one : list->get_array())
        rows.push_back({text_in(one, "name"), text_in(one, "size"), text_in(one, "sha256")});
    return show_table(*list, {{"name"}, {"size", Align::Right}, {"sha256"}}, rows, console);
}

int run_jobs_pause(const JobsOptions& options, Console& console, const Clock& clock) {
    return set_paused(options, console, clock, "pause");
}

int run_jobs_resume(const JobsOptions& options, Console& console, const Clock& clock) {
    return set_paused(options, console, clock, "resume");
}

int run_jobs_stats(const JobsOptions& options, Console& console, const Clock& clock) {
    return show_one(options, console, clock, "/v1/jobs/stats");
}

int run_jobs_workers(const JobsOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    const auto list = get(*session, "/v1/workers");
    if (!list) return console.fail(list.error());
    if (!list->is_array()) return console.fail(data_loss("the answer is not a list"));
    std::vector<TableRow> rows;
    for (const auto& one : list->get_array()) {
        rows.push_back({text_in(one, "worker_id"), text_in(one, "mode"),
                        text_in(one, "busy") + "/" + text_in(one, "slots"), text_in(one, "labels"),
                        text_in(one, "last_seen_at")});
    }
    return show_table(*list, {{"worker"}, {"mode"}, {"busy"}, {"labels"}, {"last seen"}}, rows,
                      console);
}

}  // namespace zs::cli
