-- The archive of Hearth, the second copy of every stored message: its tables and
-- who may do what with them. To be run by a superuser in the application's
-- database, as often as you like:
--
--   hearth database-sql | psql -v ON_ERROR_STOP=1 -d hearth
--
-- Everything here belongs to a role that nobody can log in as. The application
-- reads and adds rows. It changes and removes none, and it makes and replaces
-- partitions by the functions below alone, which remove nothing either.
begin;
set local archive.application = 'hearth';

do $$ begin
  if not exists (select from pg_roles where rolname = 'hearth_keeper') then
    create role hearth_keeper nologin;
  end if;
end $$;
alter role hearth_keeper nologin nosuperuser nocreaterole nocreatedb noreplication nobypassrls;

-- Who owns a database can drop it, with all that others own in it.
do $$ declare app text := current_setting('archive.application'); begin
  execute format('alter database %I owner to hearth_keeper', current_database());
  execute format('grant connect, create, temporary on database %I to %I', current_database(), app);
  execute format('grant usage, create on schema public to %I', app);
end $$;

create schema if not exists archive;
alter schema archive owner to hearth_keeper;

-- Of which log it is, and how many positions a partition has.
create table if not exists archive.log (
  only_one       boolean primary key default true check (only_one),
  identity       text not null,
  partition_size bigint not null check (partition_size between 2 and 100000000),
  since          timestamptz not null default now()
);

create table if not exists archive.message (
  position  bigint not null check (position > 0),
  stored_at timestamptz not null,
  subject   text collate "C" not null,
  leaf      bytea not null,
  body      bytea not null,
  primary key (position)
) partition by range (position);
-- Bodies are kept as they came. See new_table for where.
alter table archive.message alter column body set storage external;
create index if not exists message_subject on archive.message (subject, position);

-- new_table makes a table for the positions of partition n. Bodies stay in the
-- row for as long as it fits a page, which is what reads fast in order.
create or replace function archive.new_table(name text, n bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp set archive.application from current as $$
declare
  size bigint := (select partition_size from archive.log);
begin
  if size is null then
    raise exception 'archive: it is not known yet of which log it is' using errcode = '55000';
  end if;
  execute format('create table archive.%I (like archive.message including all, check (position >= %s and position < %s)) with (toast_tuple_target = 8160)',
    name, n * size, (n + 1) * size);
  execute format('grant select on archive.%I to %I', name, current_setting('archive.application'));
end $$;

-- attach_table makes a table serve as partition n.
create or replace function archive.attach_table(name text, n bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  size bigint := (select partition_size from archive.log);
begin
  execute format('alter table archive.message attach partition archive.%I for values from (%s) to (%s)', name, n * size, (n + 1) * size);
end $$;

-- put_aside gives a table a name of its own and lets nobody add to it.
create or replace function archive.put_aside(name text, n bigint) returns text
language plpgsql set search_path = pg_catalog, pg_temp set archive.application from current as $$
declare
  aside text := format('damaged_%s_%s', n, to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD"t"HH24MISSUS'));
begin
  execute format('alter table archive.%I rename to %I', name, aside);
  execute format('revoke insert on archive.%I from %I', aside, current_setting('archive.application'));
  return aside;
end $$;

-- add_partition makes partition n when it is missing. They are made in order.
create or replace function archive.add_partition(n bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if n < 0 or n > 0 and to_regclass(format('archive.message_%s', n - 1)) is null then
    raise exception 'archive: partition % does not follow on another', n using errcode = '22023';
  end if;
  lock table only archive.message in share update exclusive mode;
  if to_regclass(format('archive.message_%s', n)) is null then
    perform archive.new_table(format('message_%s', n), n);
    perform archive.attach_table(format('message_%s', n), n);
  end if;
end $$;

-- begin_mending makes mending_<n>, an empty table to be filled in place of
-- partition n. Until the end of the transaction nobody else adds to the archive;
-- everybody can read it.
create or replace function archive.begin_mending(n bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set archive.application from current as $$
declare
  fresh text := format('mending_%s', n);
begin
  lock table only archive.message in share row exclusive mode;
  if to_regclass(format('archive.message_%s', n)) is null then
    raise exception 'archive: there is no partition %', n using errcode = '22023';
  end if;
  if to_regclass('archive.' || fresh) is not null then
    perform archive.put_aside(fresh, n);
  end if;
  perform archive.new_table(fresh, n);
  execute format('grant insert on archive.%I to %I', fresh, current_setting('archive.application'));
  return fresh;
end $$;

-- set_aside lets mending_<n> serve in place of partition n, which stays, with
-- all that is in it, under the name that is returned.
create or replace function archive.set_aside(n bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set archive.application from current as $$
declare
  serving text := format('message_%s', n);
  fresh   text := format('mending_%s', n);
  aside   text;
begin
  if to_regclass('archive.' || fresh) is null then
    raise exception 'archive: nothing was begun for partition %', n using errcode = '22023';
  end if;
  execute format('alter table archive.message detach partition archive.%I', serving);
  aside := archive.put_aside(serving, n);
  execute format('revoke insert on archive.%I from %I', fresh, current_setting('archive.application'));
  execute format('alter table archive.%I rename to %I', fresh, serving);
  perform archive.attach_table(serving, n);
  return aside;
end $$;

-- What was there before, by whomever it was made, is brought to the same state.
do $$ declare
  app text := current_setting('archive.application');
  thing text;
begin
  for thing in select c.oid::regclass::text from pg_class c where c.relnamespace = 'archive'::regnamespace and c.relkind in ('r', 'p') loop
    execute format('alter table %s owner to hearth_keeper', thing);
  end loop;
  for thing in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'archive'::regnamespace loop
    execute format('alter function %s owner to hearth_keeper', thing);
  end loop;
  execute format('revoke all on schema archive from public, %I', app);
  execute format('revoke all on all tables in schema archive from public, %I', app);
  execute format('revoke all on all functions in schema archive from public, %I', app);
  execute format('grant usage on schema archive to %I', app);
  execute format('grant select on all tables in schema archive to %I', app);
  execute format('grant insert on archive.log, archive.message to %I', app);
  execute format('grant execute on function archive.add_partition, archive.begin_mending, archive.set_aside to %I', app);
end $$;
comment on schema archive is 'hearth archive setup 1';
commit;
