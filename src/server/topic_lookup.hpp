#pragma once

#include "core/data/collection_store.hpp"
#include "core/data/sql_service.hpp"
#include "core/events/topic.hpp"
#include "core/jobs/job_queue.hpp"

#include <functional>

namespace zs::server {

using TopicLookup =
    std::function<async::Task<Result<void>>(identity::PrincipalPtr, events::TopicFilter)>;

// Whether what a topic is about is there: tables, collections and jobs. Errors: NotFound.
// Whoever asks for collections makes the store know them, so that their changes are told.
TopicLookup topic_lookup(data::SqlService& sql, data::CollectionStore& collections,
                         jobs::JobQueue& jobs);

}  // namespace zs::server
