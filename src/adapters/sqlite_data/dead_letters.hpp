#pragma once

#include "core/data/document_store.hpp"

#include <string>
#include <string_view>

namespace zs::sqlite_data {

// Documents about documents that could not be stored: which one, why, and its text as far as it is
// known. A commit's worth of them is bounded as its documents are.
class DeadLetters {
public:
    void add(const std::string& collection, const documents::Document& document,
             std::string_view code, std::string_view message);
    bool empty() const { return lines_.empty(); }
    // What stores them in the collection of `scope`: all, or an error is counted.
    data::DocumentWrite as_write(const data::DocumentScope& scope) const;

private:
    std::string lines_;
};

}  // namespace zs::sqlite_data
