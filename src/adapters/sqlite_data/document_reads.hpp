#pragma once

#include "core/data/document_store.hpp"
#include "core/data/sql_request.hpp"

#include <memory>
#include <string>
#include <vector>

namespace zs::sqlite_data {

// The statements that read documents. They run as callers' statements do: authorised, limited, on a
// snapshot.
data::SqlRequest find_request(const data::DocumentScope& scope, std::string id);
data::SqlRequest list_request(const data::DocumentScope& scope, const data::DocumentQuery& query);
data::SqlRequest piece_request(const data::DocumentScope& scope, const data::DocumentCursor& after);

// Collects the rows of find_request and list_request.
class DocumentRows final : public data::RowSink {
public:
    Result<void> columns(std::span<const data::ResultColumn>) override { return {}; }
    Result<void> row(std::span<const data::SqlValueView> values) override;
    std::vector<data::FoundDocument> documents;
};

// Collects lines of the rows of piece_request. When there is enough it ends the statement with
// Error reason kEnough.
class PieceRows final : public data::RowSink {
public:
    static constexpr const char* kEnough = "piece_full";
    Result<void> columns(std::span<const data::ResultColumn>) override { return {}; }
    Result<void> row(std::span<const data::SqlValueView> values) override;
    data::DocumentPiece piece;
    std::int64_t last_row = 0;
};

}  // namespace zs::sqlite_data
