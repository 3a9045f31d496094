create table look (
	position      bigint not null,      -- of the commit that says so
	idx           integer not null,     -- of the event in its commit
	item          integer not null,     -- of the view in its event
	stream        uuid not null,        -- the user's day, under whose keys text is sealed
	kind          text not null,        -- viewed, revealed, exported, printed, searched, missed
	family        text not null,        -- of what was looked at, empty for a list
	object_id     text not null,
	person        uuid not null,        -- whose fields were revealed
	user_id       text not null,
	org           text not null,
	role          text not null,
	channel       text not null,
	screen        text not null,
	at            timestamptz not null,
	times         integer not null,
	model         text not null,        -- the read model that was shown
	seen_position bigint not null,      -- and how far it had come
	fields        text[] not null,
	reason        text not null,
	query         text not null,
	rows          integer not null,
	sha256        text not null,
	clear         boolean not null,
	lookup        text not null,
	hits          integer not null,
	text_sealed   text not null,        -- what was searched for, or why something was revealed
	primary key (position, idx, item)
);
