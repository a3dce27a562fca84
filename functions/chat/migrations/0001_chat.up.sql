create schema if not exists chat;

create table chat.conversations (
  id uuid primary key default gen_random_uuid(),
  user_id text not null,
  title text not null default '',
  created_at timestamptz(3) not null default clock_timestamp(),
  updated_at timestamptz(3) not null default clock_timestamp()
);

create index conversations_last_used on chat.conversations (user_id, updated_at desc, id desc);

-- A question and its answer are two rows; the answer's id is the turn's. While an answer is being written it is leased:
-- after a crash the lease runs out, and `attempt` keeps a writer that lost it from finishing.
create table chat.messages (
  id uuid primary key default gen_random_uuid(),
  conversation_id uuid not null references chat.conversations (id) on delete cascade,
  position bigint generated always as identity,
  role text not null check (role in ('user', 'assistant')),
  content text not null,
  created_at timestamptz(3) not null default clock_timestamp(),
  memories_used jsonb not null default '[]',
  model text,
  status text not null check (status in ('pending', 'complete', 'failed')),
  reply_to uuid references chat.messages (id) on delete cascade,
  idempotency_key text,
  attempt integer not null default 1,
  leased_until timestamptz(3)
);

create unique index messages_once on chat.messages (conversation_id, idempotency_key)
  where idempotency_key is not null;
create unique index messages_one_answer on chat.messages (reply_to) where reply_to is not null;
create index messages_in_order on chat.messages (conversation_id, position);

create table chat.outbox (
  id text primary key,
  event jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  claimed_until timestamptz,
  attempts integer not null default 0
);
