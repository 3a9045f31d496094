-- A unit as it is from a date up to another, which is not included.
create table place (
    code        text collate "C",
    valid_from  date, -- -infinity: since before there were records
    valid_until date not null, -- infinity: to this day
    name        text not null,
    short       text not null,
    kind        text not null,
    parent      text not null,
    path        text collate "C" not null, -- codes from the root down, a slash behind each; empty when dissolved
    dissolved   boolean not null,
    primary key (code, valid_from)
);
