# ruff: noqa: E501, RUF001 - what is hostile is not pretty
"""Classic payloads of injection, and what tells that one of them got out of its box."""

CANARY = "canary-5e1f"
"""Stands in a file beside the warehouse's folder, in a table of the database and in the environment; in no answer."""

_TAUTOLOGIES = """\
' or '1'='1
' or 1=1 --
' or 1=1 #
' or 1=1 /*
') or ('1'='1
')) or (('1'='1
" or "1"="1
" or 1=1 --
") or ("1"="1
or 1=1
1 or 1=1
1' or '1'='1' --
' || '1'='1
admin'--
admin' #
admin'/*
admin") --
' or ''='
" or ""="
' like '%
' and 1=0 union all select 'x'
'='
'or'1'='1'
x' and email is null; --
1) or (1=1
0x27206f722031
%27%20or%201=1
' or true--
' is not null or 'x' <> '
' between 'a' and 'z"""

_STATEMENTS = """\
'; drop table secrets; --
"; drop table secrets; --
; drop table secrets
1; drop table secrets
); drop table secrets; --
')); drop table secrets; --
'; delete from secrets where 'a'='a
'; update secrets set word = 'gone'; --
'; insert into secrets values ('x'); --
'; create table made as select 1; --
'; alter table secrets rename to gone; --
'; attach 'beside.duckdb' as b; --
'; detach warehouse; --
'; set threads = 1; --
'; reset all; --
'; pragma threads = 1; --
'; copy (select 1) to 'written.csv'; --
'; export database 'written'; --
'; install httpfs; load httpfs; --
'; load 'x.duckdb_extension'; --
'; checkpoint; --
'; call pragma_version(); --
'; begin; drop table secrets; commit; --
'; create macro lower(x) as 1; --
'; use memory; --
attach 'beside.duckdb'
copy secrets to 'written.csv'
install httpfs
set lock_configuration = false
pragma database_list
vacuum
exec xp_cmdshell 'dir'
'; exec master..xp_cmdshell 'dir'; --
'; shutdown; --
'; waitfor delay '0:0:5' --"""

_READING = """\
read_text('../beside.csv')
read_csv('../beside.csv')
read_blob('../beside.csv')
read_parquet('../beside.csv')
glob('../*')
glob('/etc/*')
getenv('TWYMAN_CANARY')
current_setting('threads')
getvariable('x')
query('select * from secrets')
query_table('secrets')
(select word from secrets)
(select content from read_text('../beside.csv'))
exists (select 1 from secrets)
(select max(word) from warehouse.secrets)
(select sql from sqlite_master)
(select table_name from information_schema.tables)
(select name from duckdb_settings())
' union select word from secrets --
' union all select word, word, word from secrets --
') union select word from secrets --
" union select word from secrets --
1 union select word from secrets
main.read_text('../beside.csv')
system.main.getenv('TWYMAN_CANARY')
pg_read_file('/etc/passwd')
pg_ls_dir('/')
lo_import('/etc/passwd')
dblink('host=x', 'select 1')
query_to_xml('select 1', true, true, '')
url('http://169.254.169.254/', 'RawBLOB')
file('/etc/passwd', 'LineAsString')
remote('x', 'system.one')
executable('id', 'TSV', 'x text')
dictGet('d', 'a', 1)
reflect('java.lang.System', 'getenv')
java_method('java.lang.System', 'getenv', 'HOME')
load_file('/etc/passwd')
system$abort_session(1)
ai_query('m', 'x')
sqlite_scan('x', 'y')
postgres_query('x', 'select 1')
which_secret('x', 's3')
nextval('s')
pg_sleep(10)
sleepEachRow(1)
benchmark(100000000, md5('x'))"""

_GROWING = """\
repeat('x', 1000000000)
lpad('x', 1000000000, 'x')
rpad('x', 1000000000, 'x')
range(1000000000)
generate_series(1, 1000000000)
unnest(range(1000000000))
list_transform(range(1000000000), x -> x)
[x for x in range(1000000000)]
factorial(1000000)
printf('%1000000000d', 1)
format('{:1000000000}', 1)
list_resize([1], 1000000000)
replace(replace(replace('a', 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaa'), 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaa'), 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaa')
cast(null as int[1000000000])
(select count(*) from range(1000000), range(1000000))"""

_MOVING = """\
random()
now()
today()
current_date
current_timestamp
localtimestamp
get_current_timestamp()
uuid()
gen_random_uuid()
setseed(0.5)
transaction_timestamp()"""

_ODD = (
    "", " ", "'", "''", "'''", '"', '""', '"""', "\\", "\\'", "\\\\'", "`", "``", ";", ";;", "--", "/*", "*/", "/**/",
    "#", "\n", "\r\n", "\t", "\0", "a\0b", "'\0", "\x1a", "\x08", "\x1b[2J", "%", "%s", "%(x)s", "{}", "{0}", "{start}",
    "{{7*7}}", "${x}", "$1", "$$", "$$x$$", "$tag$x$tag$", ":x", "?", "?1", "@x", "@@version", "#1", "*", "a.*", "..",
    "a.b.c.d", "(", ")", "((", "[", "]", "{", "}", "[1]", "x[1", "x'00'", "e'\\n'", "U&'\\0027'", "ʼ or ʼ1ʼ=ʼ1",
    "＇ or 1=1", "’ or ’1’=’1", "é", "\u202e", "\ufeff", "\u200b", "\u2028", "🦆", "﷽", "ß", "İ", "NULL", "null",
    "true", "NaN", "Infinity", "-1e309", "9" * 400, "0x7f", "select", "group", "order", "user", "<script>alert(1)</script>",
    "../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://x/y.csv", "s3://b/k.parquet", "C:\\x", "~/.ssh/id",
    "control", "treatment", "a" * 20_000, "(" * 500 + "1" + ")" * 500, "not " * 400 + "true", "+".join("1" * 2_000),
)  # fmt: skip

PAYLOADS: tuple[str, ...] = (
    *(line for block in (_TAUTOLOGIES, _STATEMENTS, _READING, _GROWING, _MOVING) for line in block.splitlines()),
    *_ODD,
)
REACHING: tuple[str, ...] = tuple(line for block in (_READING, _GROWING, _MOVING) for line in block.splitlines())
"""Whole expressions that must be refused wherever an expression stands."""
