create table enterprise (
    id               uuid primary key,
    uscc             text collate "C" not null,
    name             text not null,
    name_key         text collate "C" not null, -- normalised
    name_pinyin      text collate "C" not null,
    former           jsonb not null,
    keys             text[] not null,           -- normalised names, present and former
    matches          text collate "C" not null, -- folded names, short names and initials, one a line, with a line end before and behind each
    grams            integer[] not null,
    county           text not null,
    industry         text not null,
    ownership        text not null,
    headcount        integer not null,
    headcount_on     date,
    union_org        text not null,
    signals          jsonb not null,
    blacklists       jsonb not null,
    merged_into      uuid not null,
    root             uuid not null, -- where the file goes on: the enterprise itself unless merged
    created_at       timestamptz,
    version          bigint not null,
    position         bigint not null
);
create index on enterprise (root);

-- A complaint as far as the figures of its employer need it.
create table matter (
    complaint_id  uuid primary key,
    enterprise_id uuid not null,
    employer_key  text collate "C" not null, -- normalised, as the reporter put it
    registered_at timestamptz,
    open          boolean not null,
    merged        boolean not null,          -- goes on in another case, where it counts
    lines         integer not null,          -- claimants
    reported      integer not null,          -- persons, as the reporter said
    persons       integer not null,          -- the larger of both
    lines_fen     bigint not null,
    reported_fen  bigint not null,
    owed_fen      bigint not null,           -- of the lines once there are any
    paid_fen      bigint not null,
    risk          text not null,
    restricted    boolean not null,
    allowed_roles text[] not null,
    accused_org   text not null
);

create table line (
    complaint_id uuid,
    claimant_no  integer,
    owed_fen     bigint not null, -- verified, until then claimed
    removed      boolean not null,
    primary key (complaint_id, claimant_no)
);
