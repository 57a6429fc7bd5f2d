-- name: entries
select a.seq, a.invoice_id, a.version, a.step, a.source::text as source, a.target::text as target, a.actor, a.at, a.note, a.facts,
       a.leaf_hash, l.position
  from audits a left join log_leaves l on l.invoice_id = a.invoice_id and l.version = a.version
 where a.invoice_id = $1 order by a.version;

-- name: counts
select state::text as state, count(*) as invoices from invoices group by state order by state;

-- name: invoices
select i.id, i.state::text as state, i.reason, i.invoice_number, i.total, i.currency, i.created_at, i.updated_at, i.last_error,
       i.forwarder, m.subject, d.name as document_name, v.name as vendor_name, y.status as payment_status,
       y.bank_reference, i.came_from::text as came_from, i.held_from::text as held_from
  from invoices i join mails m on m.id = i.mail_id left join documents d on d.id = i.document_id
  left join vendors v on v.id = i.vendor_id left join payments y on y.invoice_id = i.id and y.status <> 'void'
 where starts_with(i.id::text, $2)
 order by i.created_at desc, d.path desc limit $1;

-- name: mails
select id, sender, subject, disposition, reason, stored_at from mails order by stored_at desc limit $1;

-- name: mail
select * from mails where id = $1;

-- name: ready
select 1;

-- name: exchange
select groq_exchange, groq_request_hash, groq_response_hash, groq_action_list_raw from invoices where id = $1;

-- name: mail_sha256
-- The hash of the mail an invoice came in: the invoice's trace is made of it.
select m.raw_sha256 from mails m join invoices i on i.mail_id = m.id where i.id = $1;
