// The engine's view of NearestTables: two virtual tables and a function.
#include "adapters/sqlite_data/nearest_tables.hpp"
#include "core/data/limits.hpp"
#include "vector/kernels.hpp"
#include "vector/text.hpp"

#include <sqlite3.h>

#include <array>
#include <cstring>

namespace zs::sqlite_data {
namespace {

struct Table : sqlite3_vtab {
    NearestTables* self = nullptr;
};

int connect(sqlite3* database, void* self, sqlite3_vtab** out, const char* declaration) {
    const int declared = sqlite3_declare_vtab(database, declaration);
    if (declared != SQLITE_OK) return declared;
    auto* const table = new (std::nothrow) Table();
    if (table == nullptr) return SQLITE_NOMEM;
    table->self = static_cast<NearestTables*>(self);
    *out = table;
    return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
    delete static_cast<Table*>(table);
    return SQLITE_OK;
}

// Whole rows of a list: what every cursor here does.
template <class C>
int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
    auto* const cursor = new (std::nothrow) C();
    if (cursor == nullptr) return SQLITE_NOMEM;
    *out = cursor;
    return SQLITE_OK;
}
template <class C>
int close_cursor(sqlite3_vtab_cursor* cursor) {
    delete static_cast<C*>(cursor);
    return SQLITE_OK;
}

void answer(sqlite3_context* context, const data::SqlValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return sqlite3_result_int64(context, *integer);
    }
    if (const auto* real = std::get_if<double>(&value)) {
        return sqlite3_result_double(context, *real);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT,
                                     SQLITE_UTF8);
    }
    if (const auto* blob = std::get_if<data::Blob>(&value)) {
        return sqlite3_result_blob64(context, blob->bytes.data(), blob->bytes.size(),
                                     SQLITE_TRANSIENT);
    }
    sqlite3_result_null(context);
}

std::string_view bytes_of(sqlite3_value* value) {
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

Result<std::vector<float>> read_query(sqlite3_value* value, std::size_t dimensions_max) {
    const int type = sqlite3_value_type(value);
    if (type == SQLITE_TEXT) return vector::parse_json(bytes_of(value), dimensions_max);
    const std::string_view bytes = bytes_of(value);
    const bool whole = type == SQLITE_BLOB && !bytes.empty() && bytes.size() % sizeof(float) == 0
                       && bytes.size() / sizeof(float) <= dimensions_max;
    std::vector<float> query(whole ? bytes.size() / sizeof(float) : 0);
    if (whole) std::memcpy(query.data(), bytes.data(), bytes.size());
    if (!whole || !vector::is_finite(query)) {
        return invalid_argument("hnsw_search: the query is no vector", "not_a_vector");
    }
    return query;
}

Result<std::size_t> read_amount(sqlite3_value* value, const char* name, std::size_t max) {
    const sqlite3_int64 number = sqlite3_value_int64(value);
    const bool good = sqlite3_value_type(value) == SQLITE_INTEGER && number >= 1
                      && static_cast<std::uint64_t>(number) <= max;
    if (good) return static_cast<std::size_t>(number);
    return invalid_argument(
        "hnsw_search: " + std::string(name) + " must be between 1 and " + std::to_string(max),
        "sql_error");
}

}  // namespace

// ---- _zs_nearest

struct NearestTables::Candidates {
    struct Cursor : sqlite3_vtab_cursor {
        std::size_t at = 0;
    };
    static NearestTables& self(sqlite3_vtab_cursor* cursor) {
        return *static_cast<Table*>(cursor->pVtab)->self;
    }
    static int connect_table(sqlite3* database, void* self, int, const char* const*,
                             sqlite3_vtab** out, char**) {
        return connect(database, self, out, "CREATE TABLE x(row_id INTEGER)");
    }
    static int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
        info->estimatedCost = 100;
        info->estimatedRows = 100;
        info->idxStr = sqlite3_mprintf("%s", static_cast<Table*>(table)->self->explained_.c_str());
        info->needToFreeIdxStr = 1;
        return info->idxStr == nullptr ? SQLITE_NOMEM : SQLITE_OK;
    }
    static int filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
        static_cast<Cursor*>(cursor)->at = 0;
        return SQLITE_OK;
    }
    static int next(sqlite3_vtab_cursor* cursor) {
        ++static_cast<Cursor*>(cursor)->at;
        return SQLITE_OK;
    }
    static int at_end(sqlite3_vtab_cursor* cursor) {
        return static_cast<Cursor*>(cursor)->at >= self(cursor).candidates_.size() ? 1 : 0;
    }
    static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int) {
        sqlite3_result_int64(context, self(cursor).candidates_[static_cast<Cursor*>(cursor)->at]);
        return SQLITE_OK;
    }
    static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
        *out = self(cursor).candidates_[static_cast<Cursor*>(cursor)->at];
        return SQLITE_OK;
    }
    static void count(sqlite3_context* context, int, sqlite3_value** values) {
        ++static_cast<NearestTables*>(sqlite3_user_data(context))->counted_;
        sqlite3_result_value(context, values[0]);
    }
};

// ---- hnsw_search

struct NearestTables::Search {
    enum Column { RowId, Distance, Target, Query, TopK, EfSearch };
    struct Cursor : sqlite3_vtab_cursor {
        std::vector<Found> found;
        std::size_t at = 0;
        const Found& row() const { return found[at]; }
    };

    static int connect_table(sqlite3* database, void* self, int, const char* const*,
                             sqlite3_vtab** out, char**) {
        return connect(database, self, out,
                       "CREATE TABLE x(row_id, distance REAL, target HIDDEN, query HIDDEN, "
                       "k HIDDEN, ef_search HIDDEN)");
    }

    // Bit n of idxNum: argument n is given.
    static int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
        std::array<int, 4> at = {-1, -1, -1, -1};
        bool waits = false;
        for (int i = 0; i < info->nConstraint; ++i) {
            const auto& constraint = info->aConstraint[i];
            const int argument = constraint.iColumn - Target;
            if (argument < 0 || argument > 3 || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) {
                continue;
            }
            if (constraint.usable == 0) {
                waits = true;
            } else {
                at[static_cast<std::size_t>(argument)] = i;
            }
        }
        if (waits) return SQLITE_CONSTRAINT;
        int given = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
            if (at[i] < 0) continue;
            info->aConstraintUsage[at[i]].argvIndex = ++given;
            info->aConstraintUsage[at[i]].omit = 1;
            info->idxNum |= 1 << i;
        }
        if ((info->idxNum & 7) != 7) {
            sqlite3_free(table->zErrMsg);
            table->zErrMsg = sqlite3_mprintf(
                "hnsw_search takes an index or 'table.column', a vector and a number of rows");
            return SQLITE_ERROR;
        }
        info->estimatedCost = 1000;
        info->estimatedRows = 25;
        info->orderByConsumed = info->nOrderBy == 1 && info->aOrderBy[0].iColumn == Distance
                                        && info->aOrderBy[0].desc == 0
                                    ? 1
                                    : 0;
        return SQLITE_OK;
    }

    static int fail(sqlite3_vtab_cursor* cursor, Error error) {
        Table& table = *static_cast<Table*>(cursor->pVtab);
        if (error.code == ErrorCode::DeadlineExceeded) return SQLITE_INTERRUPT;
        sqlite3_free(table.zErrMsg);
        table.zErrMsg = sqlite3_mprintf("%s", error.message.c_str());
        table.self->error_ = std::move(error);
        return SQLITE_ERROR;
    }

    static Result<std::vector<Found>> run(NearestTables& self, bool has_ef,
                                          sqlite3_value** values) {
        if (sqlite3_value_type(values[1]) == SQLITE_NULL) return std::vector<Found>();
        auto query = read_query(values[1], self.dimensions_max_);
        if (!query) return std::move(query).error();
        auto top_k = read_amount(values[2], "k", data::limits::kVectorTopKMax);
        if (!top_k) return std::move(top_k).error();
        Result<std::size_t> ef = self.search_.ef_search();
        if (has_ef) ef = read_amount(values[3], "ef_search", data::limits::kVectorEfMax);
        if (!ef) return std::move(ef).error();
        Asked asked;
        asked.query = std::move(*query);
        asked.top_k = *top_k;
        asked.ef_search = *ef;
        return self.search(bytes_of(values[0]), asked);
    }

    static int filter(sqlite3_vtab_cursor* base, int given, const char*, int,
                      sqlite3_value** values) noexcept {
        try {
            auto& cursor = *static_cast<Cursor*>(base);
            NearestTables& self = *static_cast<Table*>(base->pVtab)->self;
            cursor.at = 0;
            cursor.found.clear();
            auto found = run(self, (given & 8) != 0, values);
            if (!found) return fail(base, std::move(found).error());
            cursor.found = std::move(*found);
            return SQLITE_OK;
        } catch (...) {
            return SQLITE_NOMEM;
        }
    }
    static int next(sqlite3_vtab_cursor* cursor) {
        ++static_cast<Cursor*>(cursor)->at;
        return SQLITE_OK;
    }
    static int at_end(sqlite3_vtab_cursor* base) {
        const auto& cursor = *static_cast<Cursor*>(base);
        return cursor.at >= cursor.found.size() ? 1 : 0;
    }
    static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
        const Found& row = static_cast<Cursor*>(cursor)->row();
        if (column == RowId) {
            answer(context, row.key);
        } else if (column == Distance) {
            sqlite3_result_double(context, row.distance);
        }
        return SQLITE_OK;
    }
    static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
        *out = static_cast<Cursor*>(cursor)->row().row_id;
        return SQLITE_OK;
    }
};

namespace {

// Without xCreate a table exists by its name alone.
template <class T>
sqlite3_module module_of() {
    sqlite3_module module{};
    module.xConnect = &T::connect_table;
    module.xBestIndex = &T::best_index;
    module.xDisconnect = &disconnect;
    module.xOpen = &open_cursor<typename T::Cursor>;
    module.xClose = &close_cursor<typename T::Cursor>;
    module.xFilter = &T::filter;
    module.xNext = &T::next;
    module.xEof = &T::at_end;
    module.xColumn = &T::column;
    module.xRowid = &T::row_id;
    return module;
}

}  // namespace

NearestTables::NearestTables(sqlite::Connection& connection, NearestSearch& search,
                             const KnownIndexes& indexes, std::size_t dimensions_max)
    : connection_(connection), search_(search), indexes_(indexes), dimensions_max_(dimensions_max) {
    static const sqlite3_module kCandidates = module_of<Candidates>();
    static const sqlite3_module kSearch = module_of<Search>();
    sqlite3* const handle = connection.handle();
    sqlite3_create_module_v2(handle, "_zs_nearest", &kCandidates, this, nullptr);
    sqlite3_create_module_v2(handle, "hnsw_search", &kSearch, this, nullptr);
    sqlite3_create_function_v2(handle, "_zs_counted", 1, SQLITE_UTF8, this, &Candidates::count,
                               nullptr, nullptr, nullptr);
}

}  // namespace zs::sqlite_data
