#include "adapters/cli/ingest_command.hpp"
#include "adapters/cli/progress_bar.hpp"
#include "base/json.hpp"

#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <fstream>
#include <ostream>

namespace zs::cli {
namespace {

// Writes whole lines and remembers the last, so that the export can go on behind it.
class Lines {
public:
    Lines(std::ostream& out, ProgressBar& bar) : out_(out), bar_(bar) {}

    bool add(std::string_view piece) {
        const auto end = piece.rfind('\n');
        if (end == std::string_view::npos) {
            rest_ += piece;
            return true;
        }
        const std::string_view whole = piece.substr(0, end + 1);
        out_ << rest_ << whole;
        const auto before = whole.rfind('\n', whole.size() - 2);
        if (whole.size() > 1 && before != std::string_view::npos) {
            last_ = whole.substr(before + 1);
        } else {
            last_ = rest_ + std::string(whole);
        }
        written_ += rest_.size() + whole.size();
        rest_ = piece.substr(end + 1);
        bar_.update(written_);
        return out_.good();
    }
    // A cut line comes again as a whole.
    void forget_rest() { rest_.clear(); }
    void finish() { out_ << rest_; }

    std::string last_id() const {
        const auto parsed = parse_json(last_);
        const auto* id =
            parsed && parsed->is_object() ? parsed->get_object().if_contains("_id") : nullptr;
        if (id == nullptr) return {};
        return id->is_string() ? std::string(id->get_string()) : boost::json::serialize(*id);
    }

private:
    std::ostream& out_;
    ProgressBar& bar_;
    std::string rest_;
    std::string last_;
    std::uint64_t written_ = 0;
};

}  // namespace

int run_export(const ExportOptions& options, Console& console, const Clock& clock) {
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());
    std::ofstream file;
    if (options.output) {
        file.open(*options.output, std::ios::binary | std::ios::trunc);
        if (!file) return console.fail(usage_error("cannot write '" + *options.output + "'"));
    }
    std::ostream& out = options.output ? static_cast<std::ostream&>(file) : console.out;
    const bool draw = options.output && console.out_is_terminal && !console.quiet;
    ProgressBar bar(console.err, options.collection, std::nullopt,
                    draw ? ProgressBar::Shown::Yes : ProgressBar::Shown::Hidden);
    Lines lines(out, bar);
    const BodySink sink = [&](std::string_view piece) { return lines.add(piece); };
    ApiCall call;
    call.path = "/v1/collections/"
                + boost::urls::encode(options.collection, boost::urls::unreserved_chars)
                + "/export?format=" + options.format;
    call.accept = options.format == "csv" ? "text/csv" : "application/x-ndjson";
    call.timeout = Seconds(0);
    const std::string first = call.path;
    for (int attempt = 0;; ++attempt) {
        auto done = session->call(call, sink);
        if (done) break;
        const std::string id = lines.last_id();
        const bool again = done.error().code == ErrorCode::Unavailable && attempt < options.retries
                           && options.format == "ndjson";
        if (!again) return console.fail(done.error());
        lines.forget_rest();
        if (!id.empty()) {
            call.path = first + "&after=" + boost::urls::encode(id, boost::urls::unreserved_chars);
        }
        console.warning(done.error().message + "; going on behind the last document");
    }
    lines.finish();
    out.flush();
    if (!out) return console.fail(unavailable("the output could not be written"));
    return kExitSuccess;
}

}  // namespace zs::cli
