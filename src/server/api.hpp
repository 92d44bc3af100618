#pragma once

#include "adapters/http/routes/api_key_routes.hpp"
#include "adapters/http/routes/audit_routes.hpp"
#include "adapters/http/routes/auth_routes.hpp"
#include "adapters/http/routes/collection_routes.hpp"
#include "adapters/http/routes/document_routes.hpp"
#include "adapters/http/routes/environment_routes.hpp"
#include "adapters/http/routes/event_routes.hpp"
#include "adapters/http/routes/file_routes.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "adapters/http/routes/ingest_routes.hpp"
#include "adapters/http/routes/job_artifact_routes.hpp"
#include "adapters/http/routes/job_backfill_routes.hpp"
#include "adapters/http/routes/job_log_routes.hpp"
#include "adapters/http/routes/job_plan_routes.hpp"
#include "adapters/http/routes/job_routes.hpp"
#include "adapters/http/routes/job_submit_routes.hpp"
#include "adapters/http/routes/operations_routes.hpp"
#include "adapters/http/routes/organization_routes.hpp"
#include "adapters/http/routes/permission_routes.hpp"
#include "adapters/http/routes/search_routes.hpp"
#include "adapters/http/routes/sql_answers.hpp"
#include "adapters/http/routes/sql_routes.hpp"
#include "adapters/http/routes/table_routes.hpp"
#include "adapters/http/routes/team_routes.hpp"
#include "adapters/http/routes/transaction_routes.hpp"
#include "adapters/http/routes/user_routes.hpp"
#include "adapters/http/routes/vector_routes.hpp"
#include "adapters/http/routes/worker_routes.hpp"
#include "core/identity/identity.hpp"
#include "server/ws_route.hpp"

namespace zs::server {

// What the routes of jobs stand on.
struct JobServices {
    jobs::JobQueue& queue;
    jobs::JobIntake& intake;
    jobs::TemplateService& templates;
    jobs::Scheduler& scheduler;
    jobs::Backfiller& backfiller;
    files::BlobStore& blobs;
    files::BlobLedger& ledger;
    http::WorkerRoutes::Options workers;
};

// What the routes stand on.
struct ApiServices {
    identity::Identity& identity;
    data::SqlService& sql;
    data::TransactionService& transactions;
    data::CollectionService& collections;
    data::IngestService& ingest;
    data::VectorService& vectors;
    async::BlockingPool& vector_pool;
    data::SearchService& search;
    idempotency::IdempotencyService& idempotency;
    http::HealthChecks& health;
    async::IoRuntime& io;
    const Clock& clock;
    files::FileService& files;
    files::FileUpkeep& file_upkeep;
    http::FileRoutes::Options file_options;
    JobServices jobs;
    events::Fanout& fanout;
    http::EventRoutes::Options event_options;
    ws::WsServer& sockets;
    WsRoute::Options ws_options;
};

// Every route of the product. Lifetime: outlives the servers; the services outlive it.
class Api {
public:
    Api(ApiServices services, http::OperationsConfig operations);

    void register_routes(http::Router& router);
    // For listeners of their own (monitoring.health_addr, monitoring.metrics_addr).
    http::OperationsRoutes& operations() { return operations_; }
    // Answers those who wait for news of jobs, and ends the logs that are followed.
    void end_waits() { waits_end_ = true; }

private:
    http::WaitsEnd waits_end_{false};
    http::Idempotency idempotency_;
    http::SqlAnswers answers_;
    http::OperationsRoutes operations_;
    http::AuthRoutes auth_;
    http::ApiAuthRoutes api_auth_;
    http::EnvironmentRoutes environments_;
    http::ApiKeyRoutes api_keys_;
    http::PermissionRoutes permissions_;
    http::UserRoutes users_;
    http::OrganizationRoutes organizations_;
    http::TeamRoutes teams_;
    http::AuditRoutes audit_;
    http::SqlRoutes sql_;
    http::TableRoutes tables_;
    http::TransactionRoutes transactions_;
    http::FileRoutes files_;
    http::JobSubmitRoutes job_submits_;
    http::JobRoutes jobs_;
    http::JobLogRoutes job_logs_;
    http::JobArtifactRoutes job_artifacts_;
    http::JobPlanRoutes job_plans_;
    http::JobBackfillRoutes job_backfills_;
    http::WorkerRoutes workers_;
    http::CollectionRoutes collections_;
    http::DocumentRoutes documents_;
    http::IngestRoutes ingest_;
    http::VectorRoutes vectors_;
    http::SearchRoutes search_;
    http::EventRoutes events_;
    WsRoute ws_;
};

}  // namespace zs::server
