drop schema if exists memory cascade;
