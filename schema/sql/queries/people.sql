-- name: add_person
insert into people (address, name, role, created_at) values ($1, $2, $3, $4) returning *;

-- name: person
select * from people where id = $1;

-- name: person_by_address
select * from people where address = $1;

-- name: open_session
insert into sessions (token_sha256, person_id, how, device, created_at, seen_at, expires_at)
values ($1, $2, $3, $4, $5, $5, $6) returning id;

-- name: person_signed_in
update people set signed_in_at = $2 where id = $1;

-- name: session
-- A session that holds: not ended, not too old, not idle too long, and of a person who may still come in.
select s.*, p.address, p.name, p.role, p.active, p.version, p.created_at as person_created_at, p.signed_in_at
  from sessions s join people p on p.id = s.person_id
 where s.token_sha256 = $1 and s.ended_at is null and p.active and s.expires_at > $2 and s.seen_at > $3;

-- name: see_session
update sessions set seen_at = $2 where id = $1 and seen_at < $2;

-- name: end_session
update sessions set ended_at = $2 where id = $1 and ended_at is null returning id;

-- name: people
-- By address; $1: the last address of the page before.
select * from people where $1::text is null or address > $1 order by address limit $2;

-- name: lock_admins
-- Every admin there is, locked in one order, so that two of them cannot leave at once.
select id from people where role = 'admin' and active order by id for update;

-- name: lock_person
select * from people where id = $1 for update;

-- name: change_person
update people set name = $2, role = $3, active = $4, version = version + 1 where id = $1 returning *;

-- name: sessions_of
-- The sessions of a person that hold, the last used first.
select * from sessions
 where person_id = $1 and ended_at is null and expires_at > $2 and seen_at > $3 order by seen_at desc, id limit 100;

-- name: end_session_of
update sessions set ended_at = $3 where id = $1 and person_id = $2 and ended_at is null returning id;

-- name: end_sessions_of
update sessions set ended_at = $2 where person_id = $1 and ended_at is null;

-- name: step_up
update sessions set stepped_up_at = $2 where id = $1 and ended_at is null returning id;

-- name: forget_identities
-- Who is let in again later may come with another account of the provider.
delete from sign_on_identities where person_id = $1;
