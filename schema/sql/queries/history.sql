-- name: add
insert into history (at, who, subject, subject_id, what, note, changes) values ($1, $2, $3, $4, $5, $6, $7);

-- name: of_subject
-- The newest first, from one on backwards.
select * from history
 where subject = $1 and subject_id = $2 and ($3::bigint is null or seq < $3)
 order by seq desc limit $4;
