-- Times are microseconds since 1970, flags are 0 or 1, ids are lower-case hexadecimal without hyphens.

CREATE TABLE organization (
    id       TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL UNIQUE,
    revision BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    active   BIGINT NOT NULL,
    state    TEXT   NOT NULL,
    doc      TEXT   NOT NULL
) WITHOUT ROWID;

CREATE TABLE registration (
    id              INTEGER PRIMARY KEY,
    organization    TEXT    NOT NULL,
    webinar         TEXT    NOT NULL,
    email_key       TEXT    NOT NULL,
    correlation     TEXT    NOT NULL,
    revision        BIGINT  NOT NULL,
    state           TEXT    NOT NULL,
    cause           TEXT,
    held_since      BIGINT,
    provider_person TEXT,
    urgency         BIGINT  NOT NULL,
    deliverable     BIGINT  NOT NULL,
    waits_webinar   TEXT,
    waits_email     TEXT,
    -- The lane towards the provider.
    due_at          BIGINT,
    deliver_later   BIGINT,
    deliver_until   BIGINT,
    deliver_fence   BIGINT  NOT NULL DEFAULT 0,
    deliver_epoch   BIGINT  NOT NULL DEFAULT 0,
    -- The lane back to the CRM.
    answer_mark     BIGINT,
    answer_due_at   BIGINT,
    answer_later    BIGINT,
    answer_tries    BIGINT  NOT NULL DEFAULT 0,
    answer_since    BIGINT,
    answer_until    BIGINT,
    answer_fence    BIGINT  NOT NULL DEFAULT 0,
    answer_epoch    BIGINT  NOT NULL DEFAULT 0,
    tally           TEXT    NOT NULL,
    doc             TEXT    NOT NULL,
    -- When a lane may claim the row; nothing when there is nothing to do.
    deliver_at BIGINT GENERATED ALWAYS AS (
        CASE WHEN deliverable = 1
             THEN max(due_at, coalesce(deliver_later, due_at), coalesce(deliver_until, due_at)) END) VIRTUAL,
    answer_at BIGINT GENERATED ALWAYS AS (
        max(answer_due_at, coalesce(answer_later, answer_due_at), coalesce(answer_until, answer_due_at))) VIRTUAL,
    UNIQUE (organization, webinar, email_key)
);

-- Only what is to be done stands in these, so that claims cost the same whatever is stored.
CREATE INDEX registration_deliver ON registration (organization, urgency, deliver_at) WHERE deliver_at IS NOT NULL;
CREATE INDEX registration_answer ON registration (organization, urgency, answer_at) WHERE answer_at IS NOT NULL;
CREATE INDEX registration_delivering ON registration (organization, deliver_until) WHERE deliver_until IS NOT NULL;
CREATE INDEX registration_answering ON registration (organization, answer_until) WHERE answer_until IS NOT NULL;
CREATE INDEX registration_held ON registration (organization, held_since) WHERE held_since IS NOT NULL;
CREATE INDEX registration_person ON registration (organization, webinar, provider_person)
    WHERE provider_person IS NOT NULL;
CREATE INDEX registration_correlation ON registration (correlation);

CREATE TABLE home (
    organization  TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    -- `registration`, `excluded` or `deleted`.
    place         TEXT   NOT NULL,
    place_webinar TEXT,
    place_email   TEXT,
    exclusion     TEXT,
    event         TEXT   NOT NULL,
    contact       TEXT   NOT NULL,
    company       TEXT,
    -- The snapshot of the table in which the row was last seen.
    seen          BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, source)
) WITHOUT ROWID;

CREATE INDEX home_event ON home (organization, event, place);
CREATE INDEX home_contact ON home (organization, contact, place);
CREATE INDEX home_company ON home (organization, company, place) WHERE company IS NOT NULL;

CREATE TABLE hint (
    organization TEXT   NOT NULL,
    crm_table    TEXT   NOT NULL,
    crm_id       TEXT   NOT NULL,
    generation   BIGINT NOT NULL,
    -- The generation at which the row was first hinted at: its place in the line.
    first        BIGINT NOT NULL,
    PRIMARY KEY (organization, crm_table, crm_id)
) WITHOUT ROWID;

CREATE INDEX hint_first ON hint (organization, first);

-- Numbers that never come again, although what they numbered is gone.
CREATE TABLE counter (
    name TEXT   NOT NULL PRIMARY KEY,
    n    BIGINT NOT NULL
) WITHOUT ROWID;

INSERT INTO counter (name, n) VALUES ('hint', 0);

CREATE TABLE feed (
    organization TEXT NOT NULL,
    crm_table    TEXT NOT NULL,
    -- Where to read on; nothing: at the beginning.
    place        TEXT,
    -- Counts the snapshots that were begun, and whether the last has not come to its end.
    snapshot     BIGINT NOT NULL,
    whole        BIGINT NOT NULL,
    PRIMARY KEY (organization, crm_table)
) WITHOUT ROWID;

-- Work that people asked for, or that comes with the night.
CREATE TABLE task (
    organization TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    -- Nothing once it is over.
    due_at       BIGINT,
    ended_at     BIGINT,
    lease_until  BIGINT,
    fence        BIGINT NOT NULL DEFAULT 0,
    doc          TEXT   NOT NULL,
    ready_at BIGINT GENERATED ALWAYS AS (max(due_at, coalesce(lease_until, due_at))) VIRTUAL,
    PRIMARY KEY (organization, name)
) WITHOUT ROWID;

CREATE INDEX task_ready ON task (organization, ready_at) WHERE ready_at IS NOT NULL;

-- Pace and circuit of an organization's calls to a peer, by what the peer counts together; no name: all of them.
CREATE TABLE gate (
    organization TEXT NOT NULL,
    peer         TEXT NOT NULL,
    calls        TEXT NOT NULL,
    doc          TEXT NOT NULL,
    PRIMARY KEY (organization, peer, calls)
) WITHOUT ROWID;

-- What vanished from a webinar lately.
CREATE TABLE brake (
    organization TEXT   NOT NULL,
    webinar      TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    tripped      BIGINT NOT NULL,
    doc          TEXT   NOT NULL,
    PRIMARY KEY (organization, webinar)
) WITHOUT ROWID;

CREATE TABLE webinar (
    organization TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    starts       BIGINT NOT NULL,
    ours         BIGINT NOT NULL,
    deliverable  BIGINT NOT NULL,
    doc          TEXT   NOT NULL,
    PRIMARY KEY (organization, id)
) WITHOUT ROWID;

CREATE TABLE sync (
    id           INTEGER PRIMARY KEY,
    organization TEXT   NOT NULL,
    webinar      TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    state        TEXT   NOT NULL,
    due_at       BIGINT,
    lease_until  BIGINT,
    fence        BIGINT NOT NULL DEFAULT 0,
    epoch        BIGINT NOT NULL DEFAULT 0,
    doc          TEXT   NOT NULL,
    ready_at BIGINT GENERATED ALWAYS AS (max(due_at, coalesce(lease_until, due_at))) VIRTUAL,
    UNIQUE (organization, webinar)
);

CREATE INDEX sync_ready ON sync (organization, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX sync_leased ON sync (organization, lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE attendance (
    id           INTEGER PRIMARY KEY,
    organization TEXT   NOT NULL,
    webinar      TEXT   NOT NULL,
    person       TEXT   NOT NULL,
    matched      BIGINT NOT NULL,
    unwritten    BIGINT NOT NULL,
    tally        TEXT   NOT NULL,
    doc          TEXT   NOT NULL,
    UNIQUE (organization, webinar, person)
);

CREATE INDEX attendance_unwritten ON attendance (organization, webinar) WHERE unwritten = 1;
CREATE INDEX attendance_unmatched ON attendance (organization) WHERE matched = 0;

CREATE TABLE credential (
    organization TEXT   NOT NULL,
    purpose      TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    doc          TEXT   NOT NULL,
    PRIMARY KEY (organization, purpose)
) WITHOUT ROWID;

CREATE TABLE endpoint (
    organization TEXT   NOT NULL PRIMARY KEY,
    id           TEXT   NOT NULL UNIQUE,
    revision     BIGINT NOT NULL,
    doc          TEXT   NOT NULL
) WITHOUT ROWID;

CREATE TABLE data_key (
    organization TEXT NOT NULL PRIMARY KEY,
    sealed       BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE token (
    digest   TEXT   NOT NULL PRIMARY KEY,
    admitted BIGINT NOT NULL
) WITHOUT ROWID;

-- What the balance adds up, by webinar and counter.
CREATE TABLE tally (
    organization TEXT   NOT NULL,
    webinar      TEXT   NOT NULL,
    counter      TEXT   NOT NULL,
    n            BIGINT NOT NULL,
    PRIMARY KEY (organization, webinar, counter)
) WITHOUT ROWID;

CREATE TABLE fact (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    doc          TEXT NOT NULL
);

CREATE INDEX fact_organization ON fact (organization);
