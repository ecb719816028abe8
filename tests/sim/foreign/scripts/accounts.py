"""Keep accounts in SQLite by `twisted.enterprise.adbapi`, and tell of them: `accounts.py FILE`."""

import sys

from twisted.enterprise import adbapi
from twisted.internet import defer, task


def move(cursor, source, target, amount):
    cursor.execute("UPDATE account SET held = held - ? WHERE name = ?", (amount, source))
    cursor.execute("UPDATE account SET held = held + ? WHERE name = ?", (amount, target))
    if cursor.execute("SELECT held FROM account WHERE name = ?", (source,)).fetchone()[0] < 0:
        raise ValueError(f"{source} has not so much")
    return amount


async def main(_reactor, path):
    pool = adbapi.ConnectionPool("sqlite3", path, check_same_thread=False, cp_max=2)
    await pool.runOperation("CREATE TABLE account (name TEXT PRIMARY KEY, held INTEGER)")
    await pool.runOperation("INSERT INTO account VALUES ('ada', 10), ('bob', 5)")
    print("moved", await pool.runInteraction(move, "ada", "bob", 7))
    try:
        await pool.runInteraction(move, "ada", "bob", 7)
    except ValueError as error:
        print("not moved:", error)
    print(await pool.runQuery("SELECT * FROM account ORDER BY name"))
    query = "SELECT held FROM account WHERE name = ?"
    print(await defer.gatherResults([pool.runQuery(query, (name,)) for name in ("ada", "bob", "eve")]))
    pool.close()


task.react(main, sys.argv[1:])
