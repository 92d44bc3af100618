#include "adapters/sqlite_data/vector_sugar.hpp"

#include "adapters/sqlite_data/vector_rewriter.hpp"
#include "base/encoding.hpp"
#include "sqlite/sql_text.hpp"

namespace zs::sqlite_data {
namespace {

bool word_follows(std::string_view sql, std::size_t at, std::string_view word) {
    return equals_ignoring_case(sql.substr(at, word.size()), word);
}

bool may_write(std::string_view sql) {
    const std::string first = sqlite::first_keyword(sql);
    return first == "INSERT" || first == "REPLACE" || first == "UPDATE" || first == "WITH"
           || first == "EXPLAIN";
}

}  // namespace

bool may_have_vectors(std::string_view sql) noexcept {
    for (std::size_t at = 0; at < sql.size(); ++at) {
        switch (sql[at]) {
            case '<': {
                const std::string_view op = sql.substr(at, 3);
                if (op == "<->" || op == "<=>" || op == "<#>") return true;
                break;
            }
            case 'A':
            case 'a':
                if (word_follows(sql, at, "ARRAY[")) return true;
                break;
            case 'V':
            case 'v':
                if (word_follows(sql, at, "VECTOR")) return true;
                break;
            case 'H':
            case 'h':
                if (word_follows(sql, at, "HNSW")) return true;
                break;
            default: break;
        }
    }
    return false;
}

Result<RewrittenSql> rewrite_vectors(std::string_view sql, const VectorColumns& columns,
                                     std::size_t dimensions_max) {
    const bool sugar = may_have_vectors(sql);
    const bool writes = !columns.empty() && may_write(sql);
    RewrittenSql rewritten;
    if (!sugar && !writes) return rewritten;
    VectorRewriter rewriter(sql, dimensions_max);
    if (sugar) {
        for (const auto step :
             {&VectorRewriter::rewrite_arrays, &VectorRewriter::rewrite_casts,
              &VectorRewriter::rewrite_distances, &VectorRewriter::rewrite_definition}) {
            auto done = (rewriter.*step)();
            if (!done) return std::move(done).error();
        }
    }
    if (writes) {
        auto done = rewriter.rewrite_values(columns);
        if (!done) return std::move(done).error();
    }
    if (sugar && !columns.empty()) rewritten.nearest = rewriter.rewrite_nearest(columns);
    if (!rewriter.edits().empty()) rewritten.text = rewriter.edits().apply(sql);
    return rewritten;
}

}  // namespace zs::sqlite_data
