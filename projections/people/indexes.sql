create index on person (phone_blind) where phone_blind is not null;
create index on person (id_no_blind) where id_no_blind is not null;
create index on person using gin (begins_blind);
create index on person (account_blind) where account_blind is not null;
create index on person (created_position) where request_open;
create index on person using gin (kin jsonb_path_ops) where kin <> '[]' and kin <> 'null';
create index on household using gin (persons);
