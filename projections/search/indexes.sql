create index on document using gin (grams);
create index on document (at desc);
create index on document (kind, at desc);
