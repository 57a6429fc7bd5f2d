-- name: clock
-- The time by which rows are due, leased and expired: everybody's.
select clock_timestamp();

-- name: pause
-- Stop payments; no row: they are stopped already.
insert into pauses (tax_id, paused_by, note) values ($1, $2, $3) on conflict do nothing returning id;

-- name: resume
update pauses set resumed_by = $2, resume_note = $3, resumed_at = now()
 where resumed_at is null and tax_id is not distinct from $1 returning id;

-- name: wake
-- What was put off by the pause is looked at again at once.
update invoices set due_at = clock_timestamp()
 where state in ('approved', 'paying') and due_at > clock_timestamp() and claimed_until is null;

-- name: pauses
-- The pauses that hold now, the oldest first.
select p.tax_id, v.name as vendor, p.paused_by, p.note, p.paused_at
  from pauses p left join vendors v on v.tax_id = p.tax_id where p.resumed_at is null order by p.paused_at;

-- name: pause_on_payment
-- The pause that stops this payment, if one does; a pause of everything before one of a vendor.
select p.tax_id, v.name as vendor, p.paused_by, p.note, p.paused_at
  from payments y join vendors v on v.id = y.vendor_id
  join pauses p on p.resumed_at is null and (p.tax_id is null or p.tax_id = v.tax_id)
 where y.id = $1 order by p.tax_id nulls first limit 1;

-- name: raise_alarm
-- A row comes back when people are to be told: it is new, or they were told long enough ago.
insert into alarms (name, sentence) values ($1, $2)
on conflict (name) do update set sentence = excluded.sentence, said_at = clock_timestamp()
 where alarms.said_at <= clock_timestamp() - make_interval(secs => $3)
returning since;

-- name: unsay_alarm
-- Nobody could be told: the next look tries again.
update alarms set said_at = '-infinity' where name = $1;

-- name: end_alarm
delete from alarms where name = $1 returning since;

-- name: alarms
select name, sentence, since, said_at from alarms order by since;

-- name: record_egress
insert into egress (kind, method, destination, sha256, size_bytes, body_key, invoice_id)
values ($1, $2, $3, $4, $5, $6, (select id from invoices where id = $7));

-- name: egress
-- Everything that left, or all about one invoice, oldest first.
select seq, at, kind, method, destination, sha256, size_bytes, body_key, invoice_id
  from egress where $1::uuid is null or invoice_id = $1 order by seq limit $2;

-- name: unaccounted_requests
-- Model requests that the record names and the ledger does not hold, and model posts that no record explains:
-- a retried or refused request is explained by its invoice.
select i.id as invoice_id, i.groq_request_hash as sha256, 'the ledger lacks it' as problem from invoices i
 where i.groq_request_hash is not null
   and not exists (select from egress e where e.kind = 'model' and e.sha256 = i.groq_request_hash and e.invoice_id = i.id)
union all
select null, e.sha256, 'it belongs to no invoice' from egress e
 where e.kind = 'model' and e.method = 'POST' and e.invoice_id is null;

-- name: gauges
-- What there is to measure, in one look.
select (select count(*) from invoices where due_at <= clock_timestamp()) as due,
       (select extract(epoch from clock_timestamp() - min(due_at)) from invoices where due_at <= clock_timestamp())::float8 as oldest_due_s,
       (select count(*) from invoices where claimed_until > clock_timestamp()) as claimed,
       (select count(*) from pauses where resumed_at is null) as pauses,
       (select count(*) from alarms) as alarms;

-- name: egress_counts
select kind, count(*) as requests from egress group by kind order by kind;
