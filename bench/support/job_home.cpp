#include "support/job_home.hpp"

#include "adapters/relational/migrations.hpp"
#include "adapters/relational/open_database.hpp"
#include "support/run_task.hpp"

namespace zs::bench {

JobHome::JobHome() {
    relational::DatabaseConfig config;
    config.sqlite_path = (directory_.path() / "control.db").string();
    database_ = taken(relational::open_database(config, pool_));
    auto files = taken(relational::embedded_migrations(database_->dialect()));
    relational::Migrator migrator(*database_, clock_, std::move(files));
    (void)taken(testing::run_task(migrator.up()));
    auto org = [](relational::Session& session) {
        return session.execute(
            "insert into organizations (id, name, slug, plan, settings, is_active, created_at,"
            " updated_at) values ('default', 'd', 'd', 'free', '{}', 1, 0, 0)",
            {});
    };
    (void)taken(testing::run_task(database_->write(org)));
}

jobs::NewJob JobHome::new_job() const {
    jobs::NewJob job;
    job.id = jobs::JobId::next(clock_);
    job.tenant = {"default", "live"};
    job.spec.command = {"python", "script.py", "--verbose"};
    job.spec.env = {{"PYTHONPATH", "/app"}};
    job.spec.metadata["project"] = "analytics";
    job.created_at = clock_.now();
    return job;
}

}  // namespace zs::bench
