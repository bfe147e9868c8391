-- PostgreSQL: the portal works with a role that owns nothing. It can add to the trail and read it, and no more; it can
-- switch off no trigger. Tables belong to another role, which only migrations use. docs/postgresql.md says
-- who signs in as whom. Run by PostgreSQL's superuser in the portal's own database, before the tables are made, and once
-- more after every command of their owner (init, db upgrade, restore):
--
--   runuser -u postgres -- createdb -E UTF8 -T template0 portal
--   runuser -u postgres -- psql -d portal -f - < deploy/postgres-roles.sql
--
-- All of it is done, or nothing. Running it again changes nothing.
\set ON_ERROR_STOP on
BEGIN;

DO $$ BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'Run it as PostgreSQL''s superuser: runuser -u postgres -- psql -d portal -f - < deploy/postgres-roles.sql';
  END IF;
END $$;

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_owner') THEN CREATE ROLE portal_owner LOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN CREATE ROLE portal_app LOGIN; END IF;
END $$;

-- Whoever made the tables, or restored them from a backup: they belong to the owner
DO $$ DECLARE command text; BEGIN
  FOR command IN
    SELECT format('ALTER TABLE %s OWNER TO portal_owner', oid::regclass) FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner <> 'portal_owner'::regrole
    UNION ALL
    SELECT format('ALTER FUNCTION %s OWNER TO portal_owner', oid::regprocedure) FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace AND proowner <> 'portal_owner'::regrole
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
  LOOP EXECUTE command; END LOOP;
END $$;

DO $$ BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO portal_owner, portal_app', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO portal_owner;
GRANT USAGE ON SCHEMA public TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_app;
-- SELECT, too: pg_dump reads how far a sequence has come, and no backup would be made without it
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO portal_app;
ALTER DEFAULT PRIVILEGES FOR ROLE portal_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO portal_app;

DO $$ BEGIN
  IF to_regclass('public.audit_entries') IS NOT NULL THEN
    REVOKE ALL ON audit_entries, audit_links, audit_checks, alembic_version FROM portal_app;
    GRANT SELECT, INSERT ON audit_entries, audit_links, audit_checks TO portal_app;
    GRANT SELECT ON alembic_version TO portal_app;
    -- The portal deletes none of these: they say who worked where, who stepped aside, what two people did. What
    -- goes with a concern goes by the database itself
    REVOKE DELETE ON accounts, areas, break_glass, exclusions, flag_steps, messages, notes, postings, proposals,
      questions, recovery_kits, sealing_keys, units, withheld FROM portal_app;
  END IF;
END $$;

-- Only a table's owner can write it anew: without what was deleted, and in the order of its keys (portal/upkeep,
-- erasing.py and order.py). So the portal may ask for this of these tables, and of no other; it changes no row. VERBOSE
-- tells it whether a row had to be left in.
DO $$ BEGIN
  IF to_regclass('public.content_keys') IS NOT NULL THEN
    CREATE OR REPLACE FUNCTION public.write_anew(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp AS $function$ BEGIN
        IF name IS NULL OR name NOT IN (
          'account_news', 'accounts', 'areas', 'card_codes', 'content_keys', 'devices',
          'done_once', 'failed_tries', 'invitations', 'key_grants', 'monthly_facts',
          'outreach', 'outreach_corrections', 'outreach_forthcoming', 'outreach_imported',
          'outreach_latest', 'outreach_photos', 'outreach_plans', 'outreach_subject_tallies',
          'outreach_tallies', 'outreach_topics', 'passkeys', 'sign_ins', 'staff_keys',
          'used_challenges') THEN
          RAISE insufficient_privilege USING MESSAGE = 'permission denied to write this table anew';
        END IF;
        EXECUTE format('CLUSTER VERBOSE public.%I USING %I', name, 'pk_' || name);
      END $function$;
    ALTER FUNCTION public.write_anew(text) OWNER TO portal_owner;
    REVOKE ALL ON FUNCTION public.write_anew(text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.write_anew(text) TO portal_app;
  END IF;
END $$;

COMMIT;
