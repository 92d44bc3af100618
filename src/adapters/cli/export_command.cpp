#include "adapters/cli/exported_text.hpp"
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

std::string path_of(const ExportOptions& options) {
    return "/v1/collections/"
           + boost::urls::encode(options.collection, boost::urls::unreserved_chars);
}

// For the time that is left; 0 when nobody knows.
std::uint64_t count_documents(ApiSession& session, const ExportOptions& options) {
    const ApiCall look{.method = "GET", .path = path_of(options)};
    const auto reply = session.call(look);
    const auto entry = reply ? parse_json(*reply) : Result<boost::json::value>(nullptr);
    const auto* count =
        entry && entry->is_object() ? entry->get_object().if_contains("document_count") : nullptr;
    return count != nullptr && count->is_number() ? count->to_number<std::uint64_t>() : 0;
}

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
    const std::uint64_t documents = draw ? count_documents(*session, options) : 0;
    const auto text = make_exported_text(options.format, out);
    const BodySink sink = [&](std::string_view piece) {
        const bool good = text->add(piece);
        bar.set_total(estimated_bytes(*text, documents));
        bar.update(text->written());
        return good;
    };
    ApiCall call;
    call.path = path_of(options) + "/export?format=" + options.format;
    call.accept = options.format == "csv" ? "text/csv" : "application/x-ndjson";
    call.timeout = Seconds(0);
    const std::string first = call.path;
    for (int attempt = 0;; ++attempt) {
        auto done = session->call(call, sink);
        if (done) break;
        const std::string id = text->last_id();
        const bool again = done.error().code == ErrorCode::Unavailable && attempt < options.retries;
        if (!again) return console.fail(done.error());
        text->begin_again();
        if (!id.empty()) {
            call.path = first + "&after=" + boost::urls::encode(id, boost::urls::unreserved_chars);
        }
        console.warning(done.error().message + "; going on behind the last document");
    }
    text->finish();
    if (documents > 0) bar.set_total(text->written());
    bar.update(text->written());
    out.flush();
    if (!out) return console.fail(unavailable("the output could not be written"));
    return kExitSuccess;
}

}  // namespace zs::cli
