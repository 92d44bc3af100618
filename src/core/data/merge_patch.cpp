#include "core/data/merge_patch.hpp"

#include <boost/json.hpp>

namespace zs::data {

void merge_patch(boost::json::value& target, const boost::json::value& patch) {
    const auto* changes = patch.if_object();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    if (!target.is_object()) target = boost::json::object();
    auto& object = target.get_object();
    for (const auto& [key, value] : *changes) {
        if (value.is_null()) {
            object.erase(key);
        } else {
            merge_patch(object[key], value);
        }
    }
}

}  // namespace zs::data
