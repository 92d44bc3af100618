#include "adapters/cli/job_log_printer.hpp"

#include "adapters/cli/text_width.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <ostream>

namespace zs::cli {
namespace {

std::string text_in(const boost::json::object& object, const char* name) {
    const auto* found = object.if_contains(name);
    if (found == nullptr || !found->is_string()) return {};
    return std::string(found->get_string());
}

}  // namespace

bool JobLogPrinter::take(std::string_view piece) {
    has_heard_ = true;
    rest_ += piece;
    std::size_t at = 0;
    while (true) {
        const auto end = rest_.find('\n', at);
        if (end == std::string::npos) break;
        if (!take_line(std::string_view(rest_).substr(at, end - at))) return false;
        at = end + 1;
    }
    rest_.erase(0, at);
    console_.out.flush();
    return static_cast<bool>(console_.out);
}

bool JobLogPrinter::take_line(std::string_view line) {
    if (line.empty()) return true;
    const auto parsed = parse_json(line);
    if (!parsed || !parsed->is_object()) return true;
    const auto& object = parsed->get_object();
    const auto* end = object.if_contains("end");
    if (end != nullptr && end->is_object()) {
        const auto& said = end->get_object();
        end_ = End{text_in(said, "state"), text_in(said, "error_message")};
        return true;
    }
    const auto* seq = object.if_contains("seq");
    if (seq != nullptr && seq->is_int64())
        next_seq_ = static_cast<std::uint64_t>(seq->get_int64()) + 1;
    print(*parsed);
    return static_cast<bool>(console_.out);
}

void JobLogPrinter::print(const boost::json::value& entry) {
    if (!entry.is_object()) return;
    if (console_.json) {
        console_.out << write_json(entry) << '\n';
        return;
    }
    const auto& object = entry.get_object();
    const bool part = object.contains("part");
    const bool is_output = text_in(object, "stream") == "stdout";
    std::ostream& out = is_output ? console_.out : console_.err;
    const auto line = text_in(object, "line");
    // A terminal is not to be talked to by whatever a job prints.
    out << (console_.out_is_terminal ? printable(line) : line);
    if (!part) out << '\n';
}

}  // namespace zs::cli
