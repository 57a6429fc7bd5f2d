-- name: begin
-- The row is won by one of two requests with the same key.
insert into first_answers (who, key, request_sha256, created_at) values ($1, $2, $3, $4)
on conflict (who, key) do nothing returning key;

-- name: answered
select request_sha256, status, media_type, body from first_answers where who = $1 and key = $2;

-- name: keep
update first_answers set status = $3, media_type = $4, body = $5 where who = $1 and key = $2 and status is null;

-- name: drop
-- Nothing happened, so the same request may be tried again.
delete from first_answers where who = $1 and key = $2 and status is null;

-- name: forget
delete from first_answers where created_at < $1;
