-- name: add
insert into api_keys (name, key_sha256, hint, scopes, person_id, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7) returning *;

-- name: holding
-- Keys that hold, the newest first.
select k.*, p.address from api_keys k join people p on p.id = k.person_id
 where k.ended_at is null and k.expires_at > $1 order by k.created_at desc, k.id limit 200;

-- name: end
update api_keys set ended_at = $2 where id = $1 and ended_at is null returning name;

-- name: by_hash
-- A key that holds, with who made it, who must still be allowed in.
select k.id as key_id, k.name as key_name, k.scopes, k.expires_at, k.created_at as key_created_at, k.used_at, p.*
  from api_keys k join people p on p.id = k.person_id
 where k.key_sha256 = $1 and k.ended_at is null and k.expires_at > $2 and p.active;

-- name: see
update api_keys set used_at = $2 where id = $1 and (used_at is null or used_at < $3);
