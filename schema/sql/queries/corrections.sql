-- name: save_correction
insert into corrections (invoice_id, version, field, before, after, person_id, address, at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: corrections
-- All corrections of an invoice, oldest first.
select field, before, after, address, at from corrections where invoice_id = $1 order by seq;

-- name: forget_vendor
-- Who sells was corrected: the vendor that was found before is looked up anew.
update invoices set vendor_id = null where id = $1;

-- name: own
insert into ownerships (invoice_id, owner_id, by_id, at) values ($1, $2, $3, $4);

-- name: ask_forwarder
insert into forwarder_questions (id, invoice_id, question, person_id, person_name, asked_at) values ($1, $2, $3, $4, $5, $6);

-- name: unsent_questions
-- What the forwarder is to be asked still, oldest first; a question about an earlier hold is over.
select q.id, q.question, q.person_name from forwarder_questions q
 where q.invoice_id = $1 and q.sent_at is null
   and not exists (select from audits a where a.invoice_id = q.invoice_id and a.at > q.asked_at and a.target <> 'held')
 order by q.asked_at;

-- name: question_sent
update forwarder_questions set sent_at = greatest($2::timestamptz, asked_at) where id = $1 and sent_at is null;

-- name: question_to_answer
-- The held invoice that a question was sent about, locked, when it is this sender who forwarded it.
select i.id from invoices i join forwarder_questions q on q.invoice_id = i.id
 where i.id = $1 and q.id = $2 and q.sent_at is not null and i.forwarder = $3 and i.state = 'held' for update of i;

-- name: asked_forwarder
-- What the forwarder was asked about an invoice, oldest first, each with its answers from the record.
select q.id, q.question, q.person_name, q.asked_at, q.sent_at, a.at as answered_at, a.facts ->> 'answer' as answer,
       coalesce((a.facts ->> 'documents')::int, 0) as documents
  from forwarder_questions q left join audits a on a.invoice_id = q.invoice_id and a.facts ->> 'answered' = q.id::text
 where q.invoice_id = $1 order by q.asked_at, q.id, a.version;
