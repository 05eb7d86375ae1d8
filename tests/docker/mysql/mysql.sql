-- What MySQL alone has.
SET NAMES utf8mb4;
CREATE TABLE hides (id INT PRIMARY KEY, secret INT DEFAULT 7 INVISIBLE, a INT, KEY hidden (a) INVISIBLE);
INSERT INTO hides (id, secret, a) VALUES (1, 42, 2), (2, 43, 3);
SET SESSION sql_generate_invisible_primary_key = ON;
CREATE TABLE keyless (a VARCHAR(20));
INSERT INTO keyless VALUES ('one'), ('two');
DELETE FROM keyless WHERE a = 'one';
SET SESSION sql_generate_invisible_primary_key = OFF;
CREATE TABLE expressions (id INT PRIMARY KEY, u BINARY(16) DEFAULT (UUID_TO_BIN(UUID())), doc JSON,
  KEY by_function ((CAST(doc->>'$.n' AS UNSIGNED))), KEY members ((CAST(doc->'$.tags' AS UNSIGNED ARRAY))), KEY down (id DESC),
  CONSTRAINT not_enforced CHECK (id > 0) NOT ENFORCED);
INSERT INTO expressions (id, doc) VALUES (1, '{"n": 5, "tags": [1, 2, 3]}'), (-1, '{"n": 6}');
CREATE TABLE srs (id INT PRIMARY KEY, g POINT NOT NULL SRID 4326, SPATIAL INDEX (g));
INSERT INTO srs VALUES (1, ST_GeomFromText('POINT(48.1 11.5)', 4326));
CREATE TABLE vectors (id INT PRIMARY KEY, v VECTOR(3));
INSERT INTO vectors VALUES (1, STRING_TO_VECTOR('[1, 2.5, -3]'));
