#include "adapters/sqlite_data/nearest_search.hpp"

#include <utility>

namespace zs::sqlite_data {

void NearestSearch::begin(const data::SqlRequest& request) {
    request_ = &request;
    rows_given_ = false;
    unread_.reset();
}

Result<std::optional<NearestSearch::Hits>> NearestSearch::find(const KnownIndex& index,
                                                               const std::vector<float>& query,
                                                               std::size_t top_k,
                                                               std::size_t ef_search) {
    if (request_ == nullptr || !may_search()) return std::optional<Hits>();
    data::VectorQuery asked;
    asked.column.tenant = request_->tenant;
    asked.column.table = index.definition.table;
    asked.column.column = index.definition.column;
    asked.queries.push_back(query);
    asked.top_k = top_k;
    asked.ef_search = ef_search;
    asked.deadline = request_->deadline;
    asked.cancelled = request_->cancelled;
    auto answer = use_.indexes->search_now_blocking(asked);
    if (!answer) return std::move(answer).error();
    if (!*answer) {
        if (use_.waits_for_reading && !rows_given_) unread_ = std::move(asked);
        return std::optional<Hits>();
    }
    if (!may_search()) return std::optional<Hits>();
    return std::optional<Hits>(std::move((*answer)->hits.front()));
}

std::optional<data::VectorQuery> NearestSearch::take_unread() {
    return std::exchange(unread_, std::nullopt);
}

}  // namespace zs::sqlite_data
