#include "adapters/sqlite_data/vector_index_statement.hpp"

#include "adapters/sqlite_data/sql_edits.hpp"
#include "adapters/sqlite_data/sql_tokens.hpp"
#include "base/encoding.hpp"
#include "sqlite/sql_text.hpp"

#include <charconv>

namespace zs::sqlite_data {
namespace {

using Statement = std::optional<IndexStatement>;

constexpr std::string_view kForm =
    "CREATE INDEX name ON table USING hnsw (column) WITH (m = 16, ef_construction = 64, "
    "metric = 'l2', storage = 'f32')";

class Reader {
public:
    explicit Reader(std::string_view sql) : sql_(sql), tokens_(sql) {}

    Result<Statement> read() {
        while (tokens_.is_symbol(at_, ";"))
            ++at_;
        if (take_words("DROP", "INDEX")) return read_drop();
        if (!take_word("CREATE")) return Statement();
        const std::size_t unique = at_;
        const bool is_unique = take_word("UNIQUE");
        if (!take_word("INDEX") || !uses_hnsw()) return Statement();
        if (is_unique) return wrong(unique, "an index USING hnsw cannot be UNIQUE", "sql_error");
        return read_create();
    }

private:
    bool take_word(std::string_view word) {
        if (!tokens_.is_word(at_, word)) return false;
        ++at_;
        return true;
    }
    bool take_words(std::string_view first, std::string_view second) {
        if (!tokens_.is_word(at_, first) || !tokens_.is_word(at_ + 1, second)) return false;
        at_ += 2;
        return true;
    }
    bool take_symbol(std::string_view symbol) {
        if (!tokens_.is_symbol(at_, symbol)) return false;
        ++at_;
        return true;
    }

    bool uses_hnsw() const {
        for (std::size_t i = at_; i < tokens_.size() && !tokens_.is_symbol(i, "("); ++i) {
            if (tokens_.is_word(i, "USING") && tokens_.is_word(i + 1, "HNSW")) return true;
        }
        return false;
    }

    Error wrong(std::size_t token, std::string message, std::string reason) const {
        const std::size_t offset = token < tokens_.size() ? tokens_[token].begin : sql_.size();
        return at_offset(invalid_argument(std::move(message), std::move(reason)), sql_, offset);
    }
    Error unexpected(std::string_view wanted) const {
        return wrong(at_,
                     "SQL parsing failed: " + std::string(wanted)
                         + " is expected here; the form is " + std::string(kForm),
                     "sql_syntax_error");
    }

    // A name as it is written, without its quotes.
    std::string spelled(std::size_t token) const {
        std::string_view text = tokens_.text(token);
        const TokenKind kind = tokens_[token].kind;
        if (kind != TokenKind::Quoted && kind != TokenKind::String) return std::string(text);
        const char close = text.back();
        text = text.substr(1, text.size() - 2);
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == close && close != ']') ++i;  // doubled
            out += text[i];
        }
        return out;
    }
    bool take_name(std::string& out) {
        if (!tokens_.is_name(at_)) return false;
        out = spelled(at_++);
        return true;
    }
    // [main.]name
    bool take_qualified_name(std::string& out) {
        if (tokens_.is_word(at_, "MAIN") && tokens_.is_symbol(at_ + 1, ".")) at_ += 2;
        return take_name(out);
    }
    bool ends() {
        while (take_symbol(";")) {}
        return at_ >= tokens_.size();
    }

    Result<Statement> read_drop() {
        made_.kind = IndexStatement::Kind::Drop;
        made_.may_exist = take_words("IF", "EXISTS");
        // What is wrong with it the engine can tell.
        if (!take_qualified_name(made_.definition.name) || !ends()) return Statement();
        return Statement(std::move(made_));
    }

    Result<Statement> read_create() {
        if (take_word("IF")) {
            made_.may_exist = take_words("NOT", "EXISTS");
            if (!made_.may_exist) return unexpected("NOT EXISTS");
        }
        if (!tokens_.is_word(at_, "ON") && !take_qualified_name(made_.definition.name)) {
            return unexpected("a name");
        }
        if (made_.may_exist && made_.definition.name.empty()) return unexpected("a name");
        if (!take_word("ON")) return unexpected("ON");
        if (!take_qualified_name(made_.definition.table)) return unexpected("a table");
        if (!take_words("USING", "HNSW")) return unexpected("USING hnsw");
        if (!take_symbol("(")) return unexpected("(");
        if (!take_name(made_.definition.column)) return unexpected("a column");
        if (tokens_.is_name(at_)) {
            auto done = read_operators();
            if (!done) return std::move(done).error();
        }
        if (tokens_.is_symbol(at_, ",")) {
            return wrong(at_, "an index USING hnsw is about one column", "sql_error");
        }
        if (!take_symbol(")")) return unexpected(")");
        if (take_word("WITH")) {
            auto done = read_options();
            if (!done) return std::move(done).error();
        }
        if (tokens_.is_word(at_, "WHERE")) {
            return wrong(at_, "an index USING hnsw is about all rows: it cannot have a WHERE",
                         "sql_error");
        }
        if (!ends()) return unexpected("the end");
        return Statement(std::move(made_));
    }

    // vector_l2_ops and so on, as pgvector has them.
    Result<void> read_operators() {
        const std::string name = tokens_.name(at_);
        for (const auto metric :
             {vector::Metric::L2, vector::Metric::Cosine, vector::Metric::InnerProduct}) {
            if (name != "vector_" + std::string(vector::to_text(metric)) + "_ops") continue;
            made_.definition.parameters.metric = metric;
            says_metric_ = true;
            ++at_;
            return {};
        }
        return wrong(at_,
                     "'" + name
                         + "' is not known; what goes here is vector_l2_ops, vector_cosine_ops or "
                           "vector_ip_ops",
                     "sql_error");
    }

    // (name = value, …)
    Result<void> read_options() {
        if (!take_symbol("(")) return unexpected("(");
        do {
            const std::size_t at = at_;
            std::string name;
            if (!take_name(name)) return unexpected("an option");
            if (!take_symbol("=") || at_ >= tokens_.size()) return unexpected("= and a value");
            const std::size_t value = at_++;
            auto done = read_option(at, to_lower(name), value);
            if (!done) return done;
        } while (take_symbol(","));
        if (!take_symbol(")")) return unexpected(")");
        return {};
    }

    Result<void> read_option(std::size_t at, const std::string& name, std::size_t value) {
        data::HnswParameters& parameters = made_.definition.parameters;
        if (name == "m") return read_number(name, value, parameters.m);
        if (name == "ef_construction") {
            return read_number(name, value, parameters.ef_construction);
        }
        if (name == "metric") {
            const auto metric = vector::parse_metric(spelled(value));
            if (!metric) return wrong(value, metric.error().message, "invalid_metric");
            if (says_metric_ && *metric != parameters.metric) {
                return wrong(value, "the metric differs from the one behind the column",
                             "sql_error");
            }
            parameters.metric = *metric;
            return {};
        }
        if (name == "storage") {
            const auto storage = vector::parse_scalar(spelled(value));
            if (!storage || *storage == vector::Scalar::Bit) {
                return wrong(value, "storage is one of 'f32', 'f16', 'bf16' and 'i8'", "sql_error");
            }
            parameters.storage = *storage;
            return {};
        }
        return wrong(
            at, "unknown option '" + name + "'; known are m, ef_construction, metric and storage",
            "sql_error");
    }

    Result<void> read_number(const std::string& name, std::size_t value, std::uint32_t& out) {
        const std::string text = spelled(value);
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (error == std::errc() && end == text.data() + text.size()) return {};
        return wrong(value, name + " is a whole number", "sql_error");
    }

    std::string_view sql_;
    Tokens tokens_;
    std::size_t at_ = 0;
    bool says_metric_ = false;
    IndexStatement made_;
};

// As the tokens see it: a byte order mark is a blank.
std::size_t begin_of_statement(std::string_view sql) noexcept {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    std::size_t at = sqlite::skip_blank(sql);
    while (at < sql.size()) {
        const bool mark = sql.substr(at, kMark.size()) == kMark;
        if (!mark && sql[at] != ';') break;
        at = sqlite::skip_blank(sql, at + (mark ? kMark.size() : 1));
    }
    return at;
}

bool has_hnsw(std::string_view sql) noexcept {
    constexpr std::string_view kWord = "hnsw";
    for (std::size_t at = 0; at + kWord.size() <= sql.size(); ++at) {
        if ((sql[at] | 0x20) != 'h') continue;
        if (equals_ignoring_case(sql.substr(at, kWord.size()), kWord)) return true;
    }
    return false;
}

}  // namespace

bool may_be_index_statement(std::string_view sql) noexcept {
    const std::size_t at = begin_of_statement(sql);
    if (equals_ignoring_case(sql.substr(at, 4), "DROP")) return true;
    return equals_ignoring_case(sql.substr(at, 6), "CREATE") && has_hnsw(sql.substr(at));
}

Result<Statement> read_index_statement(std::string_view sql) {
    return Reader(sql).read();
}

}  // namespace zs::sqlite_data
