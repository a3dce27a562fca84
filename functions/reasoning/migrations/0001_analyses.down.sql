drop table if exists reasoning.analyses;
drop schema if exists reasoning;
