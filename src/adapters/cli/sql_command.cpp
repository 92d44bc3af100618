#include "adapters/cli/sql_command.hpp"

#include "adapters/cli/sql_result.hpp"
#include "adapters/cli/text_width.hpp"
#include "base/json.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace zs::cli {
namespace {

// Beyond the statement's own time limit: for queueing and the way there and back.
constexpr Seconds kExtraTime{30};
constexpr Seconds kServerTimeMax{300};

bool is_name(std::string_view text) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && is_letter(text.front())
           && std::all_of(text.begin(), text.end(),
                          [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

boost::json::value param_value(std::string_view text) {
    if (auto json = parse_json(text)) return *json;
    return json_text(text);
}

Result<std::string> read_all(std::istream& stream, const std::string& what) {
    std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (stream.bad()) return unavailable("cannot read " + what);
    return text;
}

Result<std::string> statement_of(const SqlOptions& options, Console& console) {
    if (options.sql && options.file) return usage_error("give either a statement or --file");
    if (options.sql && *options.sql != "-") return *options.sql;
    const bool from_stdin = options.sql || (options.file && *options.file == "-")
                            || (!options.file && !console.in_is_terminal);
    if (from_stdin) return read_all(console.in, "standard input");
    if (!options.file) return usage_error("no statement; give one, --file FILE, or - for stdin");
    std::ifstream stream(*options.file, std::ios::binary);
    if (!stream) return usage_error("cannot read the file '" + *options.file + "'");
    return read_all(stream, *options.file);
}

ApiCall call_for(const SqlOptions& options, std::string_view sql, boost::json::value params) {
    ApiCall call{.method = "POST", .path = "/v1/sql"};
    boost::json::object body{{"sql", json_text(sql)}};
    if (!params.is_null()) body["params"] = std::move(params);
    if (options.rows_max) body["max_rows"] = *options.rows_max;
    if (options.timeout_secs) body["timeout_ms"] = *options.timeout_secs * 1000;
    call.timeout =
        (options.timeout_secs ? Seconds(*options.timeout_secs) : kServerTimeMax) + kExtraTime;
    switch (options.format) {
        case SqlFormat::Table: body["row_format"] = "arrays"; break;
        case SqlFormat::Json: break;
        case SqlFormat::Csv: call.accept = "text/csv"; break;
        case SqlFormat::Ndjson: call.accept = "application/x-ndjson"; break;
    }
    // A stream may last as long as its reader likes.
    const bool streams = options.format == SqlFormat::Csv || options.format == SqlFormat::Ndjson;
    if (streams) call.timeout = Seconds(0);
    call.body = std::move(body);
    return call;
}

int fail_with_position(const Error& error, std::string_view sql, Console& console) {
    const int code = console.fail(error);
    if (!console.json) console.err << point_at(sql, error.details);
    return code;
}

Result<void> run_whole(ApiSession& session, const ApiCall& call, const SqlOptions& options,
                       Console& console) {
    auto body = session.call(call);
    if (!body) return std::move(body).error();
    if (options.format == SqlFormat::Json) {
        console.out << *body;
        if (!body->ends_with('\n')) console.out << '\n';
        return {};
    }
    return print_table(*body, console);
}

Result<void> run_streamed(ApiSession& session, const ApiCall& call, const SqlOptions& options,
                          Console& console) {
    RowLines lines(console.out);
    const BodySink sink = [&](std::string_view piece) {
        if (options.format == SqlFormat::Ndjson) {
            lines.add(piece);
        } else {
            console.out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        }
        return console.out.good();  // not when the reader of a pipe has gone
    };
    auto done = session.call(call, sink);
    console.out.flush();
    if (!done) return std::move(done).error();
    if (options.format == SqlFormat::Ndjson) return lines.finish();
    return {};
}

}  // namespace

std::optional<SqlFormat> parse_sql_format(std::string_view text) {
    if (text == "table") return SqlFormat::Table;
    if (text == "json") return SqlFormat::Json;
    if (text == "csv") return SqlFormat::Csv;
    if (text == "ndjson" || text == "jsonl") return SqlFormat::Ndjson;
    return std::nullopt;
}

Result<boost::json::value> sql_params(const std::vector<std::string>& params) {
    boost::json::array positional;
    boost::json::object named;
    for (const auto& text : params) {
        const auto equals = text.find('=');
        if (equals == 0) {
            positional.push_back(param_value(std::string_view(text).substr(1)));
        } else if (equals != std::string::npos && is_name(text.substr(0, equals))) {
            const auto name = text.substr(0, equals);
            if (named.contains(name)) return usage_error("--param " + name + " is given twice");
            named[name] = param_value(std::string_view(text).substr(equals + 1));
        } else {
            positional.push_back(param_value(text));
        }
    }
    if (!named.empty() && !positional.empty()) {
        return usage_error("--param: give all values by name or none; '=a=b' is the text 'a=b'");
    }
    if (!named.empty()) return boost::json::value(std::move(named));
    if (!positional.empty()) return boost::json::value(std::move(positional));
    return boost::json::value(nullptr);
}

std::string point_at(std::string_view sql, const boost::json::object& details) {
    const auto* line = details.if_contains("line");
    const auto* column = details.if_contains("column");
    const bool known = line != nullptr && column != nullptr && line->is_int64()
                       && column->is_int64() && line->get_int64() >= 1 && column->get_int64() >= 1;
    if (!known) return {};
    for (auto skip = line->get_int64(); skip > 1; --skip) {
        const auto end = sql.find('\n');
        if (end == std::string_view::npos) return {};
        sql.remove_prefix(end + 1);
    }
    const auto text = sql.substr(0, sql.find('\n'));
    // Columns count characters: step over whole code points.
    std::size_t at = 0;
    for (auto left = column->get_int64(); left > 1 && at < text.size(); --left) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
            ++at;
    }
    const auto before = printable(text.substr(0, at));
    return "  line " + std::to_string(line->get_int64()) + ", column "
           + std::to_string(column->get_int64()) + "\n  | " + printable(text) + "\n  | "
           + std::string(display_width(before), ' ') + "^\n";
}

int run_sql(const SqlOptions& options, Console& console, const Clock& clock) {
    SqlOptions chosen = options;
    if (console.json) {
        if (options.format == SqlFormat::Csv || options.format == SqlFormat::Ndjson) {
            return console.fail(
                usage_error("--json and --format csv or ndjson exclude each other"));
        }
        chosen.format = SqlFormat::Json;
    }
    auto sql = statement_of(options, console);
    if (!sql) return console.fail(sql.error());
    auto params = sql_params(options.params);
    if (!params) return console.fail(params.error());
    auto session = ApiSession::open(options.target, console, clock);
    if (!session) return console.fail(session.error());

    const auto call = call_for(chosen, *sql, std::move(*params));
    const bool whole = chosen.format == SqlFormat::Table || chosen.format == SqlFormat::Json;
    const auto done = whole ? run_whole(*session, call, chosen, console)
                            : run_streamed(*session, call, chosen, console);
    if (!done) return fail_with_position(done.error(), *sql, console);
    return kExitSuccess;
}

}  // namespace zs::cli
