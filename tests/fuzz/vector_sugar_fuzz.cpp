#include "adapters/sqlite_data/sql_tokens.hpp"
#include "adapters/sqlite_data/vector_index_statement.hpp"
#include "adapters/sqlite_data/vector_sugar.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

zs::sqlite_data::VectorColumns columns() {
    zs::sqlite_data::VectorTable table;
    table.name = "t";
    table.columns = {"id", "e", "note"};
    table.vectors = {{"e", 1, 2}};
    zs::sqlite_data::VectorColumns all;
    all.add(table);
    return all;
}

// The signs of sugar outside of literals, comments and quoted names.
bool has_sugar(std::string_view sql) {
    const zs::sqlite_data::Tokens tokens(sql);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto text = tokens.text(i);
        if (text == "<->" || text == "<=>" || text == "<#>") return true;
        if (tokens.is_word(i, "ARRAY") || tokens.is_word(i, "VECTOR")) return true;
        if (tokens.is_word(i, "HNSW")) return true;
    }
    return false;
}

// Places go forward, and stay within the original; no distance is left over.
void check(const zs::sqlite_data::EditedSql& text, std::size_t original_size) {
    std::size_t before = 0;
    for (std::size_t at = 0; at <= text.text().size(); ++at) {
        const std::size_t original = text.original_offset(at);
        require(original >= before && original <= original_size);
        before = original;
    }
    const zs::sqlite_data::Tokens after(text.text());
    for (std::size_t i = 0; i < after.size(); ++i) {
        const auto token = after.text(i);
        require(token != "<->" && token != "<=>" && token != "<#>");
    }
}

void check(const zs::Error& error, std::size_t original_size) {
    const auto* offset = error.details.if_contains("offset");
    require(offset != nullptr && offset->to_number<std::size_t>() <= original_size);
    require(!error.reason.empty());
}

// What an index is asked for comes from a text that has the form, and is sugar at most.
void check(const zs::sqlite_data::NearestSql& nearest, std::string_view sql) {
    using namespace zs::sqlite_data;
    check(nearest.text, sql.size());
    require(nearest.table == "t" && nearest.column == "e" && !nearest.row_id.empty());
    const Tokens original(sql);
    const Tokens after(nearest.text.text());
    const auto count = [](const Tokens& tokens, std::string_view word) {
        std::size_t found = 0;
        for (std::size_t i = 0; i < tokens.size(); ++i)
            found += tokens.is_word(i, word) ? 1U : 0U;
        return found;
    };
    require(count(original, "SELECT") == 1 && count(after, "SELECT") == 2);
    require(count(after, "_zs_nearest") == count(original, "_zs_nearest") + 1);
    static const VectorColumns kNone;
    const auto arguments = rewrite_vectors(nearest.arguments, kNone, 64);
    require(arguments.has_value() && !arguments->nearest);
}

}  // namespace

// Rewriting never reads beyond the text, leaves text without sugar alone, answers places within the
// text, and is done after one pass: no distance is left over.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs::sqlite_data;
    static const VectorColumns kNone;
    static const VectorColumns kSome = columns();
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    const Tokens tokens(sql);
    for (std::size_t i = 0, end = 0; i < tokens.size(); ++i) {
        require(tokens[i].begin >= end && tokens[i].end > tokens[i].begin);
        end = tokens[i].end;
        require(end <= sql.size());
        (void)tokens.name(i);
    }
    auto plain = rewrite_vectors(sql, kNone, 64);
    if (!has_sugar(sql)) require(plain.has_value() && !plain->text && !plain->nearest);
    for (const VectorColumns* known : {&kNone, &kSome}) {
        auto edited = rewrite_vectors(sql, *known, 64);
        if (!edited) {
            check(edited.error(), sql.size());
            continue;
        }
        if (edited->text) check(*edited->text, sql.size());
        if (edited->nearest) check(*edited->nearest, sql);
    }
    const auto statement = read_index_statement(sql);
    if (!statement) check(statement.error(), sql.size());
    if (statement && *statement) require(may_be_index_statement(sql));
    return 0;
}
