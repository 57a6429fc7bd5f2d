-- Makes the record INSERT-only for the application itself. Run once as a superuser of the server, connected to the
-- application's database, before or after `countersign migrate`; it is safe to run again:
--
--     psql -d countersign -f deploy/record_owner.sql
--
-- The record's tables then belong to `countersign_record`, as whom nobody can log in; whoever owned them keeps SELECT and
-- INSERT, and can neither disable their triggers nor drop them. A later migration that changes these very tables needs
-- the administrator for its duration: `grant countersign_record to APPLICATION`, migrate, `revoke` it.

do $$ begin create role countersign_record nologin; exception when duplicate_object or unique_violation then null; end $$;

create or replace function public.give_record_away() returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    name text;
    application text;
begin
    foreach name in array array['audits', 'log_leaves', 'checkpoints'] loop
        select pg_get_userbyid(relowner) into application from pg_class where oid = to_regclass('public.' || name);
        continue when application is null or application = 'countersign_record';
        execute format('alter table public.%I owner to countersign_record', name);
        execute format('grant select, insert, references on public.%I to %I', name, application);
    end loop;
    if application is not null and application <> 'countersign_record' then
        alter function public.refuse_changes() owner to countersign_record;
        alter function public.refuse_gaps() owner to countersign_record;
        -- The owner of a schema may drop what others own in it.
        alter schema public owner to countersign_record;
        execute format('grant usage, create on schema public to %I', application);
    end if;
end $$;

select public.give_record_away() where to_regclass('public.checkpoints') is not null;
