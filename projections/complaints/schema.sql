create table complaint (
    id                uuid primary key,
    no                text not null,
    category          text not null,
    channel           text not null,
    external_system   text not null,
    external_no       text not null,
    area              text not null,
    registered_at     timestamptz,
    received_at       timestamptz,
    reporter          uuid not null,
    anonymous         boolean not null,
    employer          text not null,
    employer_key      text not null,
    enterprise_id     uuid not null,
    project_id        uuid not null,
    summary_sealed    text not null,
    owed_from         date,
    owed_to           date,

    reported_persons  integer not null,
    reported_fen      bigint not null,
    claimants         integer not null,
    persons           integer not null,
    persons_paid      integer not null,
    claimed_fen       bigint not null,
    verified_fen      bigint not null,
    paid_fen          bigint not null,
    recourse_fen      bigint not null,
    recovered_fen     bigint not null,
    collective        boolean not null,

    risk              text not null,
    triggers          text[] not null,
    leader_told       boolean not null,
    crime_hint        boolean not null,

    phase             text not null,
    open              boolean not null,
    tracks            jsonb not null,
    awaited           jsonb not null,
    procedures_open   integer not null,

    dispatch          text not null,
    returns           integer not null,
    ruled             boolean not null,
    handling_org      text not null,
    handler           text not null,
    co_handler        text not null,
    first_receiver    text not null,
    time_class        text not null,

    accepted_at       timestamptz,
    proposed_at       timestamptz,
    first_closed_at   timestamptz,
    closed_at         timestamptz,
    ended_at          timestamptz,
    archived_at       timestamptz,
    conclusion        text not null,
    closures          integer not null,
    reopens           integer not null,
    merged_into       text not null,

    next_clock        text not null,
    next_due_at       timestamptz,
    next_provisional  boolean not null,
    overdue           boolean not null,
    timed             boolean not null,
    in_time           boolean not null,
    inspection_until  date,
    arbitration_until date,
    inspection_alert  integer not null,
    arbitration_alert integer not null,

    called            integer not null,
    unreached         integer not null,
    answered          integer not null,
    satisfied         integer not null,
    hints             integer not null,

    restricted        boolean not null,
    allowed_roles     text[] not null,
    accused_org       text not null,

    version           bigint not null,
    position          bigint not null,
    last_event_at     timestamptz
);

create table claimant (
    complaint_id   uuid,
    claimant_no    integer,
    person_id      uuid not null,
    items          jsonb not null,
    owed_from      date,
    owed_to        date,
    claimed_fen    bigint not null,
    proposed_fen   bigint not null,
    proposed_by    text not null,
    verified       boolean not null,
    verified_fen   bigint not null,
    disputed       boolean not null,
    admitted_fen   bigint not null,
    paid_fen       bigint not null,
    advanced_fen   bigint not null,
    outcome        text not null,
    representative boolean not null,
    moved_from_no  text not null,
    removed        boolean not null,
    primary key (complaint_id, claimant_no)
);

create table clock (
    complaint_id uuid,
    clock        text,
    status       text not null,
    length       text not null,
    extended     text not null,
    basis        text not null,
    started_at   timestamptz,
    since        timestamptz,
    due_at       timestamptz,
    provisional  boolean not null,
    calendar_v   text not null,
    consumed     integer not null,
    paused_at    timestamptz,
    pauses       integer not null,
    pause_reason text not null,
    breached_at  timestamptz,
    met_at       timestamptz,
    over_by      integer not null,
    step         text not null,
    step_due_at  timestamptz,
    explained    text not null,
    primary key (complaint_id, clock)
);

create table promise (
    complaint_id uuid,
    event_no     bigint,
    due_at       timestamptz,
    about_sealed text not null,
    promised_by  text not null,
    kept_at      timestamptz,
    primary key (complaint_id, event_no)
);

create table callback (
    complaint_id uuid,
    claimant_no  integer,
    wanted       boolean not null,
    answered     boolean not null,
    blocks       boolean not null,
    attempts     date[] not null,
    calls        integer not null,
    reached      boolean not null,
    satisfied    integer not null,
    about_us     boolean not null,
    last_by      text not null,
    primary key (complaint_id, claimant_no)
);

create table payment (
    complaint_id        uuid,
    payment_no          integer,
    claimant_no         integer not null,
    paid_fen            bigint not null,
    paid_on             date,
    payer_role          text not null,
    payer_enterprise_id uuid not null,
    method              text not null,
    claimant_confirmed  boolean not null,
    reversed            boolean not null,
    primary key (complaint_id, payment_no)
);

create table party (
    complaint_id  uuid,
    enterprise_id uuid,
    role          text,
    basis_article text not null,
    cap_fen       bigint,
    dropped       boolean not null,
    primary key (complaint_id, enterprise_id, role)
);

create table hint (
    complaint_id uuid,
    other_no     text,
    other_id     uuid not null,
    score        integer not null,
    keys         text[] not null,
    dismissed_by text not null,
    primary key (complaint_id, other_no)
);
