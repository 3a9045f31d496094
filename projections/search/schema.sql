create table document (
    kind          text,
    id            uuid,
    at            timestamptz,
    parts         jsonb not null,
    titles        text collate "C" not null, -- folded short parts, one a line, with a line end before and behind each
    folded        text collate "C" not null, -- folded parts, one a line
    grams         integer[] not null,
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
