-- name: mail_by_bytes
select id, disposition from mails where raw_sha256 = $1;

-- name: insert_mail
insert into mails (id, raw_sha256, raw_key, size_bytes, message_id, thread, sender, sender_name, subject, dated, disposition, reason, evidence)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (raw_sha256) do nothing
returning id;

-- name: insert_document
insert into documents (id, mail_id, path, name, declared_type, sniffed, sha256, size_bytes, blob_key)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: open_invoice
insert into invoices (id, mail_id, document_id, forwarder) values ($1, $2, $3, $4);

-- name: open_record
-- The first entry of an invoice's record.
insert into audits (invoice_id, version, step, source, target, actor, at, note, facts, leaf_hash)
values ($1, 0, 'receive', null, 'received', $2, $3, $4, $5, $6);

-- name: settle_place
insert into mail_places (account, folder, uidvalidity, uid, mail_id) values ($1, $2, $3, $4, $5)
on conflict (account, folder, uidvalidity, uid) do update set mail_id = excluded.mail_id, tried_at = now(), problem = null;

-- name: postpone_place
insert into mail_places (account, folder, uidvalidity, uid, problem) values ($1, $2, $3, $4, $5)
on conflict (account, folder, uidvalidity, uid) do update set tried_at = now(), problem = excluded.problem
 where mail_places.mail_id is null;

-- name: place
select m.disposition from mail_places p join mails m on m.id = p.mail_id
 where p.account = $1 and p.folder = $2 and p.uidvalidity = $3 and p.uid = $4;

-- name: cursor
-- The last UID below which everything is settled.
select coalesce(min(uid) filter (where mail_id is null) - 1, max(uid), 0) from mail_places
 where account = $1 and folder = $2 and uidvalidity = $3;

-- name: prove
insert into mailboxes (account, folder, proved_at) values ($1, $2, $3)
on conflict (account, folder) do update set proved_at = excluded.proved_at;

-- name: last_proofs
select account, folder, proved_at from mailboxes order by account, folder;
