-- name: open_part
-- A part comes from the same mail and forwarder, and counts as having come in when the whole did.
insert into invoices (id, mail_id, document_id, forwarder, split_from, created_at)
select $1, mail_id, $3, forwarder, id, created_at from invoices where id = $2;

-- name: give_on
update invoice_sheets set given_on = true where invoice_id = $1 and not given_on;

-- name: add_sheets
insert into invoice_sheets (invoice_id, since, position, document_id, pages, person_id, address, at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: merged_into
update invoices set merged_into = $2 where id = $1;

-- name: forget_reading
-- What was read and judged was of other pages; an approval of its fingerprint is worth nothing any more.
update invoices
   set parsed_json = null, text_key = null, account_print = null, account_last4 = null, invoice_number = null, number_key = null,
       issue_date = null, due_date = null, currency = null, total = null, vendor_id = null, purchase_order_id = null,
       groq_validation_report = null, groq_action_list_raw = null, groq_action_list = null, groq_action_refusal = null,
       groq_request_hash = null, groq_response_hash = null, groq_exchange = null, findings = '[]', duplicate_key = null,
       people_needed = null, fingerprint = null, screenshot_key = null, screenshot_sha256 = null, prepared_at = null
 where id = $1;

-- name: relatives
-- The invoices that this one was divided into or from, merged with or into.
select r.id, r.relation from (
    select split_from as id, 'part_of' as relation from invoices where id = $1
    union all select merged_into, 'merged_into' from invoices where id = $1
    union all select id, 'part' from invoices where split_from = $1
    union all select id, 'merged' from invoices where merged_into = $1) as r
 where r.id is not null;

-- name: hands
-- Who arranged the pages of an invoice, or of those it came from, and who forwarded what was merged into it.
with recursive line as (
    select id, split_from from invoices where id = $1
    union
    select i.id, i.split_from from invoices i join line l on i.id = l.split_from or i.merged_into = l.id)
select s.address from invoice_sheets s join line l on l.id = s.invoice_id
union
select i.forwarder from invoices i join line l on l.id = i.id
 where i.forwarder <> (select forwarder from invoices where id = $1);

-- name: letter_of_merged
-- Of the pieces from one mail that became one invoice, the one whose letter speaks for all.
select p.id from invoices i join invoices p on p.merged_into = i.merged_into and p.mail_id = i.mail_id
 where i.id = $1 order by p.id limit 1;

-- name: mergeable
-- Held invoices that may be pieces of the same one: of the same mail first, then of the same vendor.
select i.id, i.version, i.invoice_number, i.total, i.currency, i.reason, i.created_at, d.name as document_name,
       coalesce(v.name, i.parsed_json -> 'fields' -> 'seller_name' ->> 'value') as vendor,
       i.mail_id = o.mail_id as same_mail, coalesce((i.parsed_json ->> 'page_count')::int, 0) as page_count,
       (i.parsed_json -> 'pages' -> 0 ->> 'number')::int as pictured
  from invoices o join invoices i on i.id <> o.id and (i.mail_id = o.mail_id or i.vendor_id = o.vendor_id)
  join documents d on d.id = i.document_id left join vendors v on v.id = i.vendor_id
 where o.id = $1 and i.state = 'held' and i.held_from <> 'paying'
   and ($2::text is null or i.search like $2 or lower(d.name) like $2)
 order by same_mail desc, i.created_at desc, d.path, i.id limit $3;
