#include "core/data/statement_kind.hpp"
#include "sqlite/sql_text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// SQL text is cut up without reading past its end, every cut makes progress, and what says "nothing
// here" agrees with what finds the first word: a statement must not hide behind the difference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs::sqlite;
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    if (is_empty_sql(sql) && !first_keyword(sql).empty()) std::abort();
    if (is_empty_sql(sql) != zs::data::is_blank_sql(sql)) std::abort();
    if (zs::data::statement_kind(sql).empty()) std::abort();
    std::size_t at = 0;
    while (at < sql.size()) {
        const std::size_t end = end_of_statement(sql, at);
        if (end <= at || end > sql.size()) std::abort();
        if (skip_blank(sql, at) > sql.size()) std::abort();
        at = end;
    }
    return 0;
}
