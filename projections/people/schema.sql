create table person (
    id               uuid primary key,
    kind             text not null,

    -- Personal data, together and nowhere else in this model: to be sealed under
    -- a key of the person, with a blind index in place of phone and id_no.
    name             text not null,
    name_folded      text collate "C" not null,
    name_pinyin      text collate "C" not null,
    name_initials    text collate "C" not null,
    id_no            text collate "C" not null,
    phone            text collate "C" not null,
    address          text not null,

    has_bank         boolean not null,
    consents         jsonb not null,
    kin              jsonb not null,
    created_at       timestamptz,
    created_position bigint not null,
    version          bigint not null,
    position         bigint not null
);
