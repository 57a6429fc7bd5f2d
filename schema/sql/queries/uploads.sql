-- name: add
insert into uploads (id, at, person_id, person, name, origin, sha256, size_bytes, blob_key, outcome, reason, left_out, mail_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: known
-- The mail or file with these very bytes.
select id, disposition, reason, stored_at from mails where raw_sha256 = $1;

-- name: page
-- Uploads with the invoices of their bytes, newest first, from one on backwards; $4 is one id or null.
select u.id, u.at, u.person_id, u.person, u.name, u.origin, u.sha256, u.size_bytes, u.blob_key, u.outcome, u.reason, u.left_out,
       coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'state', i.state, 'document', coalesce(d.name, ''),
                                                     'number', i.invoice_number, 'reason', i.reason) order by d.path, i.id)
                   from invoices i left join documents d on d.id = i.document_id where i.mail_id = u.mail_id), '[]') as invoices
  from uploads u
 where ($1::timestamptz is null or (u.at, u.id) < ($1, $2::uuid)) and ($4::uuid is null or u.id = $4)
 order by u.at desc, u.id desc limit $3;
