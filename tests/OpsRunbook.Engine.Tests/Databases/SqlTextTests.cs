using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class SqlTextTests
{
    [Theory]
    [InlineData("SELECT * FROM t1 WHERE a = 'it''s' AND b = 12.5e3", "SELECT * FROM t1 WHERE a = ? AND b = ?")]
    [InlineData("SELECT E'a\\'b', X'FF', $$x'y$$, $t$z$t$, $1", "SELECT ?, ?, ?, ?, $1")]
    [InlineData("SELECT \"Col 1\" -- 'note'\nFROM \"a\"\"b\" /* 42 */ LIMIT 5", "SELECT \"Col 1\" FROM \"a\"\"b\" LIMIT ?")]
    [InlineData("INSERT INTO t VALUES ('cut o", "INSERT INTO t VALUES (?")]
    [InlineData("SELECT $tag$never ended", "SELECT ?")]
    public void Literals_of_postgres_are_folded(string sql, string folded) => Assert.Equal(folded, SqlText.Fold(sql, DatabaseEngine.Postgres));

    [Theory]
    [InlineData("SELECT `c 1` FROM t WHERE a = \"x\\\"y\" # 'note'\n AND b = 0xFF", "SELECT `c 1` FROM t WHERE a = ? AND b = ?")]
    [InlineData("SELECT 'a\\'; DROP TABLE x; --' , 1", "SELECT ? , ?")]
    public void Literals_of_mysql_are_folded(string sql, string folded) => Assert.Equal(folded, SqlText.Fold(sql, DatabaseEngine.MySql));

    [Theory]
    [InlineData("ALTER USER app PASSWORD 'hunter2'")]
    [InlineData("alter role app with encrypted   password $$hunter2$$")]
    [InlineData("CREATE USER a@b IDENTIFIED BY 'hunter2'")]
    [InlineData("SET PASSWORD FOR a = 'hunter2'")]
    [InlineData("SELECT pgp_sym_encrypt('x', 'hunter2')")]
    [InlineData("SELECT * FROM dblink('host=x password=hunter2', 'SELECT 1')")]
    [InlineData("CREATE SUBSCRIPTION s CONNECTION 'host=x password=hunter2' PUBLICATION p")]
    [InlineData("CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'x', pass 'hunter2')")]
    [InlineData("CHANGE MASTER TO MASTER_PASSWORD='hunter2'")]
    [InlineData("SELECT 'postgres://app:hunter2@db/shop'")]
    [InlineData("UPDATE users SET api_key = 'hunter2' WHERE id = 1")]
    public void Statements_that_may_hold_a_password_are_shown_without_it(string sql)
    {
        foreach (var engine in new[] { DatabaseEngine.Postgres, DatabaseEngine.MySql })
        {
            Assert.DoesNotContain("hunter2", SqlText.Redact(sql, engine), StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", SqlText.Redact(sql[..^1], engine), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_statements_are_shown_as_they_are() =>
        Assert.Equal("SELECT * FROM orders WHERE id = 4711", SqlText.Redact("SELECT * FROM orders WHERE id = 4711", DatabaseEngine.Postgres));
}
