create table person (
    id               uuid primary key,
    kind             text not null,

    -- Personal data, sealed under keys of the person.
    name_sealed      text not null,
    id_no_sealed     text not null,
    phone_sealed     text not null,
    address_sealed   text not null,
    died_on_sealed   text not null,

    -- What a person is found by: blind indexes of numbers, and keyed hashes of the beginnings of name, initials and phone. Empty when shredded.
    id_no_blind      bytea,
    phone_blind      bytea,
    account_blind    bytea,
    begins_blind     bigint[] not null,

    has_bank         boolean not null,
    consents         jsonb not null,
    bases            jsonb not null,
    kin              jsonb not null,
    death_source     text not null,
    death_noted_at   timestamptz,
    merged_into      uuid not null,
    taken            uuid[] not null,
    standing         text not null,
    requests         jsonb not null,
    request_open     boolean not null,
    created_at       timestamptz,
    created_position bigint not null,
    version          bigint not null,
    position         bigint not null
);

create table household (
    id           uuid primary key,
    head         uuid not null,
    members      jsonb not null,
    persons      uuid[] not null,
    formed_at    timestamptz,
    dissolved_at timestamptz,
    reason       text not null,
    version      bigint not null,
    position     bigint not null
);
