#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/job_store.hpp"
#include "async/blocking_pool.hpp"
#include "support/failure.hpp"
#include "support/scratch_dir.hpp"

#include <memory>
#include <string>
#include <utility>

namespace zs::bench {

// The value of a result that has to be there.
template <class T>
T taken(Result<T> result) {
    if (!result) throw Failure(result.error().message);
    return std::move(*result);
}

// A fresh database of the control plane, with one organisation, on a disk.
class JobHome {
public:
    JobHome();

    relational::Database& database() { return *database_; }
    const Clock& clock() const { return clock_; }
    std::filesystem::path path() const { return directory_.path(); }
    // What clients submit, more or less.
    jobs::NewJob new_job() const;

private:
    ScratchDir directory_{"jobs"};
    SystemClock clock_;
    async::BlockingPool pool_{"bench", {.threads = 2, .queue_max = 4096}};
    std::unique_ptr<relational::Database> database_;
};

}  // namespace zs::bench
