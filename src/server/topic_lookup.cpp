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

struct Sources {
    data::SqlService* sql;
    data::CollectionStore* collections;
    jobs::JobQueue* jobs;
};

async::Task<Result<void>> look_up_job(jobs::JobQueue* queue, identity::Tenant tenant,
                                      TopicFilter filter) {
    const auto id = jobs::JobId::parse(filter.name);
    if (!id) co_return not_found("there is no " + filter.text());
    const auto job = co_await queue->find(std::move(tenant), *id);
    if (!job) co_return as_not_found(job.error(), filter);
    co_return Result<void>();
}

async::Task<Result<void>> look_up(Sources in, identity::PrincipalPtr principal,
                                  TopicFilter filter) {
    if (filter.family == TopicFamily::Jobs && !filter.wildcard)
        co_return co_await look_up_job(in.jobs, principal->tenant, std::move(filter));
    if (filter.family == TopicFamily::Tables && !filter.wildcard) {
        auto table = co_await in.sql->table(principal, filter.name);
        if (!table) co_return as_not_found(table.error(), filter);
    }
    if (filter.family == TopicFamily::Collections && filter.wildcard) {
        auto all = co_await in.collections->list(principal->tenant);
        if (!all) co_return all.error();
    }
    if (filter.family == TopicFamily::Collections && !filter.wildcard) {
        auto found =
            co_await in.collections->find(principal->tenant, filter.name, data::Counting::Off);
        if (!found) co_return as_not_found(found.error(), filter);
    }
    co_return Result<void>();
}

}  // namespace

TopicLookup topic_lookup(data::SqlService& sql, data::CollectionStore& collections,
                         jobs::JobQueue& jobs) {
    const Sources in{&sql, &collections, &jobs};
    return [in](identity::PrincipalPtr principal, TopicFilter filter) {
        return look_up(in, std::move(principal), std::move(filter));
    };
}

}  // namespace zs::server
