drop schema if exists chat cascade;
