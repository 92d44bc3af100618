#pragma once

#include "core/jobs/handler_registry.hpp"

namespace example {

// Counts the words of texts: input {"texts": ["…", …], "pause_ms": 0}; output {"words", "distinct"}
// and the artifact words.csv. Tells its progress, and stops when it is asked to.
// Errors: Unprocessable when the input is not so: the job fails at once, without another try.
zs::async::Task<zs::Result<boost::json::value>> count_words(zs::jobs::HandlerContext& context);

}  // namespace example
