#include "core/jobs/handler_registry.hpp"

#include "base/assert.hpp"
#include "core/jobs/limits.hpp"

namespace zs::jobs {

HandlerRegistry& HandlerRegistry::add(std::string kind, JobHandler handler) {
    ZS_ASSERT(handler != nullptr);
    ZS_ASSERT(!kind.empty() && kind != "process" && kind.size() <= limits::kNameBytesMax);
    const bool is_new = handlers_.emplace(std::move(kind), std::move(handler)).second;
    ZS_ASSERT(is_new);
    return *this;
}

const JobHandler* HandlerRegistry::find(std::string_view kind) const {
    const auto found = handlers_.find(kind);
    return found == handlers_.end() ? nullptr : &found->second;
}

std::vector<std::string> HandlerRegistry::kinds() const {
    std::vector<std::string> all;
    for (const auto& [kind, handler] : handlers_)
        all.push_back(kind);
    return all;
}

}  // namespace zs::jobs
