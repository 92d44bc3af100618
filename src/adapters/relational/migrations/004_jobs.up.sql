-- Jobs (src/core/jobs, src/adapters/relational/jobs). Compact on purpose: ids are their 16 bytes,
-- tenants numbers, states and tiers the numbers of their enums. `traits` tells what has to be
-- looked up elsewhere; `marks` is a signature of name, tags and metadata that narrows lists.
create table job_tenants (
  num ${AUTO_ID},
  org_id text not null references organizations (id) on delete cascade,
  env_slug text not null,
  paused_at bigint,
  unique (org_id, env_slug)
);

create table jobs (
  id ${BLOB} not null primary key,
  created_at bigint not null,
  eligible_at bigint not null,
  completed_at bigint,
  updated_at bigint not null,
  started_at bigint,
  lease_until bigint,
  cancel_requested_at bigint,
  nominal_time bigint,
  token bigint not null,
  last_seq bigint not null,
  log_count bigint not null,
  marks bigint not null,
  tenant bigint not null references job_tenants (num) on delete cascade,
  open_dependencies integer not null,
  attempt integer not null,
  retry_count integer not null,
  lost_leases integer not null,
  artifact_count integer not null,
  max_retries smallint not null,
  priority smallint not null,
  state smallint not null,
  traits smallint not null,
  sandbox smallint,
  exit_code integer,
  submitted_by ${BLOB},
  schedule_id ${BLOB},
  worker text,
  unique_key text,
  concurrency_key text,
  spec text,
  error text,
  output text
) ${WITHOUT_ROWID};
-- For lists, and for what is too old.
create index jobs_by_age on jobs (tenant, created_at);
-- What is not final, in the order in which it is leased: priority ages by 1 per minute.
create index jobs_open on jobs (tenant, (eligible_at - priority * 60000)) where completed_at is null;
create unique index jobs_by_unique_key on jobs (tenant, unique_key)
  where unique_key is not null and completed_at is null;
create unique index jobs_by_firing on jobs (schedule_id, nominal_time)
  where nominal_time is not null;
create index jobs_by_concurrency on jobs (tenant, concurrency_key)
  where concurrency_key is not null and completed_at is null;

${ON_POSTGRES}create index jobs_by_lease on jobs (lease_until) where lease_until is not null;

-- Specifications that would make the rows of jobs heavy.
create table job_specs (
  job ${BLOB} not null primary key references jobs (id) on delete cascade,
  spec text not null
);

-- Who waits for whom; an edge lasts as long as both jobs, and is open until the parent is final.
create table job_dependencies (
  parent ${BLOB} not null references jobs (id) on delete cascade,
  child ${BLOB} not null references jobs (id) on delete cascade,
  need smallint not null,
  is_open smallint not null,
  primary key (parent, child)
) ${WITHOUT_ROWID};
create index job_dependencies_by_child on job_dependencies (child);

-- Starts of the last minute of jobs with a rate, when the store itself decides who is next.
create table job_starts (
  tenant bigint not null references job_tenants (num) on delete cascade,
  rate_key text not null,
  started_at bigint not null
);
create index job_starts_by_key on job_starts (tenant, rate_key, started_at);

-- Lease tokens: one growing counter.
${ON_POSTGRES}create sequence job_lease_tokens;
create table job_counters (
  name text not null primary key,
  value bigint not null
);
insert into job_counters (name, value) values ('lease', 0);

-- `payload`: entries behind an index of them, compressed (job_log_chunk.hpp). Of each attempt the
-- first lines and the last ones are kept (`is_tail`).
create table job_log_chunks (
  job ${BLOB} not null references jobs (id) on delete cascade,
  first_seq bigint not null,
  last_seq bigint not null,
  attempt integer not null,
  lines integer not null,
  bytes integer not null,
  streams smallint not null,
  is_tail smallint not null,
  is_loose smallint not null,
  payload ${BLOB} not null,
  primary key (job, first_seq)
);
create table job_log_attempts (
  job ${BLOB} not null references jobs (id) on delete cascade,
  attempt integer not null,
  head_lines bigint not null,
  head_bytes bigint not null,
  tail_lines bigint not null,
  tail_bytes bigint not null,
  loose_chunks bigint not null,
  loose_bytes bigint not null,
  missing_lines bigint not null,
  missing_bytes bigint not null,
  missing_from bigint not null,
  missing_to bigint not null,
  missing_at bigint not null,
  primary key (job, attempt)
);

-- Each row keeps its blob from being collected (blob_ledger.cpp).
create table job_artifacts (
  job ${BLOB} not null references jobs (id) on delete cascade,
  attempt integer not null,
  name text not null,
  sha256 text not null,
  size bigint not null,
  created_at bigint not null,
  primary key (job, attempt, name)
);
create index job_artifacts_by_blob on job_artifacts (sha256);

create table job_templates (
  org_id text not null references organizations (id) on delete cascade,
  env_slug text not null,
  name text not null,
  description text not null,
  spec text not null,
  params_schema text,
  created_by text,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (org_id, env_slug, name)
);

create table job_schedules (
  id text not null primary key,
  org_id text not null references organizations (id) on delete cascade,
  env_slug text not null,
  name text not null,
  spec text not null,
  cron_expression text not null,
  timezone text not null,
  is_active bigint not null,
  overlap text not null,
  catch_up text not null,
  catch_up_window_secs bigint not null,
  jitter_secs bigint not null,
  start_at bigint,
  end_at bigint,
  created_by text,
  created_at bigint not null,
  updated_at bigint not null,
  high_water bigint not null,
  last_run_at bigint,
  last_job_id text,
  last_error text not null
);
create index job_schedules_by_tenant on job_schedules (org_id, env_slug, id);
