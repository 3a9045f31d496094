create index on document using gin (grams_blind);
create index on document (at desc);
create index on document (kind, at desc);
