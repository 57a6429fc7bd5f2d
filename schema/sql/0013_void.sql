-- An intended payment that was never clicked can be taken back, by a person, and never again come to life.
-- Why it is so: docs/decisions/0014-what-was-never-clicked-can-be-taken-back.md

alter table payments
    add column voided_at timestamptz,
    add column voided_by text check (voided_by <> ''),
    add column void_reason text check (void_reason <> '');
comment on column payments.voided_at is
    'When a person took it back after its intent; null for a plan that gave way to another one.';

-- What was intended before START was counted may have been clicked.
update payments p set submits = 1 from migrations m
 where m.name = '0004_submits' and p.status = 'intended' and p.submits = 0 and p.intended_at < m.applied_at;
update payments set submits = 1 where submit_started_at is not null and submits = 0;

alter table payments
    add constraint payments_every_start_is_counted check (submit_started_at is null or submits > 0),
    add constraint payments_void_was_never_clicked check (status <> 'void' or submits = 0),
    add constraint payments_void_is_told check (
        num_nonnulls(voided_at, voided_by, void_reason)
        = case when status = 'void' and intended_at is not null then 3 else 0 end);

-- Its approvals hang on its fingerprint: they are spent with it, whatever becomes of it.
create unique index payments_one_per_fingerprint on payments (fingerprint) where fingerprint is not null;

-- A reference is never used twice, since its row is kept.
create trigger payments_are_kept before delete on payments for each row execute function refuse_changes();
create trigger payments_no_truncate before truncate on payments for each statement execute function refuse_changes();

-- What was held while paying leaves only with a payment that can not be clicked any more.
create or replace function refuse_false_moves() returns trigger language plpgsql as $$
begin
    if new.version <> old.version + 1 then
        raise exception 'invoice % moved from version % to %', old.id, old.version, new.version using errcode = 'check_violation';
    end if;
    if new.came_from is distinct from old.state then
        raise exception 'invoice % says it came from %, it was %', old.id, new.came_from, old.state using errcode = 'check_violation';
    end if;
    if old.held_from = 'paying' and new.state not in ('paying', 'held')
       and (new.state not in ('extracted', 'rejected')
            or exists (select from payments where invoice_id = old.id and status <> 'void')) then
        raise exception 'invoice % was held while paying: only paying may follow while its payment is not void', old.id
            using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- START and void exclude each other: both lock the invoice, one wants it paying and the other held.
create or replace function refuse_false_payments() returns trigger language plpgsql as $$
begin
    if (old.status, new.status) not in (('planned', 'planned'), ('planned', 'intended'), ('planned', 'void'),
                                        ('intended', 'intended'), ('intended', 'booked'), ('intended', 'void'),
                                        ('booked', 'booked')) then
        raise exception 'payment % may not go from % to %', old.id, old.status, new.status using errcode = 'check_violation';
    end if;
    if (old.reference, old.account_print, old.routing, old.amount, old.currency, old.beneficiary, old.invoice_id, old.pay_on)
       is distinct from
       (new.reference, new.account_print, new.routing, new.amount, new.currency, new.beneficiary, new.invoice_id, new.pay_on) then
        raise exception 'the terms of payment % may not change', old.id using errcode = 'check_violation';
    end if;
    if new.submits < old.submits then
        raise exception 'the clicks of payment % are not uncounted', old.id using errcode = 'check_violation';
    end if;
    if new.submit_started_at > coalesce(old.submit_started_at, '-infinity') then
        perform from invoices where id = new.invoice_id and state = 'paying' for update;
        if not found then
            raise exception 'payment % is not clicked: its invoice is not paying', old.id using errcode = 'check_violation';
        end if;
    end if;
    if (old.status, new.status) = ('intended', 'void') then
        perform from invoices where id = new.invoice_id and held_from = 'paying' for update;
        if not found or old.submits > 0 or old.submit_started_at is not null then
            raise exception 'payment % may have been clicked: only the bank can say', old.id using errcode = 'check_violation';
        end if;
    end if;
    return new;
end $$;

-- At the end of its transaction what was taken back has the decision that did it, on record, and its invoice is gone on.
create function require_void_on_record() returns trigger language plpgsql as $$
begin
    if exists (select from invoices where id = new.invoice_id and (held_from = 'paying' or state = 'paying'))
       or not exists (select from audits where invoice_id = new.invoice_id and step = 'decide'
                         and facts ->> 'voided' = new.reference) then
        raise exception 'payment % is void without a decision', new.id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger payments_void_by_decision after update on payments
    deferrable initially deferred for each row when (old.status = 'intended' and new.status = 'void')
    execute function require_void_on_record();
