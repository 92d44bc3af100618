#pragma once

#include "core/jobs/handler_context.hpp"

#include <boost/json/value.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zs::jobs {

// Does the work of one attempt; what it answers becomes the output of the job. It is called again
// after a failure or a crash: the id of the job is a key for effects that must happen once.
// A lambda that captures may be the handler, and call a coroutine; it may not be one itself.
// Threading: several at once, on a loop of the server: what blocks goes through a pool.
// Errors:    the attempt fails, and is retried, but for InvalidArgument and Unprocessable, which
//            say that it never can succeed. An exception counts as an error.
using JobHandler = std::function<async::Task<Result<boost::json::value>>(HandlerContext&)>;

// The kinds of jobs that run in this process, by name: JobSpec::kind.
class HandlerRegistry {
public:
    // A kind is not empty, not "process", at most 128 bytes, and registered once.
    HandlerRegistry& add(std::string kind, JobHandler handler);

    const JobHandler* find(std::string_view kind) const;
    std::vector<std::string> kinds() const;
    bool empty() const { return handlers_.empty(); }

private:
    std::map<std::string, JobHandler, std::less<>> handlers_;
};

}  // namespace zs::jobs
