drop table job_files;
drop table blob_folders;
drop table job_workers;
