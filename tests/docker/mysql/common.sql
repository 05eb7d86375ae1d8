-- What both flavours have. The database is chosen and empty.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

CREATE TABLE parent (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL COMMENT 'it''s a "name" \\ `x`',
  UNIQUE KEY (name)
) ENGINE=InnoDB AUTO_INCREMENT=1000 COMMENT='parents; and a line\nbreak';
CREATE TABLE child (
  id BIGINT NOT NULL AUTO_INCREMENT,
  parent_id INT UNSIGNED,
  price DECIMAL(12,4) NOT NULL DEFAULT 1.5,
  quantity INT NOT NULL DEFAULT 3,
  total DECIMAL(20,4) GENERATED ALWAYS AS (price * quantity) STORED,
  half INT GENERATED ALWAYS AS (quantity DIV 2) VIRTUAL,
  seen TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  KEY by_half (half),
  CONSTRAINT `of a parent` FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT `is positive` CHECK (price >= 0)
) ENGINE=InnoDB;
-- Two that need each other.
CREATE TABLE hen (id INT PRIMARY KEY, egg INT) ENGINE=InnoDB;
CREATE TABLE egg (id INT PRIMARY KEY, hen INT, FOREIGN KEY (hen) REFERENCES hen (id)) ENGINE=InnoDB;
INSERT INTO hen VALUES (1, 1);
INSERT INTO egg VALUES (1, 1);
ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES egg (id);

INSERT INTO parent (name) VALUES ('plain'), ('quo''te"s`and\\backslash'), ('tab\tand\nline\r\nbreaks and \0 nul'),
  ('Ärger ß ñ'), ('日本語 テキスト'), ('العربية עברית'), ('🚢 U+1F6A2 𝄞 U+1D11E'), ('𠀀 U+20000 plane 2'), ('');
INSERT INTO child (parent_id, price, quantity, seen) VALUES (1000, 2.25, 8, '2026-03-29 00:30:00.123456'), (NULL, 0, 0, NULL),
  (1001, 99999999.9999, 2147483, '2001-01-01 12:00:00');

-- One code point of every plane, and the ends of each plane but the surrogates and what is no character.
CREATE TABLE planes (plane INT PRIMARY KEY, text VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin);
INSERT INTO planes VALUES (0, CONVERT(X'E4BDA0' USING utf8mb4)), (1, CONVERT(X'F0908080' USING utf8mb4)),
  (2, CONVERT(X'F0A08080' USING utf8mb4)), (3, CONVERT(X'F0B08080' USING utf8mb4)), (4, CONVERT(X'F1808080' USING utf8mb4)),
  (5, CONVERT(X'F1908080' USING utf8mb4)), (6, CONVERT(X'F1A08080' USING utf8mb4)), (7, CONVERT(X'F1B08080' USING utf8mb4)),
  (8, CONVERT(X'F2808080' USING utf8mb4)), (9, CONVERT(X'F2908080' USING utf8mb4)), (10, CONVERT(X'F2A08080' USING utf8mb4)),
  (11, CONVERT(X'F2B08080' USING utf8mb4)), (12, CONVERT(X'F3808080' USING utf8mb4)), (13, CONVERT(X'F3908080' USING utf8mb4)),
  (14, CONVERT(X'F3A08080' USING utf8mb4)), (15, CONVERT(X'F3B08080' USING utf8mb4)), (16, CONVERT(X'F48FBFBF' USING utf8mb4));

CREATE TABLE kinds (
  id INT PRIMARY KEY,
  bits BIT(13), tiny TINYINT(1), small SMALLINT UNSIGNED ZEROFILL, big BIGINT UNSIGNED, real_one FLOAT, double_one DOUBLE,
  day DATE, moment DATETIME(3), clock TIME(6), annus YEAR, fixed BINARY(7), bytes VARBINARY(300), blob_one LONGBLOB,
  words LONGTEXT CHARACTER SET latin1, json_one JSON, choice ENUM('a', 'b,c', 'd''e'), several SET('x', 'y', 'z'),
  place GEOMETRY, old_text VARCHAR(30) CHARACTER SET utf8mb3, wide VARCHAR(30) CHARACTER SET utf16
);
INSERT INTO kinds VALUES
  (1, b'1010101010101', 1, 7, 18446744073709551615, 1.17549e-38, 1.7976931348623157e308, '9999-12-31', '1000-01-01 00:00:00.001',
   '-838:59:58.999999', 2155, X'00FF00', X'000102030405060708090A0D1A1B2227255C5FFF', X'', 'caf\é', '{"a": [1, 2.5, null, "ü🚢"], "b": {}}',
   'd''e', 'x,z', ST_GeomFromText('POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))'), 'Ä', '🚢'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- Dates that today's modes refuse.
SET SESSION sql_mode = '';
INSERT INTO kinds (id, day, moment, choice) VALUES (3, '0000-00-00', '2026-02-00 00:00:00', 'not of the list');
-- 0 stays 0 although the column counts.
CREATE TABLE zero (id INT AUTO_INCREMENT PRIMARY KEY, a INT);
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
INSERT INTO zero VALUES (0, 1), (5, 2);
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

CREATE TABLE `odd ``name`` with "quotes", dash-and ünïcode 表` (`a b` INT, `c``d` INT, `select` INT, `%s%n` TEXT);
INSERT INTO `odd ``name`` with "quotes", dash-and ünïcode 表` VALUES (1, 2, 3, '%s%n');
CREATE TABLE `-- Dump completed` (a INT);
CREATE TABLE nothing (a INT);
CREATE TABLE in_parts (id INT NOT NULL, year_of INT NOT NULL, PRIMARY KEY (id, year_of)) PARTITION BY RANGE (year_of)
  (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2020), PARTITION pmax VALUES LESS THAN MAXVALUE);
INSERT INTO in_parts VALUES (1, 1999), (2, 2010), (3, 2026);
CREATE TABLE searched (id INT PRIMARY KEY, body TEXT, FULLTEXT KEY (body)) ENGINE=InnoDB;
INSERT INTO searched VALUES (1, 'a lifeboat is found by its words');
CREATE TABLE old_engine (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20)) ENGINE=MyISAM;
INSERT INTO old_engine (a) VALUES ('one'), ('two');
CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT, who VARCHAR(100));

-- Large enough for several statements of several packets.
CREATE TABLE noise (id INT PRIMARY KEY, bytes BLOB, text TEXT);
INSERT INTO noise VALUES (1, RANDOM_BYTES(1000), REPEAT('x''"\\\n', 300));
INSERT INTO noise SELECT id + 1, RANDOM_BYTES(1000), REVERSE(text) FROM noise;
INSERT INTO noise SELECT id + 2, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 4, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 8, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 16, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 32, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 64, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 128, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 256, RANDOM_BYTES(1000), text FROM noise;
INSERT INTO noise SELECT id + 512, RANDOM_BYTES(1000), text FROM noise;

CREATE USER IF NOT EXISTS 'owner of ''views'''@'10.%' IDENTIFIED BY 'an Owner''s pa55word';
GRANT SELECT, EXECUTE, EVENT, TRIGGER, INSERT ON *.* TO 'owner of ''views'''@'10.%';

CREATE VIEW simple AS SELECT id, name FROM parent WHERE name <> 'ünï `''"';
CREATE DEFINER = 'owner of ''views'''@'10.%' SQL SECURITY DEFINER VIEW on_top AS SELECT s.name, c.total FROM simple s JOIN child c ON c.parent_id = s.id;
CREATE SQL SECURITY INVOKER VIEW `a view that sorts first` AS SELECT * FROM on_top;
CREATE ALGORITHM = MERGE VIEW `very strict` AS SELECT * FROM simple WHERE id < 5000 WITH CASCADED CHECK OPTION;

DELIMITER //
CREATE FUNCTION doubled(a INT) RETURNS INT DETERMINISTIC COMMENT 'twice; // is in here' RETURN a * 2//
CREATE VIEW with_function AS SELECT doubled(id) twice FROM hen//
CREATE DEFINER = 'owner of ''views'''@'10.%' PROCEDURE `busy - procedure`(IN a INT, OUT b TEXT CHARACTER SET utf8mb4) MODIFIES SQL DATA
BEGIN
  -- a comment; with a delimiter ;; and // not
  DECLARE EXIT HANDLER FOR SQLEXCEPTION SET b = 'it''s "wrong" \\ 🚢';
  INSERT INTO audit (what, who) VALUES (CONCAT('called with ', a), CURRENT_USER());
  SET b = CONCAT('ü', doubled(a));
END//
CREATE TRIGGER after_parent AFTER INSERT ON parent FOR EACH ROW INSERT INTO audit (what, who) VALUES (NEW.name, 'trigger')//
CREATE TRIGGER second_after_parent AFTER INSERT ON parent FOR EACH ROW FOLLOWS after_parent
BEGIN
  IF NEW.name = 'x' THEN INSERT INTO audit (what, who) VALUES ('ünïcode 🚢', 'second'); END IF;
END//
SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'//
CREATE PROCEDURE "of another mode"() BEGIN SELECT "id" || '\' FROM "parent"; END//
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'//
SET SESSION time_zone = '+05:30'//
CREATE EVENT `every day` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'ENABLE DO; ''quoted'''
  DO BEGIN INSERT INTO audit (what, who) VALUES ('ENABLE DO', 'event'); END//
CREATE EVENT once ON SCHEDULE AT '2035-05-05 05:05:05' DO DELETE FROM audit//
CREATE EVENT off ON SCHEDULE EVERY '1:30' HOUR_MINUTE DISABLE DO DELETE FROM audit//
SET SESSION time_zone = SYSTEM//
DELIMITER ;
INSERT INTO parent (name) VALUES ('after the triggers');
