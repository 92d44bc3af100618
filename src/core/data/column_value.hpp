#pragma once

#include "core/data/collection.hpp"
#include "core/data/sql_value.hpp"
#include "documents/document_batch.hpp"

#include <string>

namespace zs::data {

// The value as its column takes it; false when it does not fit. Missing and null become Null, also
// for required columns: that rule is the caller's. `scratch` holds text that had to be made.
bool fit_column(const ProjectedColumn& column, const documents::Value& value, SqlValueView& out,
                std::string& scratch);

// `_id` as text: text of 1 to 512 bytes without NUL, or a number as it is spelled. False when it is
// neither. Missing is not asked here.
bool fit_id(const documents::Value& value, std::string_view& out, std::string& scratch);

}  // namespace zs::data
