create schema if not exists reasoning;

-- One row for each analysis of an alert: what was recommended, and what the next analysis of the same thing must know.
create table reasoning.analyses (
  id uuid primary key default gen_random_uuid(),
  -- The user who asked, or 'platform' for events and functions.
  tenant text not null,
  -- Where the alert came from; both are empty for a direct question.
  event_source text,
  event_id text,
  -- Place within the message, which may hold many alerts.
  position integer not null default 0,
  fingerprint text not null,
  -- The same trouble of the same thing, whoever reports it.
  signature text not null,
  alert text not null,
  action text not null,
  analysis jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (event_source, event_id, position)
);

create index analyses_recent on reasoning.analyses (tenant, signature, created_at desc);
