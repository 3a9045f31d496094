-- +goose Up

-- The last signed checkpoint of each log: the second place, apart from the
-- tiles, and what keeps two instances from signing different things.
create table hearth.sealed (
    origin    text primary key,
    public    text not null,                      -- verifier key of the one key that signs
    size      bigint not null default 0,
    note      text,                               -- signed, C2SP tlog-checkpoint
    sealed_at timestamptz not null default now()
);

-- Checkpoints that were handed out. Every one of them must be of a beginning of
-- the log, for ever. Cosignatures of witnesses come back into note.
create table hearth.issued (
    origin       text not null,
    size         bigint not null,
    note         text not null,
    issued_by    text not null,                   -- user id or console
    issued_at    timestamptz not null default now(),
    witness      text,                            -- verifier key of the last witness
    witnessed_at timestamptz,                     -- as the witness says
    primary key (origin, size)
);
