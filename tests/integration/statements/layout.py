"""How the tables of schema.sql are split over 2 or 3 shards, and where PostgreSQL says rows belong."""

HASHED = {
    "items": ["id"], "orders": ["item_id"], "big": ["id"], "small": ["id"], "people": ["name"],
    "codes": ["code"], "devices": ["id"], "pairs": ["a", "b"], "loose": ["id"],
    "births": ["day"], "counted": ["id"], "defaulted": ["id"], "watched": ["id"],
    "split": ["id"], "computed": ["id"], '"Odd Table"': ['"Key Col"'], "other.items": ["id"],
}

# Tables on one shard, by its number, and those that each shard has whole.
SINGLE = {"single": 1, "notes": 0, "shadow.items": 0}
REFERENCE = ["countries"]


def _month(column):
    moment = f"{column} AT TIME ZONE 'UTC'"
    return f"((extract(year FROM {moment}) - 2000) * 12 + extract(month FROM {moment}) - 1)::int"


def placements(shards):
    """{table: SQL expression for the number of the shard that a row belongs to}, but for hashes."""
    def dealt(index):
        return f"((({index}) % {shards} + {shards}) % {shards})"
    last = shards - 1
    return {
        "regions": f"CASE WHEN region IN ('eu', 'uk') THEN 0 WHEN region = 'us' THEN 1 ELSE {last} END",
        "zones": "CASE WHEN zone = 'a' THEN 0 WHEN zone IN ('b', 'c') THEN 1 END",
        "accounts": f"CASE WHEN id < 100 THEN 0 WHEN id < 200 THEN 1 ELSE {last} END",
        "words": f"""CASE WHEN word COLLATE "C" < 'g' THEN 0 WHEN word COLLATE "C" < 'p' THEN 1 ELSE {last} END""",
        "events": dealt(_month("at")),
        "days": f"CASE WHEN day IS NULL THEN 1 ELSE {dealt('''floor((day - date '2000-01-03') / 7.0)::int''')} END",
        "stamps": dealt("(ts::date - date '2000-01-01')"),
    }


def tables_flag(shards):
    """The value of --tables."""
    last = f"s{shards - 1}"
    parts = [f"{table}:hash({', '.join(key)})" for table, key in HASHED.items()]
    parts += [
        f"regions:list(region; 'eu', 'uk' = s0; 'us' = s1; default = {last})",
        "zones:list(zone; 'a' = s0; 'b', 'c' = s1)",
        f"accounts:range(id; < 100 = s0; < 200 = s1; * = {last})",
        f"words:range(word; < 'g' = s0; < 'p' = s1; * = {last})",
        "events:time(at, 1 month)",
        "days:time(day, 1 week; null = s1)",
        "stamps:time(ts, 1 day)",
        "countries:reference",
        "single:shard(s1)",
    ]
    return ", ".join(parts)


def rows():
    """(table, a row's values as SQL) of the data that everything starts with, in order."""
    for i in range(1, 41):
        yield "items", f"{i}, {i % 7}, 'item {i}', {i * 1.25}, '2024-{i % 12 + 1:02}-03 04:05:06+00'"
        yield "orders", f"{i}, 1, {i * 3 % 50}, NULL"
        if i % 2:
            yield "orders", f"{i}, 2, {i * 5 % 60}, 'odd'"
        yield "big", f"{i * 10 ** 10 - 2 * 10 ** 11}, {i}"
        yield "small", f"{i - 20}, {i}"
        yield "people", f"'person {i}', {i + 10}"
        yield "devices", f"'{i:08x}-1111-2222-3333-444455556666', 'kind {i % 3}'"
        yield "pairs", f"{i % 5}, 'b{i % 8}', {i}"
        yield "loose", f"{i // 2}, {i}"
        yield "accounts", f"{i * 9}, {i * 100}, 'owner {i % 4}'"
        yield "events", f"'{2023 + i // 20}-{i % 12 + 1:02}-{i % 28 + 1:02} 23:30:00+00', {i}, 'what {i % 5}'"
        yield "days", f"'2024-{i % 12 + 1:02}-{i % 28 + 1:02}', {i}"
        yield "stamps", f"'2024-03-{i % 28 + 1:02} {i % 24:02}:00:00.{i:03}', {i}"
        yield "births", f"'{1980 + i}-05-{i % 28 + 1:02}', 'born {i}'"
        yield "split", f"{i}, '{'ab'[i % 2]}'"
        yield "computed", f"{i}"
        yield '"Odd Table"', f"{i}, 'quoted {i}'"
        yield "other.items", f"{i}, 'other {i}'"
        yield "defaulted", f"{i}, 'd{i}'"
        yield "counted", f"{i}, 'c{i}'"
    for i, region in enumerate(["eu", "uk", "us", "asia", "", "EU", "café"]):
        yield "regions", f"'{region}', {i}, {i * 100}"
    yield "regions", "NULL, 99, 1"
    for zone in "abc":
        yield "zones", f"'{zone}', {ord(zone)}"
    for i, word in enumerate(["", "Zebra", "apple", "g", "grape", "fzz", "p", "o", "zoo", "äpfel", "éa"]):
        yield "words", f"'{word}', {i}"
    for i, code in enumerate(["a", "ab", "abc", "abcde", "ab ", "", "日本語五字"]):
        yield "codes", f"'{code}', {i}"
    for table, row in [("loose", "NULL, 100"), ("codes", "NULL, 100"), ("pairs", "NULL, 'x', 100"),
                       ("pairs", "3, NULL, 101"), ("pairs", "NULL, NULL, 102"), ("days", "NULL, 100"),
                       ("births", "NULL, 'nobody'")]:
        yield table, row
    for i in range(1, 11):
        yield "single", f"{i}, 'single {i}'"
        yield "notes", f"{i}, 'note {i}'"


COUNTRIES = "INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France'), ('jp', 'Japan')"
