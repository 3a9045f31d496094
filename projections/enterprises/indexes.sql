create index on enterprise using gin (grams);
create index on enterprise using gin (keys);
create index on enterprise (uscc) where uscc <> '';
create index on matter (enterprise_id);
create index on matter (employer_key) where employer_key <> '';
