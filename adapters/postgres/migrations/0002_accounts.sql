-- +goose Up

-- Who may sign in. The id is random and goes into events; login and name do not.
create table hearth.account (
    id         uuid primary key,
    login      text not null unique check (login = lower(login)),
    name       text not null,
    org        text not null,
    roles      text[] not null,
    password   text not null,                     -- argon2id, with its parameters
    disabled   boolean not null default false,
    generation integer not null default 1,        -- raised to end all sessions
    created_at timestamptz not null
);

-- Tries to sign in, by hash of login and address. Rows are removed when they
-- are too old to count.
create table hearth.sign_in_try (
    key      bytea primary key,
    failures integer not null,
    tried_at timestamptz not null,
    next_at  timestamptz not null                 -- no try before
);

-- Sessions of pages. The token is stored as a hash.
create table hearth.session (
    token   text primary key,
    data    bytea not null,
    expires timestamptz not null
);
create index session_expires on hearth.session (expires);

-- Keys for programs. The key itself is shown once and stored as a hash.
create table hearth.api_token (
    id         uuid primary key,
    hash       bytea not null unique,
    account    uuid not null references hearth.account (id),
    label      text not null,
    scopes     text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    revoked_at timestamptz
);
