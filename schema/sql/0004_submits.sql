-- The confirm click, at most once: START is on record before it, and another may only follow after a grace.

alter table payments
    add column submit_started_at timestamptz,
    add column submits int not null default 0 check (submits >= 0),
    add constraint payments_submit_only_intended check (submit_started_at is null or status in ('intended', 'booked'));
comment on column payments.submit_started_at is
    'START of a click that may still be under way; null when none was made, or the bank said that it booked nothing.';
comment on column payments.submits is 'How many times the button may have been pressed.';
