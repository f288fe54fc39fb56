using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class MySqlSessionTests
{
    [SkippableFact]
    public async Task Settings_and_locks_last_from_one_statement_to_the_next_and_end_with_the_session()
    {
        var server = await Servers.MariaDbAsync();
        await using var host = new LocalHost();
        await using (var session = await MySqlSession.OpenAsync(Target(server, host), default))
        {
            Assert.True(session.IsMariaDb);
            await session.QueryAsync("SET @kept = 41", default);
            Assert.Equal("42", (await session.RowAsync("SELECT @kept + 1 AS answer", default))["answer"]);
            Assert.Equal("1", (await session.RowAsync("SELECT GET_LOCK('test-of-session', 0) AS won", default))["won"]);
            await using var other = await MySqlSession.OpenAsync(Target(server, host), default);
            Assert.Equal("0", (await other.RowAsync("SELECT GET_LOCK('test-of-session', 0) AS won", default))["won"]);
        }

        await using var next = await MySqlSession.OpenAsync(Target(server, host), default);
        Assert.Equal("1", (await next.RowAsync("SELECT GET_LOCK('test-of-session', 10) AS won", default))["won"]);
    }

    [SkippableTheory]
    [InlineData("we\"ird; drop table x;--")]
    [InlineData("it's `quoted` \\ and <b>&amp;</b> &lt;")]
    [InlineData("line\nfeed\r\nand\ttab \u0001 \u001b[31m")]
    [InlineData("ünï 漢字 🙂")]
    [InlineData("\\! touch /tmp/x\n\\q\ndelimiter //")]
    [InlineData("")]
    public async Task Any_text_goes_there_and_comes_back(string text)
    {
        var server = await Servers.MariaDbAsync();
        await using var host = new LocalHost();
        await using var session = await MySqlSession.OpenAsync(Target(server, host), default);
        var row = await session.RowAsync(
            $"SELECT {MySqlSession.Literal(text)} AS {MySqlSession.Identifier("a`b")}, NULL AS nothing, {MySqlSession.Literal(text)} AS again", default);
        Assert.Equal(["a`b", "nothing", "again"], row.Names);
        Assert.Equal([text, null, text], row.Values);
    }

    [SkippableFact]
    public async Task Rows_come_while_the_statement_still_runs()
    {
        var server = await Servers.MariaDbAsync();
        await using var host = new LocalHost();
        await using var session = await MySqlSession.OpenAsync(Target(server, host), default);
        await session.QueryAsync("USE mysql", default);
        var count = 0L;
        await foreach (var row in session.StreamAsync("SELECT seq, 'filler' AS text FROM seq_1_to_200000", default))
        {
            Assert.Equal(++count, row.Number("seq"));
        }

        Assert.Equal(200_000, count);
        Assert.Empty(await session.QueryAsync("SELECT 1 AS one FROM DUAL WHERE 1 = 0", default));
    }

    [SkippableFact]
    public async Task A_statement_that_fails_says_why_and_ends_the_session()
    {
        var server = await Servers.MariaDbAsync();
        await using var host = new LocalHost();
        await using var session = await MySqlSession.OpenAsync(Target(server, host), default);
        var error = await Assert.ThrowsAsync<OpsException>(() => session.QueryAsync("SELECT * FROM mysql.nowhere", default));
        Assert.Equal("Db.Failed", error.Id);
        Assert.Contains("nowhere", error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Id, (await Assert.ThrowsAsync<OpsException>(() => session.QueryAsync("SELECT 1", default))).Id);
    }

    [SkippableFact]
    public async Task A_wait_that_is_cancelled_ends_the_client()
    {
        var server = await Servers.MariaDbAsync();
        await using var host = new LocalHost();
        using var stop = new CancellationTokenSource();
        long id;
        await using (var session = await MySqlSession.OpenAsync(Target(server, host), default))
        {
            id = (await session.RowAsync("SELECT CONNECTION_ID() AS id", default)).Number("id")!.Value;
            var waiting = session.QueryAsync("SELECT SLEEP(600)", stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        await Endpoints.HttpProbeTests.EventuallyAsync(() =>
            server.ExecuteAsync($"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {id} AND command <> 'Killed'").GetAwaiter().GetResult().Trim() == "0");
    }

    private static DatabaseTarget Target(MariaDbServer server, IHost host) => new(
        host,
        new StackDatabase { Engine = DatabaseEngine.MariaDb, Server = server.Host, Port = server.Port, User = server.User },
        server.Password,
        TimeSpan.FromSeconds(20));
}
