-- What is asked of a server before anything else. Runs in any database, on PostgreSQL 10 and newer.
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version'),
  'version_num', pg_catalog.current_setting('server_version_num')::int,
  'system_identifier', (SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() c),
  'user', current_user::text,
  'superuser', pg_catalog.current_setting('is_superuser') = 'on',
  'in_recovery', pg_catalog.pg_is_in_recovery(),
  'reads_passwords', pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT'),
  -- The view leaves out what this role may not see; current_setting() would fail.
  'data_directory', (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'data_directory'),
  'roles', (SELECT pg_catalog.json_agg(r.rolname::text ORDER BY r.oid) FROM pg_catalog.pg_roles r),
  'tablespaces', (SELECT pg_catalog.json_agg(t.spcname::text ORDER BY t.oid) FROM pg_catalog.pg_tablespace t),
  'databases', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', d.datname::text,
      'oid', d.oid::bigint,
      'template', d.datistemplate,
      'connectable', d.datallowconn,
      -- An interrupted DROP DATABASE leaves -2.
      'invalid', d.datconnlimit = -2,
      'prepared_transactions',
        (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts x WHERE x.database = d.datname)
    ) ORDER BY d.datname::text COLLATE "C")
    FROM pg_catalog.pg_database d
  )
)
