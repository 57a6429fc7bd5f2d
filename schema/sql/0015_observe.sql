-- What is watched from outside: refusals of the door are counted, and traces leave through it like everything else.
-- Code since 0014 may run beside it: one table and one word more.

-- What the door refused to let out. The bytes are not kept: they held what must not be kept.
create table egress_refusals (
    seq bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    kind text not null check (kind <> ''),  -- as in egress
    reason text not null check (reason in ('account', 'secret', 'code')),
    invoice_id uuid references invoices);
create trigger egress_refusals_append_only before update or delete on egress_refusals
    for each row execute function refuse_changes();
create trigger egress_refusals_no_truncate before truncate on egress_refusals
    for each statement execute function refuse_changes();

alter table egress drop constraint egress_kind_check;
alter table egress add constraint egress_kind_check
    check (kind in ('model', 'messenger', 'mail', 'bank', 'fetch', 'ledger', 'identity', 'traces'));
