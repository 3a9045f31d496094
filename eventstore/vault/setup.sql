-- The vault of Hearth: the keys under which personal fields are sealed in the
-- events, and who may do what with them. To be run by a superuser in the
-- application's database, as often as you like:
--
--   hearth database-sql | psql -v ON_ERROR_STOP=1 -d hearth
--
-- Everything here belongs to a role that nobody can log in as. The application
-- reads and adds rows. It destroys keys, and changes anything at all, by the
-- functions below alone.
begin;
set local vault.application = 'hearth';

do $$ begin
  if not exists (select from pg_roles where rolname = 'hearth_vault') then
    create role hearth_vault nologin;
  end if;
end $$;
alter role hearth_vault nologin nosuperuser nocreaterole nocreatedb noreplication nobypassrls;

create schema if not exists vault;
alter schema vault owner to hearth_vault;

-- Epoch keys, wrapped by the root key. wrapped is null when one is destroyed.
create table if not exists vault.epoch (
  id           integer primary key check (id > 0),
  wrapped      bytea,
  made_at      timestamptz not null default now(),
  destroyed_at timestamptz,
  check ((wrapped is null) = (destroyed_at is not null))
);

-- Data keys, one per subject and class, wrapped by an epoch key. The row of a
-- key that is destroyed stays: it tells what is gone from what is lost.
create table if not exists vault.data_key (
  key_id       bytea primary key check (octet_length(key_id) = 16),
  subject      text collate "C" not null,
  class        text collate "C" not null,
  epoch        integer not null references vault.epoch,
  wrapped      bytea,
  made_at      timestamptz not null default now(),
  destroyed_at timestamptz,
  unique (subject, class),
  check ((wrapped is null) = (destroyed_at is not null))
);
create index if not exists data_key_epoch on vault.data_key (epoch) where wrapped is not null;
-- What was overwritten does not stay in the pages for long.
alter table vault.data_key set (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
alter table vault.epoch set (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);

-- What is not, or was once not, in use. position is that of the event that said
-- so: an earlier one that comes again changes nothing.
create table if not exists vault.subject (
  subject  text collate "C" primary key,
  state    text not null check (state in ('in_use', 'suspended', 'shredded')),
  position bigint not null,
  since    timestamptz not null default now()
);

-- Whoever makes keys holds this lock with others, whoever destroys or closes some
-- holds it alone, so that no key is made for what is being destroyed.
create or replace function vault.together() returns void
language sql set search_path = pg_catalog, pg_temp as $$ select pg_advisory_xact_lock_shared(4846518171) $$;
create or replace function vault.alone() returns void
language sql set search_path = pg_catalog, pg_temp as $$ select pg_advisory_xact_lock(4846518171) $$;

-- ensure_keys makes the keys that are missing and gives those of all names. A
-- subject that is not in use gets no new one.
create or replace function vault.ensure_keys(subjects text[], classes text[], ids bytea[], wraps bytea[], in_epoch integer)
returns table (key_id bytea, subject text, class text, epoch integer, wrapped bytea, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform vault.together();
  if not exists (select from vault.epoch e where e.id = in_epoch and e.wrapped is not null) then
    raise exception 'vault: epoch % is not in use', in_epoch using errcode = 'HV001';
  end if;
  insert into vault.data_key (key_id, subject, class, epoch, wrapped)
  select n.id, n.subject, n.class, in_epoch, n.wrapped from unnest(subjects, classes, ids, wraps) as n (subject, class, id, wrapped)
   where not exists (select from vault.subject s where s.subject = n.subject and s.state <> 'in_use')
      on conflict do nothing;
  return query
  select k.key_id, n.subject, n.class, k.epoch, k.wrapped, coalesce(s.state, 'in_use')
    from unnest(subjects, classes) as n (subject, class)
    left join vault.data_key k on k.subject = n.subject and k.class = n.class
    left join vault.subject s on s.subject = n.subject;
end $$;

-- set_state suspends subjects, takes them back into use, or destroys their keys.
-- Whoever holds opened keys is told to forget them.
create or replace function vault.set_state(subjects text[], to_state text, at_position bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform vault.alone();
  if 'index' = any (subjects) then
    raise exception 'vault: the index is no subject' using errcode = '22023';
  end if;
  insert into vault.subject as s (subject, state, position)
  select distinct unnest(subjects), to_state, at_position
      on conflict (subject) do update set state = excluded.state, position = excluded.position, since = now()
   where s.state <> 'shredded' and (excluded.state = 'shredded' or excluded.position > s.position);
  if to_state = 'shredded' then
    update vault.data_key k set wrapped = null, destroyed_at = now() where k.subject = any (subjects) and k.wrapped is not null;
  end if;
  perform pg_notify('hearth_vault', '');
end $$;

-- new_epoch adds the next epoch, unless it is there already.
create or replace function vault.new_epoch(n integer, wrapped_key bytea) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform vault.alone();
  if wrapped_key is null or n <> (select coalesce(max(e.id), 0) + 1 from vault.epoch e) then
    return false;
  end if;
  insert into vault.epoch (id, wrapped) values (n, wrapped_key);
  perform pg_notify('hearth_vault', '');
  return true;
end $$;

-- rewrap moves keys to another epoch, those of them that are as they were read.
create or replace function vault.rewrap(ids bytea[], was bytea[], becomes bytea[], to_epoch integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  moved bigint;
begin
  perform vault.together();
  if not exists (select from vault.epoch e where e.id = to_epoch and e.wrapped is not null) then
    raise exception 'vault: epoch % is not in use', to_epoch using errcode = 'HV001';
  end if;
  update vault.data_key k set wrapped = n.becomes, epoch = to_epoch
    from unnest(ids, was, becomes) as n (id, was, becomes)
   where k.key_id = n.id and k.wrapped = n.was and n.becomes is not null;
  get diagnostics moved = row_count;
  return moved;
end $$;

-- retire destroys the key of an epoch that no data key needs any more.
create or replace function vault.retire(n integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform vault.alone();
  if n = (select max(e.id) from vault.epoch e) or exists (select from vault.data_key k where k.epoch = n and k.wrapped is not null) then
    return false;
  end if;
  update vault.epoch e set wrapped = null, destroyed_at = now() where e.id = n and e.wrapped is not null;
  perform pg_notify('hearth_vault', '');
  return true;
end $$;

-- What was there before, by whomever it was made, is brought to the same state.
do $$ declare
  app text := current_setting('vault.application');
  thing text;
begin
  for thing in select c.oid::regclass::text from pg_class c where c.relnamespace = 'vault'::regnamespace and c.relkind = 'r' loop
    execute format('alter table %s owner to hearth_vault', thing);
  end loop;
  for thing in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'vault'::regnamespace loop
    execute format('alter function %s owner to hearth_vault', thing);
  end loop;
  execute format('revoke all on schema vault from public, %I', app);
  execute format('revoke all on all tables in schema vault from public, %I', app);
  execute format('revoke all on all functions in schema vault from public, %I', app);
  execute format('grant usage on schema vault to %I', app);
  -- Rows are added when a backup is restored.
  execute format('grant select, insert on all tables in schema vault to %I', app);
  execute format('grant execute on function vault.ensure_keys, vault.set_state, vault.new_epoch, vault.rewrap, vault.retire to %I', app);
end $$;
comment on schema vault is 'hearth vault setup 1';
commit;
