-- name: add_link
insert into sign_in_links (token_sha256, person_id, created_at, expires_at) values ($1, $2, $3, $4);

-- name: forget_links
-- Links long over are of no use to anyone.
delete from sign_in_links where expires_at < $1;

-- name: use_link
-- Once, in time, and only for who may still come in.
update sign_in_links l set used_at = $2
  from people p
 where l.token_sha256 = $1 and l.used_at is null and l.expires_at > $2 and p.id = l.person_id and p.active
returning p.*;

-- name: add_challenge
insert into challenges (purpose, session_id, challenge, created_at, expires_at) values ($1, $2, $3, $4, $5) returning id;

-- name: forget_challenges
delete from challenges where expires_at < $1;

-- name: take_challenge
delete from challenges
 where id = $1 and purpose = $2 and session_id is not distinct from $3 and expires_at > $4 returning challenge;

-- name: add_passkey
insert into passkeys (person_id, name, credential_id, public_key, sign_count, created_at)
values ($1, $2, $3, $4, $5, $6) returning *;

-- name: passkeys_of
select * from passkeys where person_id = $1 order by created_at, id limit 100;

-- name: passkey
select k.*, p.active from passkeys k join people p on p.id = k.person_id where k.credential_id = $1;

-- name: use_passkey
-- A counter that does not grow is a copied authenticator; one that is always zero counts nothing.
update passkeys set sign_count = $2, used_at = $3
 where id = $1 and ($2 > sign_count or ($2 = 0 and sign_count = 0)) returning id;

-- name: remove_passkey
delete from passkeys where id = $1 and person_id = $2 returning name;

-- name: put_code
insert into step_up_codes (session_id, code_tag, created_at, expires_at) values ($1, $2, $3, $4)
on conflict (session_id) do update
   set code_tag = excluded.code_tag, created_at = excluded.created_at, expires_at = excluded.expires_at, attempts = 0;

-- name: guess_code
-- Every guess is counted, whether it is right or not.
update step_up_codes set attempts = attempts + 1
 where session_id = $1 and expires_at > $2 and attempts < 5 returning code_tag;

-- name: drop_code
delete from step_up_codes where session_id = $1 and code_tag = $2 returning session_id;

-- name: add_sign_on
insert into pending_sign_ons
    (state_sha256, browser_sha256, nonce, verifier, redirect_uri, next_path, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: forget_sign_ons
delete from pending_sign_ons where expires_at < $1;

-- name: take_sign_on
-- Once, in time, and only for the browser that began it; another one that knows the state spoils nothing.
delete from pending_sign_ons where state_sha256 = $1 and browser_sha256 = $2 and expires_at > $3
returning nonce, verifier, redirect_uri, next_path;

-- name: person_to_sign_on
-- Locked, so that of two first sign-ins at once one binds and the other sees it.
select * from people where address = $1 and active for update;

-- name: identities_like
-- What is bound already, of this subject and of this person; at most two rows.
select subject, person_id from sign_on_identities where issuer = $1 and (subject = $2 or person_id = $3);

-- name: bind_identity
insert into sign_on_identities (issuer, subject, person_id, created_at) values ($1, $2, $3, $4);
