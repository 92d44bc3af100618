#pragma once

#include "base/error.hpp"
#include "core/identity/principal.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace zs::data {

// SET hnsw.ef_search = 128 (also TO, SESSION, LOCAL, DEFAULT), RESET hnsw.ef_search, SHOW
// hnsw.ef_search.
struct VectorSetting {
    enum class Kind { Set, Reset, Show };
    Kind kind = Kind::Set;
    std::size_t ef_search = 0;  // of Set
};

// Empty: another statement. Errors: InvalidArgument "sql_error" for another name, and for a value
// that is no number between 1 and data::limits::kVectorEfMax.
Result<std::optional<VectorSetting>> read_vector_setting(std::string_view sql);

// What callers have SET. A caller's session is what the credential stands for: the sign-in, or the
// API key; each tenant apart. It is forgotten when the process ends.
// Threading: any.
class SessionSettings {
public:
    std::optional<std::size_t> ef_search(const identity::Principal& principal) const;
    void set_ef_search(const identity::Principal& principal, std::optional<std::size_t> value);

private:
    using Session = std::pair<identity::Tenant, Uuid>;

    mutable std::mutex mutex_;
    std::map<Session, std::size_t> ef_search_;
    std::deque<Session> order_;  // as they were set first; may hold some that were reset
};

}  // namespace zs::data
