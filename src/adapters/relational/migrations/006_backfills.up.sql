-- Back-fills of schedules (src/core/jobs/backfill.hpp). `firings` holds the due times that were
-- taken up, as [[time, job id, 0 or 1 for submitted], …]; `is_unsettled` is for the index.
create table job_backfills (
  id text not null primary key,
  schedule_id text not null references job_schedules (id) on delete cascade,
  org_id text not null references organizations (id) on delete cascade,
  env_slug text not null,
  from_at bigint not null,
  to_at bigint not null,
  parallel bigint not null,
  state text not null,
  is_unsettled smallint not null,
  position bigint,
  total bigint not null,
  submitted bigint not null,
  skipped bigint not null,
  firings text not null,
  created_by text,
  created_at bigint not null,
  finished_at bigint,
  last_error text not null,
  version bigint not null
);
create index job_backfills_by_schedule on job_backfills (schedule_id, id);
create index job_backfills_unsettled on job_backfills (id) where is_unsettled = 1;
