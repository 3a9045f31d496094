-- +goose Up

-- Accounts are events (domain/user). What stands in these tables is what cannot
-- be in the log, and the last known state of each account, so that people can
-- sign in and read while the log is damaged or out of reach.

-- What opens an account, under the random id that an event names. A row that no
-- event names opens nothing.
create table hearth.credential (
    id          uuid primary key,
    account     uuid not null references hearth.account (id),
    kind        text not null,                    -- password, totp, codes
    value       text not null,                    -- argon2id hash; sealed secret; hashes of codes
    used        bigint not null default 0,        -- the last step of a totp that was used
    created_at  timestamptz not null,
    replaced_at timestamptz                       -- since when it opens nothing
);
create index credential_account on hearth.credential (account);

insert into hearth.credential (id, account, kind, value, created_at)
select gen_random_uuid(), id, 'password', password, created_at from hearth.account;

alter table hearth.account
    add column state    jsonb,                    -- user.State without its personal fields
    add column sealed   jsonb,                    -- its personal fields, by class
    add column version  bigint not null default 0, -- up to which event of its stream it goes
    add column position bigint not null default 0, -- of that event
    add column since    bigint not null default 0, -- position of the account's first event
    add column legacy   jsonb;                    -- what stood here before accounts were events
update hearth.account a set legacy = jsonb_build_object(
    'name', name, 'org', org, 'roles', to_jsonb(roles), 'disabled', disabled,
    'password', (select c.id from hearth.credential c where c.account = a.id));
alter table hearth.account
    drop column name, drop column org, drop column roles, drop column password, drop column disabled, drop column generation;

-- The same hash of an identity provider's subject for finding the account.
create table hearth.external_identity (
    hash    bytea primary key,                    -- keyed
    account uuid not null references hearth.account (id)
);

-- What a token may do is in events; these columns are emptied when the tokens
-- that were there before are brought over.
alter table hearth.api_token
    alter column label drop not null, alter column scopes drop not null, alter column expires_at drop not null;

-- Nobody knows whose sessions the present ones are: users sign in again.
delete from hearth.session;
-- Whose session it is. One that has ended stays until it would have expired, so
-- that an answer that is under way does not bring it back.
alter table hearth.session
    add column id       uuid,                     -- tells sessions apart and opens none
    add column account  uuid references hearth.account (id),
    add column began    timestamptz,
    add column seen     timestamptz,              -- to the minute
    add column browser  text,                     -- family, in coarse words
    add column ended_at timestamptz;
create index session_account on hearth.session (account) where account is not null;

-- Browsers and networks from which an account has signed in: other people's
-- failures do not hold them up.
create table hearth.known_place (
    account uuid not null references hearth.account (id),
    kind    text not null,                        -- device, network
    place   bytea not null,                       -- hash
    seen_at timestamptz not null,
    primary key (account, kind, place)
);

-- Failed sign-ins that are not in the log yet: it hears of them once a minute.
create table hearth.sign_in_failure (
    account uuid not null references hearth.account (id),
    why     text not null,
    count   integer not null,
    told_at timestamptz not null,                 -- when the log heard last
    primary key (account, why)
);
