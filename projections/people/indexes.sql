create index on person (phone, name_pinyin) where phone <> '';
create index on person (id_no) where id_no <> '';
create index on person (name_folded);
create index on person (name_initials, name_pinyin);
