create table entry (
	family      text        not null,
	case_id     text        not null,
	version     bigint      not null,
	position    bigint      not null,
	type        text        not null,
	occurred_at timestamptz not null,
	recorded_at timestamptz not null,
	late_reason text        not null,
	actor       text        not null,
	org         text        not null,
	role        text        not null,
	behalf      text        not null, -- whose office the actor held (代), empty for their own
	channel     text        not null,
	correlation text        not null,
	track       text        not null,
	sentence    text        not null, -- no personal data
	detail_sealed text      not null, -- what somebody wrote; may be personal
	primary key (family, case_id, version)
);
