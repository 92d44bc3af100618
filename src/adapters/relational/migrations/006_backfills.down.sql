drop table job_backfills;
