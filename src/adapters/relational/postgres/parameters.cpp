#include "adapters/relational/postgres/parameters.hpp"

#include "adapters/relational/sql_scanner.hpp"

namespace zs::relational::postgres {

NumberedSql number_parameters(std::string_view sql) {
    NumberedSql out;
    out.text.reserve(sql.size() + 16);
    std::size_t at = 0;
    while (at < sql.size()) {
        const auto end = sql::skip_opaque(sql, at, Dialect::Postgres);
        if (end != at) {
            out.text += sql.substr(at, end - at);
            at = end;
        } else if (sql[at] != '?') {
            out.text += sql[at++];
        } else if (at + 1 < sql.size() && sql[at + 1] == '?') {
            out.text += '?';
            at += 2;
        } else {
            out.text += '$';
            out.text += std::to_string(++out.parameters);
            ++at;
        }
    }
    return out;
}

}  // namespace zs::relational::postgres
