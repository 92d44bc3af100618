#include "server/topic_lookup.hpp"

#include <utility>

namespace zs::server {
namespace {

using events::TopicFamily;
using events::TopicFilter;

Error as_not_found(const Error& error, const TopicFilter& filter) {
    if (error.code != ErrorCode::NotFound) return error;
    return not_found("there is no " + filter.text());
}

async::Task<Result<void>> look_up(data::SqlService* sql, data::CollectionStore* collections,
                                  identity::PrincipalPtr principal, TopicFilter filter) {
    if (filter.family == TopicFamily::Tables && !filter.wildcard) {
        auto table = co_await sql->table(principal, filter.name);
        if (!table) co_return as_not_found(table.error(), filter);
    }
    if (filter.family == TopicFamily::Collections && filter.wildcard) {
        auto all = co_await collections->list(principal->tenant);
        if (!all) co_return all.error();
    }
    if (filter.family == TopicFamily::Collections && !filter.wildcard) {
        auto found =
            co_await collections->find(principal->tenant, filter.name, data::Counting::Off);
        if (!found) co_return as_not_found(found.error(), filter);
    }
    co_return Result<void>();
}

}  // namespace

TopicLookup topic_lookup(data::SqlService& sql, data::CollectionStore& collections) {
    return [sql = &sql, collections = &collections](identity::PrincipalPtr principal,
                                                    TopicFilter filter) {
        return look_up(sql, collections, std::move(principal), std::move(filter));
    };
}

}  // namespace zs::server
