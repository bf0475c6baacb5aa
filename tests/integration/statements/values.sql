-- Values that PostgreSQL reads otherwise than they look, as literals, parameters and settings.

[literals that are not canonical]
same     SELECT * FROM items WHERE id = '42'
same     SELECT * FROM items WHERE id = 042
same     SELECT * FROM items WHERE id = '042'
same     SELECT * FROM items WHERE id = '+7'
same     SELECT * FROM items WHERE id = ' 7 '
same     SELECT * FROM items WHERE id = 7.0
same     SELECT * FROM items WHERE id = 7.5
same     SELECT * FROM items WHERE id = 1e1
same     SELECT * FROM items WHERE id = '1e1'
same     SELECT * FROM items WHERE id = '7.0'
same     SELECT * FROM items WHERE id = 7::numeric
same     SELECT * FROM items WHERE id = 7::float8
same     SELECT * FROM items WHERE id = 7::int8
same     SELECT * FROM items WHERE id = '7'::int8
same     SELECT * FROM items WHERE id = '7'::int2
same     SELECT * FROM items WHERE id = '70000'::int2
same     SELECT * FROM items WHERE id = 7.4::int
same     SELECT * FROM items WHERE id = int '7'
same     SELECT * FROM items WHERE id = CAST('7' AS int)
same     SELECT * FROM items WHERE id = '7'::text::int
same     SELECT * FROM items WHERE id = '7'::text
same     SELECT * FROM items WHERE id = E'\x37'
same     SELECT * FROM items WHERE id = U&'\0037'
same     SELECT * FROM items WHERE id = $$7$$
same     SELECT * FROM items WHERE id = '1'
           '0'
same     SELECT * FROM items WHERE id = - 7
same     SELECT * FROM items WHERE id = - - 7
same     SELECT * FROM items WHERE id = +7
same     SELECT * FROM items WHERE id = -'7'
same     SELECT * FROM items WHERE id = @ -7
same     SELECT * FROM items WHERE id = 2147483648
same     SELECT * FROM items WHERE id = '2147483648'
same     SELECT * FROM items WHERE id = 99999999999999999999999999
same     SELECT * FROM items WHERE id = true
same     SELECT * FROM items WHERE id = 'x'
same     SELECT * FROM items WHERE id = ''
same     SELECT * FROM items WHERE id IN (7, '8')
same     SELECT * FROM items WHERE id IN (7, 8.0)
same     SELECT * FROM items WHERE id IN ('7', '8')
same     SELECT * FROM items WHERE id IN (7, 99999999999)
same     SELECT * FROM items WHERE id = ANY ('{ 7, 8 }')
same     SELECT * FROM items WHERE id = ANY ('{07,+8}')
same     SELECT * FROM items WHERE id = ANY (ARRAY[7, 8.0])
same     SELECT * FROM items WHERE id = ANY ('{7,8}'::int8[])
same     SELECT * FROM items WHERE id = 7 -- a comment with ' in it
same     SELECT * FROM items /* it's ; a /* nested */ one */ WHERE id = 7
same     SELECT * FROM items WHERE id = 7;
same     ;;
same     SELECT * FROM people WHERE name = U&'person \0033'
same     SELECT * FROM people WHERE name = E'person \063'
same     SELECT * FROM people WHERE name = U&'person !0033' UESCAPE '!'
same     SELECT * FROM people WHERE name = $q$person 3$q$
same     SELECT * FROM people WHERE name = N'person 3'
same     SELECT * FROM people WHERE name = 'person 3'::char(8)
same     SELECT * FROM people WHERE name = 'person 3  '::bpchar
same     SELECT * FROM people WHERE name = 'person 3'::name
same     SELECT * FROM people WHERE name = 'person 3xxx'::varchar(8)
same     SELECT * FROM people WHERE name = varchar 'person 3'
same     SELECT * FROM people WHERE name = 3
same     SELECT * FROM people WHERE name = B'1'
same     SELECT * FROM codes WHERE code = 'abcdefgh'
same     SELECT * FROM codes WHERE code = 'abcde   '
same     SELECT * FROM codes WHERE code = 'abcdefgh'::varchar(5)
same     SELECT * FROM codes WHERE code = 'ab'::bpchar
same     SELECT * FROM devices WHERE id = '00000005-1111-2222-3333-44445555666'
same     SELECT * FROM devices WHERE id = '0000000A-1111-2222-3333-444455556666'
same     SELECT * FROM devices WHERE id = uuid '0000000a-1111-2222-3333-444455556666'
either   SELECT * FROM births WHERE day = 'today'
either   SELECT * FROM births WHERE day = 'now'::date
either   SELECT * FROM births WHERE day = current_date
same     SELECT * FROM births WHERE day = '1985/05/06'
same     SELECT * FROM births WHERE day = '05/06/1985'
same     SELECT * FROM births WHERE day = '19850506'
same     SELECT * FROM births WHERE day = '1985-05-06 23:00:00'
same     SELECT * FROM births WHERE day = '1985-05-06 BC'
same     SELECT * FROM births WHERE day = 'epoch'
same     SELECT * FROM births WHERE day = '1985-02-30'
same     SELECT * FROM births WHERE day = timestamptz '1985-05-06 00:00:00+00'
same     SELECT * FROM events WHERE at = '2024-03-02 15:30:00 PST'
same     SELECT * FROM events WHERE at = '2024-03-02 23:30:00'
same     SELECT * FROM events WHERE at = '2024-03-02 23:30:00.0000001+00'
same     SELECT * FROM events WHERE at = '2024-03-02 23:30:00 UTC'
same     SELECT * FROM events WHERE at = '2024-03-02 23:30:00z'
same     SELECT * FROM events WHERE at = '2024-03-02 24:00:00+00'
same     SELECT * FROM events WHERE at = '2024-03-03 00:00:60+01'
either   SELECT * FROM events WHERE at < 'tomorrow'
either   SELECT * FROM events WHERE at < ' Now '
same     SELECT * FROM stamps WHERE ts = '2024-03-05 04:00:00.0044'
same     SELECT * FROM stamps WHERE ts = '2024-03-05 04:00:00.004+05'
same     SELECT * FROM stamps WHERE ts = '2024-03-05 04:00:00.004444'::timestamp(3)
same     SELECT * FROM accounts WHERE id < '0100'
same     SELECT * FROM accounts WHERE id < 100.5 AND id > 89.5
same     SELECT * FROM accounts WHERE id < 'x'

[another TimeZone]
same     SET TimeZone = 'America/New_York'
same     SELECT * FROM events WHERE at = '2024-03-02 18:30:00'
same     SELECT * FROM events WHERE at = '2024-03-02 23:30:00+00'
same     SELECT * FROM events WHERE at >= '2024-03-01' AND at < '2024-04-01'
same     SELECT * FROM events WHERE at >= date '2024-03-01' AND at < date '2024-04-01'
same     SELECT * FROM events WHERE at = timestamp '2024-03-02 18:30:00'
same     SELECT * FROM births WHERE day = timestamptz '1985-05-06 04:00:00+00'
same     SELECT * FROM births WHERE day = $1 <- timestamptz 1985-05-06 04:00:00+00
same     SELECT * FROM days WHERE day < timestamptz '2024-02-01 12:00:00+00' AND day > timestamptz '2024-01-01 12:00:00+00'
same     SELECT * FROM events WHERE at >= $1 AND at < $2 <- date 2024-03-01 | date 2024-04-01
same     SELECT * FROM events WHERE at = $1 <- text 2024-03-02 18:30:00
refused  INSERT INTO events VALUES ('2024-05-31 23:30:00', 900, 'late')
same     INSERT INTO events VALUES ('2024-05-31 23:30:00-04', 901, 'late')
same     SELECT * FROM events WHERE id > 899
same     SHOW TimeZone
same     RESET TimeZone
same     SHOW TimeZone

[date styles]
same     SET DateStyle = 'SQL, DMY'
same     SELECT * FROM births WHERE day = '06/05/1985'
same     SELECT * FROM births WHERE day = '1985-05-06'
same     SELECT * FROM events WHERE at = '02/03/2024 23:30:00+00'
same     SELECT day FROM births WHERE name = 'born 5'
same     SET IntervalStyle = 'iso_8601'
same     SELECT interval '1 day 2 hours'

[client_encoding]
same     SET client_encoding = 'LATIN1'
either   SELECT * FROM words WHERE word = 'apple'
either   SELECT * FROM words WHERE word = 'äpfel'
either   INSERT INTO words VALUES ('ü', 77)
either   SELECT v FROM notes WHERE id = 1
same     SET client_encoding = 'UTF8'
same     SELECT * FROM words WHERE word = 'äpfel'

[standard_conforming_strings]
same     SET standard_conforming_strings = off
either   SELECT * FROM people WHERE name = 'person\0403'
either   SELECT * FROM people WHERE name = 'person 3'
either   SELECT 'it\'s', id FROM items WHERE id = 3
same     SET standard_conforming_strings = on
same     SELECT * FROM people WHERE name = 'person 3'
same     SELECT * FROM people WHERE name = 'person\0403'

[search_path]
same     SET search_path = shadow, public
same     SELECT * FROM items
same     INSERT INTO items VALUES (500, 'in the shadow')
-- Another = for keys in front of PostgreSQL's: nothing is certain.
either   SELECT * FROM items WHERE id = 500
either   SELECT id FROM public.items WHERE id = 5
either   SELECT * FROM public.items WHERE id = '5'::text
same     SET search_path = other
same     SELECT * FROM items WHERE id = 6
either   SELECT * FROM notes
same     SET search_path = ''
either   SELECT * FROM items WHERE id = 6
same     SELECT id FROM public.items WHERE id = 6
same     RESET search_path
same     SELECT * FROM items WHERE id = 6
same     BEGIN
same     SET LOCAL search_path = other
same     SELECT * FROM items WHERE id = 6
same     ROLLBACK
same     SELECT * FROM items WHERE id = 6
same     SHOW search_path

[settings]
same     SET transform_null_equals = on
same     SELECT * FROM loose WHERE id = NULL
same     SELECT * FROM loose WHERE NULL = id
same     RESET transform_null_equals
same     SELECT * FROM loose WHERE id = NULL
same     SET array_nulls = off
same     SELECT * FROM loose WHERE id = ANY ('{1,2}')
same     SELECT * FROM people WHERE name = ANY ('{NULL,person 3}')
same     SET array_nulls = on
same     SET bytea_output = 'escape'
same     SELECT 'a\001'::bytea, id FROM items WHERE id = 3
same     SET extra_float_digits = 0
same     SELECT 0.1::float8 + 0.2 FROM items WHERE id = 3
same     SET nonsense = 1
same     SET statement_timeout = '5s'
same     SHOW statement_timeout
same     SELECT current_setting('statement_timeout')
same     SELECT set_config('statement_timeout', '6s', false)
same     SHOW statement_timeout
same     RESET ALL
same     SHOW statement_timeout
