-- name: in_force
-- The policy that was put in force last; no row: the policy file is.
select p.version, p.body, a.seq from policy_activations a join policies p on p.version = a.version order by a.seq desc limit 1;

-- name: save
insert into policies (version, body, saved_by, saved_at, note) values ($1, $2, $3, $4, $5) on conflict (version) do nothing;

-- name: activate
-- After the activation that was seen: another one after the same is refused by its unique index.
insert into policy_activations (follows, version, activated_by, activated_at, note) values ($1, $2, $3, $4, $5);

-- name: activations
-- When which version was put in force, the newest first.
select a.seq, a.version, p.body, a.activated_by, a.activated_at, a.note
  from policy_activations a join policies p on p.version = a.version
 where ($1::bigint is null or a.seq < $1) order by a.seq desc limit $2;

-- name: body
select body from policies where version = $1;

-- name: judged
-- The newest invoices that the rules have judged, for a what-if.
select id from invoices
 where parsed_json is not null and document_id is not null and groq_request_hash is not null and created_at >= $1
 order by created_at desc, id desc limit $2;

-- name: file_version
select version from policies where saved_by = $1 order by saved_at limit 1;
