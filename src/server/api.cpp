#include "server/api.hpp"

#include <utility>

namespace zs::server {

Api::Api(ApiServices s, http::OperationsConfig operations)
    : idempotency_(s.idempotency),
      answers_(s.io.executor()),
      operations_(s.health, s.io, s.clock, std::move(operations)),
      auth_(s.identity.accounts, s.clock),
      api_auth_(s.identity.accounts, s.identity.environments),
      environments_(s.identity.environments),
      api_keys_(s.identity.api_keys, idempotency_),
      permissions_(s.identity.permissions, idempotency_),
      users_(s.identity.users),
      organizations_(s.identity.organizations, idempotency_),
      teams_(s.identity.teams, idempotency_),
      audit_(s.identity.audit),
      sql_(s.sql, answers_, idempotency_),
      tables_(s.sql, answers_),
      transactions_(s.transactions, s.sql.limits(), answers_, idempotency_),
      files_(s.files, s.file_upkeep, std::move(s.file_options)),
      job_submits_(s.jobs.intake, idempotency_),
      jobs_(s.jobs.queue, s.identity.audit, idempotency_, waits_end_),
      job_logs_(s.jobs.queue, waits_end_),
      job_artifacts_(s.jobs.queue, s.files),
      job_plans_(s.jobs.templates, s.jobs.scheduler, idempotency_),
      job_backfills_(s.jobs.backfiller, idempotency_),
      workers_(s.jobs.queue, s.jobs.blobs, s.jobs.ledger, s.clock, waits_end_, s.jobs.workers),
      collections_(s.collections, idempotency_),
      documents_(s.collections, s.sql, answers_),
      ingest_(s.ingest),
      vectors_(s.vectors, s.vector_pool, idempotency_),
      search_(s.search, idempotency_),
      events_(s.fanout, s.clock, std::move(s.event_options)),
      ws_(s.sockets, s.identity.authenticator, std::move(s.ws_options)) {}

void Api::register_routes(http::Router& router) {
    operations_.register_routes(router);
    auth_.register_routes(router);
    api_auth_.register_routes(router);
    environments_.register_routes(router);
    api_keys_.register_routes(router);
    permissions_.register_routes(router);
    users_.register_routes(router);
    organizations_.register_routes(router);
    teams_.register_routes(router);
    audit_.register_routes(router);
    sql_.register_routes(router);
    tables_.register_routes(router);
    transactions_.register_routes(router);
    files_.register_routes(router);
    job_submits_.register_routes(router);
    jobs_.register_routes(router);
    job_logs_.register_routes(router);
    job_artifacts_.register_routes(router);
    job_plans_.register_routes(router);
    job_backfills_.register_routes(router);
    workers_.register_routes(router);
    collections_.register_routes(router);
    documents_.register_routes(router);
    ingest_.register_routes(router);
    vectors_.register_routes(router);
    search_.register_routes(router);
    events_.register_routes(router);
    ws_.register_routes(router);
}

}  // namespace zs::server
