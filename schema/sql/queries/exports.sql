-- name: pending
-- Booked payments that are in no batch of this format; Tally's books are in rupees.
select y.id as payment_id, y.invoice_id, i.invoice_number, i.parsed_json, v.name as vendor, v.tax_id as vendor_tax_id,
       v.country as vendor_country, y.amount, y.currency, y.account_last4, y.rail, y.reference, y.bank_reference,
       y.pay_on as paid_on, y.booked_at, coalesce(y.simulated, false) as simulated
  from payments y join invoices i on i.id = y.invoice_id join vendors v on v.id = y.vendor_id
 where y.status = 'booked' and ($1 <> 'tally' or y.currency = 'INR')
   and not exists (select from export_items e where e.format = $1 and e.payment_id = y.id)
   and ($2::timestamptz is null or y.booked_at >= $2) and ($3::timestamptz is null or y.booked_at < $3)
 order by y.booked_at, y.id limit $4;

-- name: lock
-- One batch at a time, so that numbers have no gap; freed with the transaction.
select pg_advisory_xact_lock(hashtext('countersign export'));

-- name: next_number
select coalesce(max(number) + 1, 1) from export_batches;

-- name: add_batch
insert into export_batches (id, number, format, made_at, made_by, made_by_address, booked_from, booked_to, payments, totals,
                            file_name, media_type, sha256, size_bytes, blob_key)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: add_items
insert into export_items (batch_id, format, payment_id, line)
select $1, $2, item.id, item.line from unnest($3::uuid[]) with ordinality as item (id, line);

-- name: batches
-- The newest first, from one on backwards; $3 is one id or null.
select b.*, to_jsonb(d) as delivery
  from export_batches b left join lateral (
       select * from export_deliveries d where d.batch_id = b.id order by d.asked_at desc limit 1) d on true
 where ($1::int is null or b.number < $1) and ($3::uuid is null or b.id = $3)
 order by b.number desc limit $2;

-- name: items
select y.invoice_id, y.id as payment_id, i.invoice_number, v.name as vendor, y.amount, y.currency,
       coalesce(y.simulated, false) as simulated
  from export_items e join payments y on y.id = e.payment_id join invoices i on i.id = y.invoice_id
  join vendors v on v.id = y.vendor_id
 where e.batch_id = $1 order by e.line;

-- name: ask_delivery
insert into export_deliveries (id, batch_id, due_at, asked_at, asked_by) values ($1, $2, $3, $3, $4);

-- name: claim_delivery
-- One delivery that is due and in nobody's hands, for a limited time.
update export_deliveries set claimed_until = $2, attempts = attempts + 1
 where id = (select id from export_deliveries
              where due_at <= $1 and (claimed_until is null or claimed_until < $1)
              order by due_at limit 1 for update skip locked)
returning id, batch_id, attempts;

-- name: settle_delivery
-- Only for whoever holds it: the number of attempts is the claim.
update export_deliveries
   set status = $3, answered = $4, problem = $5, due_at = $6, delivered_at = $7, claimed_until = null
 where id = $1 and attempts = $2 and status = 'waiting'
returning id;
