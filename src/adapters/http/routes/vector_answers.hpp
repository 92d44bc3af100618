#pragma once

#include "adapters/http/routes/json_result_sink.hpp"
#include "adapters/http/routes/vector_body.hpp"
#include "core/data/vector_service.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

// What the vector endpoints answer, as JSON text.
// Source: http-api.md section 6.
namespace zs::http {

// Keeps the key and the included columns of the rows behind the hits.
class HitRows final : public data::RowSink {
public:
    Result<void> columns(std::span<const data::ResultColumn> columns) override;
    Result<void> row(std::span<const data::SqlValueView> values) override;

    struct Row {
        std::string key;       // JSON
        std::string included;  // a JSON object; empty when nothing is included
    };
    // Null: the row is gone.
    const Row* find(std::int64_t row_id) const;

private:
    data::ResultColumn key_column_;
    bool has_included_ = false;
    RowWriter writer_{RowFormat::Objects};
    std::unordered_map<std::int64_t, Row> rows_;
};

enum class AnswerForm { HitsAndResults, Results };
std::string search_answer(const data::VectorFound& found, const HitRows& rows, QueryForm form,
                          AnswerForm wanted);
std::string given_answer(const std::vector<std::vector<data::GivenHit>>& found, QueryForm form);

boost::json::object encode_index(const data::VectorIndexInfo& info);
boost::json::object encode_index_stats(const data::VectorIndexStats& stats);

}  // namespace zs::http
