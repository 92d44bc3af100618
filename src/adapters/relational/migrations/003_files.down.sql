drop table file_references;
drop table files;
drop table file_blobs;
