#pragma once

#include "core/data/sql_request.hpp"

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

// How searches read the rows they are about, with the caller's rights.
namespace zs::data {

// All rows of one statement, read at the engine's own pace.
SqlRequest lookup_request(const identity::Principal& principal, std::string sql,
                          async::Deadline deadline, const std::stop_token& cancelled);

// Keeps the first column, a row id.
class RowIdSink final : public RowSink {
public:
    Result<void> columns(std::span<const ResultColumn>) override { return {}; }
    Result<void> row(std::span<const SqlValueView> values) override {
        ids.push_back(values[0].integer);
        return {};
    }
    std::vector<std::int64_t> ids;
};

// A JSON array of the row ids of lists of hits, for json_each.
class RowIdList {
public:
    template <class Hits>
    void add(const Hits& hits) {
        for (const auto& hit : hits) {
            if (text_.size() > 1) text_ += ',';
            text_ += std::to_string(hit.row_id);
        }
    }
    std::string json() const { return text_ + "]"; }

private:
    std::string text_ = "[";
};

}  // namespace zs::data
