#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::data {

// What values a projected column takes, from its declared type.
enum class ColumnClass : std::uint8_t {
    Text,       // text; numbers and booleans as they are spelled, arrays and objects as JSON
    Integer,    // whole numbers of 64 bits
    Real,       // numbers
    Numeric,    // numbers
    Boolean,    // true, false
    Timestamp,  // text of RFC 3339
    Json,       // everything
    Vector,     // arrays of `dimensions` numbers
};

// A column that is filled from each document.
struct ProjectedColumn {
    std::string name;
    std::string path;           // a key, or keys joined by dots
    std::string type = "TEXT";  // as declared, upper case
    bool required = false;
    bool index = false;
    ColumnClass value_class = ColumnClass::Text;
    std::size_t dimensions = 0;  // Vector
    bool operator==(const ProjectedColumn&) const = default;
};

struct Projection {
    std::optional<std::string> table;  // another one than the collection's own
    std::vector<ProjectedColumn> columns;
    bool operator==(const Projection&) const = default;
};

// Filling a new projection for documents that were there before.
struct Backfill {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::string failure;  // why it was given up; the projection is the old one then
};

// A collection as the catalogue knows it.
struct Collection {
    std::string name;
    std::optional<Projection> projection;
    Timestamp created_at;
    std::uint64_t version = 0;         // grows with every change of the projection
    std::uint64_t document_count = 0;  // an estimate above 100,000; 0 unless it was asked for
    std::optional<Backfill> backfill;  // while it runs, or when it failed
};
using CollectionPtr = std::shared_ptr<const Collection>;

// [A-Za-z_][A-Za-z0-9_]{0,62}, and none of the server's own. Errors: InvalidArgument
// "invalid_name".
Result<void> check_collection_name(std::string_view name);

// {"table":"docs","columns":{"a":"path","b":{"path","type","required","index"}}}; null is none.
// Errors: InvalidArgument "invalid_projection" naming the column.
Result<std::optional<Projection>> read_projection(const boost::json::value& json,
                                                  std::string_view collection);
// The same as JSON; null for none.
boost::json::value show_projection(const std::optional<Projection>& projection);

}  // namespace zs::data
