create index on person (phone_blind) where phone_blind is not null;
create index on person (id_no_blind) where id_no_blind is not null;
create index on person using gin (begins_blind);
