-- Accounts, their sessions, what was revoked, and the record of it all.
create schema auth;

create table auth.users (
  id uuid primary key default gen_random_uuid(),
  -- NFKC, lower case: one account for every spelling
  email text not null unique,
  name text not null default '',
  -- argon2id in PHC form
  password_phc text not null,
  roles text[] not null default '{user}'
    check (roles <@ array['admin', 'user', 'readonly'] and cardinality(roles) > 0),
  status text not null default 'active' check (status in ('active', 'disabled')),
  -- access tokens of a lower version are dead
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table auth.sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  -- how often the session was refreshed; only the token of this count is current
  counter bigint not null default 0,
  version bigint not null default 1,
  -- the key of the session's refresh tokens, encrypted
  key_sealed text not null,
  auth_time timestamptz not null default now(),
  created_at timestamptz not null default now(),
  refreshed_at timestamptz not null default now(),
  idle_expires_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoke_reason text,
  user_agent text not null default '',
  ip_prefix text not null default '',
  check ((revoked_at is null) = (revoke_reason is null))
);

create index sessions_live on auth.sessions (user_id) where revoked_at is null;

-- What must reach the revocation feed of the gateways; a row stays as long as a revoked token could live.
create table auth.revocations (
  member text primary key,
  revoked_at timestamptz not null default now(),
  expires_at timestamptz not null,
  sent_at timestamptz
);

create index revocations_unsent on auth.revocations (revoked_at) where sent_at is null;

create table auth.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  target text not null,
  outcome text not null check (outcome in ('ok', 'denied')),
  ip_prefix text not null,
  request_id text not null,
  details jsonb not null,
  prev_hash bytea not null,
  hash bytea not null
);

-- The hash covers every column and the hash before it, so a row that is changed, left out or put in later breaks the
-- chain from there on. The hash has no key: who may drop the triggers can write the chain anew, and a cut-off end looks
-- whole. Both show only against the last hash kept elsewhere.
create function auth.audit_hash(row_ auth.audit) returns bytea
language sql stable as $$
  select sha256(convert_to(jsonb_build_array(
    row_.id, extract(epoch from row_.at), row_.actor, row_.action, row_.target, row_.outcome,
    row_.ip_prefix, row_.request_id, row_.details, encode(row_.prev_hash, 'hex')
  )::text, 'UTF8'))
$$;

-- The chain has one end, so writers take turns; call it last in a transaction.
create function auth.append_audit(
  actor_ text, action_ text, target_ text, outcome_ text, ip_prefix_ text, request_id_ text,
  details_ jsonb
) returns bigint
language plpgsql volatile as $$
declare
  row_ auth.audit;
begin
  perform pg_advisory_xact_lock(hashtextextended('auth.audit', 0));
  select hash into row_.prev_hash from auth.audit order by id desc limit 1;
  row_.id := nextval(pg_get_serial_sequence('auth.audit', 'id'));
  row_.at := clock_timestamp();
  row_.actor := actor_;
  row_.action := action_;
  row_.target := target_;
  row_.outcome := outcome_;
  row_.ip_prefix := ip_prefix_;
  row_.request_id := request_id_;
  row_.details := details_;
  row_.prev_hash := coalesce(row_.prev_hash, '\x'::bytea);
  row_.hash := auth.audit_hash(row_);
  insert into auth.audit overriding system value values (row_.*);
  return row_.id;
end
$$;

-- The first row whose hash or predecessor is wrong, or null.
create function auth.first_broken_audit() returns bigint
language sql stable as $$
  select id from (
    select id, hash, auth.audit_hash(a) as expected, prev_hash,
      coalesce(lag(hash) over (order by id), '\x'::bytea) as before
    from auth.audit a
  ) chain
  where hash <> expected or prev_hash <> before
  order by id limit 1
$$;

create function auth.refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception 'auth.audit can only be appended to';
end
$$;

create trigger audit_append_only before update or delete on auth.audit
  for each row execute function auth.refuse_change();

create trigger audit_never_emptied before truncate on auth.audit
  for each statement execute function auth.refuse_change();
