#include "adapters/http/routes/job_log_stream.hpp"

#include "adapters/http/routes/job_json.hpp"
#include "base/json_codec.hpp"
#include "base/json_writer.hpp"

namespace zs::http {
namespace {

constexpr std::chrono::seconds kSignOfLife{15};

}  // namespace

LogForm log_form(std::string_view accept) {
    if (accept.find("text/event-stream") != std::string_view::npos) return LogForm::Events;
    if (accept.find("text/plain") != std::string_view::npos) return LogForm::Text;
    return LogForm::Json;
}

JobLogStream::JobLogStream(jobs::JobQueue& queue, Source source, LogForm form,
                           const WaitsEnd& waits_end, std::stop_token client_left)
    : queue_(queue),
      source_(std::move(source)),
      form_(form),
      waits_end_(waits_end),
      client_left_(std::move(client_left)) {}

async::Task<Result<bool>> JobLogStream::next(std::string& piece) {
    piece.clear();
    if (ended_) co_return false;
    // The head goes out before the first wait.
    if (!std::exchange(begun_, true)) co_return true;
    while (!waits_end_ && !client_left_.stop_requested()) {
        const Millis wait = job_ended_ ? Millis(0) : kWaitSlice;
        auto entries = co_await queue_.read_log(source_.tenant, source_.job, source_.query, wait);
        if (!entries) co_return std::move(entries).error();
        for (const auto& entry : *entries)
            append(piece, entry);
        if (!entries->empty()) {
            source_.query.from_seq = entries->back().seq + 1;
            sent_at_ = std::chrono::steady_clock::now();
            co_return true;
        }
        auto answered = co_await look_for_end(piece);
        if (!answered) co_return std::move(answered).error();
        if (*answered) co_return true;
    }
    co_return false;
}

// Every line of an attempt is stored before its final state, so that one more empty look after
// that state is the end.
async::Task<Result<bool>> JobLogStream::look_for_end(std::string& piece) {
    const auto job = co_await queue_.find(source_.tenant, source_.job);
    if (!job) co_return job.error();
    if (job_ended_ && jobs::is_final(job->state)) {
        ended_ = true;
        piece = last_record(*job);
        co_return true;
    }
    job_ended_ = jobs::is_final(job->state);
    const auto now = std::chrono::steady_clock::now();
    if (job_ended_ || now - sent_at_ < kSignOfLife) co_return false;
    sent_at_ = now;
    piece = sign_of_life();
    co_return !piece.empty();
}

void JobLogStream::append(std::string& out, const jobs::LogEntry& entry) const {
    switch (form_) {
        case LogForm::Text: out += readable_line(entry.line.bytes); break;
        case LogForm::Json: append_log_entry(out, entry); break;
        case LogForm::Events:
            out += "id: " + std::to_string(entry.seq) + "\nevent: log\ndata: ";
            append_log_entry(out, entry);
            out += '\n';
            break;
    }
    if (form_ != LogForm::Text || !entry.line.part) out += '\n';
}

std::string JobLogStream::sign_of_life() const {
    switch (form_) {
        case LogForm::Text: return {};
        case LogForm::Json: return "\n";
        case LogForm::Events: return ":\n\n";
    }
    return {};
}

std::string JobLogStream::last_record(const jobs::Job& job) const {
    boost::json::object end;
    end.emplace("state", json_text(to_text(job.state)));
    end.emplace("exit_code", encode_json(job.exit_code));
    end.emplace("error_message",
                job.error ? json_text(job.error->message) : boost::json::value(nullptr));
    if (form_ == LogForm::Text) return {};
    if (form_ == LogForm::Events) return "event: end\ndata: " + write_json(end) + "\n\n";
    boost::json::object record;
    record.emplace("end", std::move(end));
    return write_json(record) + "\n";
}

}  // namespace zs::http
