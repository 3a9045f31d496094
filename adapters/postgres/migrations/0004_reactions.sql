-- +goose Up

-- Where each reaction stands in the event log.
create table hearth.reaction (
    name       text primary key,
    log        text not null,                     -- which log the position belongs to
    position   bigint not null,                   -- of the last commit dealt with
    problem    text,                              -- what stopped it
    changed_at timestamptz not null default now()
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Events that a reaction could not deal with. Rows stay when they are settled:
-- they say who did what, and why. Nothing personal is in them.
create table hearth.parked (
    reaction   text not null,
    event_id   uuid not null,
    position   bigint not null,
    type       text not null,
    stream     text not null,                     -- family/case
    tries      integer not null,
    error      text not null,                     -- of the last try
    parked_at  timestamptz not null default now(),
    tried_at   timestamptz not null default now(),
    outcome    text check (outcome in ('retried', 'dismissed')),
    settled_at timestamptz,
    settled_by text,                              -- user id
    reason     text,                              -- of a dismissal
    primary key (reaction, event_id),
    check ((outcome is null) = (settled_at is null))
);
create index parked_open on hearth.parked (parked_at) where settled_at is null;
