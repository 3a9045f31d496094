-- +goose Up

-- Where each read model stands: one row for each schema of a read model that
-- exists, made, renamed and dropped in the same transaction as the schema.
create table hearth.projection (
    schema     text primary key,
    name       text not null,
    version    integer not null,
    building   boolean not null,                  -- not what readers see
    definition text not null,                     -- hash of its tables and indexes
    log        text not null,                     -- which log the position belongs to
    position   bigint not null default 0,         -- of the last commit applied
    events     bigint not null default 0,         -- how many events were applied
    stored_at  timestamptz,                       -- when the commit at position was stored
    indexed    boolean not null default false,
    problem    jsonb,                             -- what stopped it
    changed_at timestamptz not null default now()
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
