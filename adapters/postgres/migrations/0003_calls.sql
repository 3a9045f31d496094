-- +goose Up

-- Calls that a phone system announced, until the operator's page takes them or
-- they are too old. The reference is stored as a hash.
create table hearth.announced_call (
    ref     bytea primary key,
    phone   text not null,
    expires timestamptz not null
);
