create table person (
    id               uuid primary key,
    kind             text not null,

    -- Personal data, sealed under keys of the person.
    name_sealed      text not null,
    id_no_sealed     text not null,
    phone_sealed     text not null,
    address_sealed   text not null,

    -- What a person is found by: blind indexes of number and phone, and keyed
    -- hashes of the beginnings of name, initials and phone. Empty when shredded.
    id_no_blind      bytea,
    phone_blind      bytea,
    begins_blind     bigint[] not null,

    has_bank         boolean not null,
    consents         jsonb not null,
    kin              jsonb not null,
    created_at       timestamptz,
    created_position bigint not null,
    version          bigint not null,
    position         bigint not null
);
