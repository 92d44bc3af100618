#pragma once

#include "core/data/vector_indexes.hpp"
#include "core/data/vector_knn.hpp"
#include "core/data/vector_service.hpp"

#include <boost/json/value.hpp>

// The bodies of the vector endpoints. Errors: Unprocessable for a missing field or a wrong type,
// InvalidArgument for a value that cannot be; both name the field.
// Source: http-api.md section 6.
namespace zs::http {

enum class QueryForm { One, Many };  // `query`, or `queries`: then answers are lists of answers

struct SearchBody {
    data::VectorCall call;
    QueryForm form = QueryForm::One;
};
// `table` and `column` with one query or several.
Result<SearchBody> decode_search_body(const boost::json::value& body);

struct GivenBody {
    data::GivenVectors given;
    QueryForm form = QueryForm::One;
};
// The vectors come with the request.
Result<GivenBody> decode_given_body(const boost::json::value& body);

struct BuildBody {
    data::VectorIndexDefinition definition;
    data::BuildWait wait = data::BuildWait::UntilReady;
};
Result<BuildBody> decode_build_body(const boost::json::value& body);

}  // namespace zs::http
