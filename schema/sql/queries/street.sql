-- name: claim
-- Take the lease of an invoice whose step is due; no row: someone else has it, or nothing is due.
update invoices
   set claimed_until = clock_timestamp() + make_interval(secs => $3), claim_token = gen_random_uuid(), attempts = attempts + 1
 where id = $1 and state = any($2::state[]) and due_at <= clock_timestamp()
   and (claimed_until is null or claimed_until < clock_timestamp())
returning id, claim_token;

-- name: invoice
-- One invoice with what its steps need of its mail and document.
select i.*, m.sender_name, m.subject, m.message_id, m.thread, m.reason as mail_reason, m.raw_sha256 as mail_sha256,
       d.name as document_name, d.sha256 as document_sha256, d.blob_key as document_key, d.sniffed as document_type,
       coalesce(p.sheets, '[]') as sheets, p.arranged_by
  from invoices i join mails m on m.id = i.mail_id left join documents d on d.id = i.document_id
  left join lateral (
       select jsonb_agg(jsonb_build_object('document_id', f.id, 'pages', s.pages, 'document', jsonb_build_object(
                            'name', f.name, 'sha256', f.sha256, 'key', f.blob_key, 'type', f.sniffed)) order by s.position) as sheets,
              min(s.address) as arranged_by
         from invoice_sheets s join documents f on f.id = s.document_id
        where s.invoice_id = i.id and s.since = (select max(since) from invoice_sheets where invoice_id = i.id)) p on true
 where i.id = $1;

-- name: move
-- The one way a step changes a state: names the version and the lease it holds, and writes the record with it.
with moved as (
    update invoices
       set came_from = state, came_by = $4, state = $5::state, version = version + 1,
           held_from = case when $5::state <> 'held' then null when state = 'held' then held_from else state end,
           due_at = case when $6::float8 is null then null else clock_timestamp() + make_interval(secs => $6) end,
           attempts = 0, claimed_until = null, claim_token = null, last_error = null, reason = $7, updated_at = now(),
           duplicate_key = case when $5::state = 'rejected' then null else duplicate_key end
     where id = $1 and version = $2 and claim_token is not distinct from $3::uuid
 returning id, version, came_from, state)
insert into audits (invoice_id, version, step, source, target, actor, at, note, facts, leaf_hash)
select id, version, $4, came_from, state, $8, $9, $7, $10, $11 from moved
returning version;

-- name: lock_invoice
-- Lock the row for an answer or a decision, which need no lease: people are first.
select version, state::text as state, held_from::text as held_from, came_by, fingerprint, people_needed, forwarder
  from invoices where id = $1 for update;

-- name: take_over
-- A person's move ends whatever lease a worker holds; that worker's commit then finds no row.
update invoices set claim_token = null, claimed_until = null where id = $1;

-- name: renew
-- A worker at work keeps its lease; no row: it lost it.
update invoices set claimed_until = clock_timestamp() + make_interval(secs => $3)
 where id = $1 and claim_token = $2
returning id;

-- name: start_submit
-- START of the confirm click, by the one try that holds the lease now; another may follow only after the grace.
with ours as (
    select id from invoices
     where id = $1 and state = 'paying' and version = $2 and attempts = $3
       and claim_token is not null and claimed_until > clock_timestamp()
       for update)
update payments p
   set submit_started_at = clock_timestamp(), submits = submits + 1
  from ours
 where p.invoice_id = ours.id and p.status = 'intended' and p.fingerprint = $4
   and (p.submit_started_at is null or p.submit_started_at < clock_timestamp() - make_interval(secs => $5))
returning p.id;

-- name: submit_wait
-- Seconds until a click that was started can surely have no effect any more; null when none was.
select extract(epoch from submit_started_at + make_interval(secs => $2) - clock_timestamp())::float8
  from payments where invoice_id = $1 and status = 'intended';

-- name: withdraw_submit
-- The bank said clearly that it booked nothing; only the try that started it, with its lease, may say so.
with ours as (
    select id from invoices
     where id = $1 and state = 'paying' and version = $2 and attempts = $3 and claim_token is not null
       for update)
update payments p set submit_started_at = null from ours where p.invoice_id = ours.id and p.status = 'intended'
returning p.id;

-- name: put_off
-- A step failed for now: due again later, lease given back.
update invoices
   set due_at = clock_timestamp() + make_interval(secs => $3), claimed_until = null, claim_token = null, last_error = $4, updated_at = now(),
       attempts = case when $5 then attempts else greatest(attempts - 1, 0) end
 where id = $1 and claim_token = $2
returning id;

-- name: due
-- What is due and nobody holds, oldest first.
select id, state::text as state, version, attempts
  from invoices
 where due_at <= clock_timestamp() and (claimed_until is null or claimed_until < clock_timestamp())
 order by due_at limit $1;

-- name: due_one
-- The same for one invoice, when its bell rang.
select id, state::text as state, version, attempts
  from invoices
 where id = $1 and due_at <= clock_timestamp() and (claimed_until is null or claimed_until < clock_timestamp());

-- name: save_parsed
update invoices
   set parsed_json = $2, text_key = $3, account_print = $4, account_last4 = $5, invoice_number = $6, issue_date = $7,
       due_date = $8, currency = $9, total = $10, number_key = $11
 where id = $1;

-- name: save_assessment
update invoices
   set groq_validation_report = $2, groq_action_list_raw = $3, groq_action_list = $4, groq_action_refusal = $5,
       groq_request_hash = $6, groq_response_hash = $7, groq_exchange = $8
 where id = $1;

-- name: save_findings
update invoices set findings = $2, vendor_id = coalesce($3, vendor_id), policy_version = $4 where id = $1;

-- name: lock_purchase_order
select id from purchase_orders where id = $1 for update;

-- name: purchase_order_used
-- What other live invoices use of a PO; the look-up in master.sql says the same.
select coalesce(sum(i.total), 0) from invoices i
 where i.purchase_order_id = $1 and i.id <> $2 and i.state <> 'rejected' and (i.state <> 'held' or i.held_from = 'paying')
   and not (i.state = 'closed' and not exists (select from payments y where y.invoice_id = i.id and y.status = 'booked'));

-- name: save_cleared
update invoices
   set vendor_id = $2, purchase_order_id = $3, duplicate_key = $4, people_needed = $5,
       fingerprint = null, screenshot_key = null, screenshot_sha256 = null, prepared_at = null
 where id = $1;

-- name: void_planned
-- A transfer that was planned and never sent gives way to a new one.
update payments set status = 'void' where invoice_id = $1 and status = 'planned';

-- name: clicks
-- How often the intended payment of an invoice may have been clicked.
select submits from payments where invoice_id = $1 and status = 'intended';

-- name: void_intended
-- A person takes back what was intended and never clicked; the triggers know when that may be.
update payments set status = 'void', voided_at = $2, voided_by = $3, void_reason = $4
 where invoice_id = $1 and status = 'intended' and submits = 0
returning reference;

-- name: doubt_clicks
-- What a restored database does not know: whether it was clicked since.
update payments set submits = 1 where status = 'intended' and submits = 0;

-- name: voided
-- The payments of an invoice that were taken back, in that order.
select reference, amount, currency, pay_on, voided_at, voided_by, void_reason
  from payments where invoice_id = $1 and voided_at is not null order by voided_at;

-- name: plan_payment
insert into payments (id, invoice_id, vendor_id, forwarder, reference, beneficiary, account_cipher, account_print, account_last4,
                      routing, rail, amount, currency, pay_on, people_needed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: payment
-- The live payment of an invoice.
select * from payments where invoice_id = $1 and status <> 'void';

-- name: save_prepared
update invoices set screenshot_key = $2, screenshot_sha256 = $3, fingerprint = $4, prepared_at = $5 where id = $1;

-- name: intend_payment
-- The intent, before anything is sent; the constraints check the approvals.
update payments
   set status = 'intended', fingerprint = $2, approval_one = $3, approver_one = $4, approval_two = $5, approver_two = $6, intended_at = $7
 where id = $1 and status = 'planned'
returning id;

-- name: book_payment
update payments
   set status = 'booked', bank_reference = $2, booked_at = $3, simulated = $4, receipt_key = $5
 where id = $1 and status = 'intended'
returning id;

-- name: save_message
-- A callback may have been here first, and then knew only the sid.
insert into messages (sid, invoice_id, kind) values ($1, $2, $3)
on conflict (sid) do update set invoice_id = excluded.invoice_id, kind = excluded.kind;

-- name: save_message_status
-- Status callbacks come in any order; failed ends unless it was delivered.
insert into messages (sid, kind, status, rank, error_code) values ($1, 'unknown', $2, $3, $4)
on conflict (sid) do update
   set status = case when excluded.rank > messages.rank then excluded.status else messages.status end,
       rank = greatest(messages.rank, excluded.rank), error_code = coalesce(excluded.error_code, messages.error_code), updated_at = now()
returning invoice_id is not null;

-- name: wake_undelivered
-- A question that did not arrive is looked at now, not when its reminder would be due.
update invoices i set due_at = clock_timestamp()
  from questions q join messages m on m.sid = q.message_sid
 where q.message_sid = $1 and m.status in ('failed', 'undelivered', 'canceled')
   and i.id = q.invoice_id and i.state = 'asked' and i.fingerprint = q.fingerprint
   and (i.due_at is null or i.due_at > clock_timestamp())
   and not exists (select from approvals a where a.question_id = q.id);
