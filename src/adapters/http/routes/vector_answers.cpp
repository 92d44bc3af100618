#include "adapters/http/routes/vector_answers.hpp"

#include "base/json.hpp"

namespace zs::http {
namespace {

// Row id and key come first.
constexpr std::size_t kFirstIncluded = 2;

// "[a,b]" of what `append` gives for each query; for one query what it gives, without brackets.
template <class All, class Append>
void append_per_query(std::string& out, const All& all, QueryForm form, Append append) {
    if (form == QueryForm::One) return append(out, all.front());
    out += '[';
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) out += ',';
        append(out, all[i]);
    }
    out += ']';
}

// "[…]" of the hits whose row is still there.
template <class Append>
void append_hits(std::string& out, const data::VectorFound& found, const HitRows& rows,
                 const std::vector<data::VectorHit>& hits, Append append) {
    out += '[';
    bool first = true;
    for (const auto& hit : hits) {
        const HitRows::Row* row = found.has_rows ? rows.find(hit.row_id) : nullptr;
        if (found.has_rows && row == nullptr) continue;
        if (!first) out += ',';
        first = false;
        append(hit, row);
    }
    out += ']';
}

void append_row_id(std::string& out, const data::VectorHit& hit, const HitRows::Row* row) {
    if (row == nullptr) {
        append_json_number(out, hit.row_id);
    } else {
        out += row->key;
    }
}

}  // namespace

Result<void> HitRows::columns(std::span<const data::ResultColumn> columns) {
    key_column_ = columns[1];
    has_included_ = columns.size() > kFirstIncluded;
    writer_.set_columns(columns.subspan(kFirstIncluded));
    return {};
}

Result<void> HitRows::row(std::span<const data::SqlValueView> values) {
    Row row;
    append_json_cell(row.key, key_column_, values[1]);
    if (has_included_) writer_.append(row.included, values.subspan(kFirstIncluded));
    rows_[values[0].integer] = std::move(row);
    return {};
}

const HitRows::Row* HitRows::find(std::int64_t row_id) const {
    const auto found = rows_.find(row_id);
    return found == rows_.end() ? nullptr : &found->second;
}

std::string search_answer(const data::VectorFound& found, const HitRows& rows, QueryForm form,
                          AnswerForm wanted) {
    std::string out = "{";
    if (wanted == AnswerForm::HitsAndResults) {
        out += "\"hits\":";
        append_per_query(out, found.hits, form, [&](std::string& to, const auto& hits) {
            append_hits(to, found, rows, hits, [&](const auto& hit, const HitRows::Row* row) {
                to += '[';
                append_row_id(to, hit, row);
                to += ',';
                append_json_number(to, hit.distance);
                to += ']';
            });
        });
        out += ',';
    }
    out += "\"results\":";
    append_per_query(out, found.hits, form, [&](std::string& to, const auto& hits) {
        append_hits(to, found, rows, hits, [&](const auto& hit, const HitRows::Row* row) {
            to += "{\"row_id\":";
            append_row_id(to, hit, row);
            to += ",\"distance\":";
            append_json_number(to, hit.distance);
            if (row != nullptr && !row->included.empty()) {
                to += ",\"row\":";
                to += row->included;
            }
            to += '}';
        });
    });
    out += ",\"plan\":";
    out += found.plan == data::VectorPlan::Graph ? "\"graph\"}" : "\"scan\"}";
    return out;
}

std::string given_answer(const std::vector<std::vector<data::GivenHit>>& found, QueryForm form) {
    std::string out = "{\"results\":";
    append_per_query(out, found, form, [](std::string& to, const auto& hits) {
        to += '[';
        for (std::size_t i = 0; i < hits.size(); ++i) {
            if (i > 0) to += ',';
            to += "{\"index\":";
            append_json_number(to, static_cast<std::int64_t>(hits[i].index));
            to += ",\"distance\":";
            append_json_number(to, hits[i].distance);
            to += '}';
        }
        to += ']';
    });
    return out + "}";
}

boost::json::object encode_index(const data::VectorIndexInfo& info) {
    const data::HnswParameters& parameters = info.definition.parameters;
    boost::json::object out;
    out.emplace("name", info.definition.name);
    out.emplace("table", info.definition.table);
    out.emplace("column", info.definition.column);
    out.emplace("metric", json_text(vector::to_text(parameters.metric)));
    out.emplace("storage", json_text(vector::to_text(parameters.storage)));
    out.emplace("m", parameters.m);
    out.emplace("ef_construction", parameters.ef_construction);
    out.emplace("dimensions", info.dimensions);
    out.emplace("rows", info.rows);
    out.emplace("layers", info.layers);
    out.emplace("state", to_text(info.state));
    out.emplace("progress", info.progress);
    return out;
}

boost::json::object encode_index_stats(const data::VectorIndexStats& stats) {
    boost::json::object out = encode_index(stats.info);
    boost::json::array layers;
    for (const data::VectorLayer& layer : stats.layers) {
        boost::json::object shown;
        shown.emplace("level", layer.level);
        shown.emplace("nodes", layer.nodes);
        shown.emplace("avg_degree", layer.average_degree);
        shown.emplace("max_degree", layer.degree_max);
        layers.push_back(std::move(shown));
    }
    out["layers"] = std::move(layers);
    out.emplace("total_vectors", stats.info.rows);
    out.emplace("pending", stats.pending);
    out.emplace("deleted", stats.deleted);
    out.emplace("skipped", stats.skipped);
    out.emplace("memory_bytes", stats.memory_bytes);
    out.emplace("recall", stats.recall ? boost::json::value(*stats.recall) : nullptr);
    return out;
}

}  // namespace zs::http
