#include "adapters/sqlite_data/sql_tokens.hpp"
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
    if (!has_sugar(sql)) require(plain.has_value() && !plain->has_value());
    for (const VectorColumns* known : {&kNone, &kSome}) {
        auto edited = rewrite_vectors(sql, *known, 64);
        if (!edited) {
            const zs::Error error = edited.error();
            const auto* offset = error.details.if_contains("offset");
            require(offset != nullptr && offset->to_number<std::size_t>() <= sql.size());
            require(!error.reason.empty());
            continue;
        }
        if (!*edited) continue;
        const EditedSql& text = **edited;
        std::size_t before = 0;
        for (std::size_t at = 0; at <= text.text().size(); ++at) {
            const std::size_t original = text.original_offset(at);
            require(original >= before && original <= sql.size());
            before = original;
        }
        const Tokens after(text.text());
        for (std::size_t i = 0; i < after.size(); ++i) {
            const auto token = after.text(i);
            require(token != "<->" && token != "<=>" && token != "<#>");
        }
    }
    return 0;
}
