create schema if not exists memory;

-- What was said, word for word. The natural key makes every source idempotent: `key:` of a caller, `turn:` of a chat.
create table memory.episodes (
  id uuid primary key default gen_random_uuid(),
  user_id text not null,
  natural_key text not null,
  source text not null,
  content text not null,
  context text not null default '',
  tags jsonb not null default '[]',
  occurred_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null default clock_timestamp(),
  consolidated_at timestamptz(3),
  extractor text check (extractor in ('model', 'heuristic', 'none')),
  forgotten_at timestamptz(3),
  unique (user_id, natural_key)
);

-- Versions: a row is never changed in meaning, a newer one takes its place. valid_* is the world's time, recorded_at and
-- retired_at are ours. A row waits for the vector index while indexed_revision < revision.
create table memory.memories (
  id uuid primary key,
  user_id text not null,
  kind text not null check (kind in ('episode', 'fact', 'preference', 'event', 'plan')),
  text text not null,
  -- The text in one spelling, with the name of its attribute: "call me Ann" is found by "what is my name".
  words text not null,
  hash text,
  attribute text,
  value text,
  confidence real not null,
  strength integer not null default 1,
  tags jsonb not null default '[]',
  sources jsonb not null default '[]',
  valid_from timestamptz(3) not null,
  valid_to timestamptz(3),
  told_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null default clock_timestamp(),
  retired_at timestamptz(3),
  superseded_by uuid references memory.memories (id) deferrable initially deferred,
  forgotten_at timestamptz(3),
  revision integer not null default 1,
  indexed_revision integer not null default 0,
  index_attempts integer not null default 0,
  -- Until then one request alone takes the row to the index.
  index_claimed_until timestamptz(3),
  search tsvector generated always as (to_tsvector('english'::regconfig, words)) stored
);

create unique index memories_one_of_a_text on memory.memories (user_id, hash)
  where retired_at is null and kind <> 'episode';
create unique index memories_one_of_an_attribute on memory.memories (user_id, attribute)
  where retired_at is null and attribute is not null;
create index memories_newest on memory.memories (user_id, recorded_at desc, id desc)
  where forgotten_at is null;
create index memories_words on memory.memories using gin (search);
create index memories_sources on memory.memories using gin (sources jsonb_path_ops);
create index memories_unindexed on memory.memories (index_attempts, recorded_at)
  where indexed_revision < revision;

-- Why a memory is as it is. Ids, scores and rules only, no text: it outlives what is forgotten.
create table memory.decisions (
  id bigint generated always as identity primary key,
  user_id text not null,
  episode_id uuid,
  memory_id uuid,
  other_id uuid,
  op text not null
    check (op in ('add', 'reinforce', 'supersede', 'outdated', 'cover', 'reject', 'forget')),
  rule text not null,
  decided_by text not null check (decided_by in ('rule', 'model')),
  candidates jsonb not null default '[]',
  decided_at timestamptz(3) not null default clock_timestamp()
);

create index decisions_of_a_memory on memory.decisions (memory_id);

create table memory.outbox (
  id text primary key,
  event jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  claimed_until timestamptz,
  attempts integer not null default 0
);
