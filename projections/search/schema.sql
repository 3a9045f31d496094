create table document (
    kind          text,
    id            uuid,
    at            timestamptz,
    parts         jsonb not null,     -- without the texts that are personal
    texts_sealed  text[] not null,    -- these, each in the place of its part
    grams_blind   integer[] not null, -- keyed hashes of the keys of all texts
    restricted    boolean not null,
    allowed_roles text[] not null,
    accused_org   text not null,
    owner         text not null, -- the unit that has the case
    staff         text[] not null, -- who handles, helps to handle, or took in the case, in this order
    guarded       boolean not null, -- a person who is known from restricted cases alone
    merged_into   uuid not null,
    primary key (kind, id)
);

-- Who is named in which case.
create table link (
    person_id    uuid,
    complaint_id uuid,
    restricted   boolean not null,
    primary key (person_id, complaint_id)
);
