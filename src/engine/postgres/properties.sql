-- What pg_dump leaves out of one database's dump because it belongs to the database as a whole.
-- Columns that not every version has are read through the row as JSON. Asked from outside, the name put at the end.
SELECT pg_catalog.json_build_object(
  'owner', pg_catalog.pg_get_userbyid(d.datdba)::text,
  'encoding', pg_catalog.pg_encoding_to_char(d.encoding)::text,
  'collate', d.datcollate::text,
  'ctype', d.datctype::text,
  'locale_provider', j.row ->> 'datlocprovider',
  'locale', COALESCE(j.row ->> 'datlocale', j.row ->> 'daticulocale'),
  'icu_rules', j.row ->> 'daticurules',
  'tablespace', (SELECT t.spcname::text FROM pg_catalog.pg_tablespace t WHERE t.oid = d.dattablespace),
  'template', d.datistemplate,
  'connection_limit', d.datconnlimit,
  'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
  'labels', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('provider', l.provider, 'label', l.label))
    FROM pg_catalog.pg_shseclabel l
    WHERE l.classoid = 'pg_catalog.pg_database'::regclass AND l.objoid = d.oid),
  'settings', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('role', r.rolname::text, 'config', s.setconfig)
      ORDER BY r.rolname::text COLLATE "C" NULLS FIRST)
    FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase = d.oid AND (s.setrole = 0 OR r.oid IS NOT NULL)),
  -- null: as it is when nobody has ever granted or revoked.
  'acl', CASE WHEN d.datacl IS NOT NULL THEN (
    SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
      'grantor', pg_catalog.pg_get_userbyid(a.grantor)::text,
      'grantee', CASE WHEN a.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END,
      'privilege', a.privilege_type,
      'grantable', a.is_grantable) ORDER BY a.ordinality), '[]'::json)
    FROM pg_catalog.aclexplode(d.datacl) WITH ORDINALITY a) END,
  'roles', (
    SELECT pg_catalog.json_agg(u.name ORDER BY u.name COLLATE "C") FROM (
      SELECT r.rolname::text FROM pg_catalog.pg_roles r
      -- The first superuser (10) is pinned: what it owns leaves no trace in pg_shdepend.
      WHERE r.oid IN (10, d.datdba)
        OR r.oid IN (
          SELECT s.refobjid FROM pg_catalog.pg_shdepend s
          WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
            AND (s.dbid = d.oid OR s.classid = 'pg_catalog.pg_database'::regclass AND s.objid = d.oid))
        OR r.oid IN (SELECT s.setrole FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid)
        OR r.oid IN (SELECT pg_catalog.unnest(ARRAY[a.grantor, a.grantee])
          FROM pg_catalog.aclexplode(d.datacl) a)
    ) u (name) WHERE u.name !~ '^pg_'),
  'subscriptions', (
    SELECT pg_catalog.json_agg(s.subname::text ORDER BY s.subname::text COLLATE "C")
    FROM pg_catalog.pg_subscription s WHERE s.subdbid = d.oid),
  'slots', (
    SELECT pg_catalog.json_agg(s.slot_name::text ORDER BY s.slot_name::text COLLATE "C")
    FROM pg_catalog.pg_replication_slots s WHERE s.database = d.datname AND NOT s.temporary),
  'bytes', pg_catalog.pg_database_size(d.oid)
)
FROM pg_catalog.pg_database d, LATERAL (SELECT pg_catalog.to_jsonb(d)) j (row)
WHERE d.datname =
