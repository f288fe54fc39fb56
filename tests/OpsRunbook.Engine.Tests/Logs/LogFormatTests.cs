using System.Globalization;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class LogFormatTests
{
    public static TheoryData<string, string, string?, LogLevel, string, string> Samples => new()
    {
        {
            "JSON lines", """{"level":50,"time":1769164200123,"pid":7,"hostname":"web1","name":"api","reqId":"r-1","msg":"cannot pay"}""",
            "2026-01-23T10:30:00.123", LogLevel.Error, "cannot pay", "pid=7;reqId=r-1;Service=api;Host=web1"
        },
        {
            "JSON lines", """{"level":"warn","message":"slow query","timestamp":"2026-01-23T10:30:00.123Z","ms":12.5,"ok":false}""",
            "2026-01-23T10:30:00.123", LogLevel.Warning, "slow query", "ms=12.5;ok=False"
        },
        {
            "JSON lines", """{"name":"api","hostname":"web1","pid":7,"level":30,"msg":"hi","time":"2026-01-23T10:30:00.123Z","v":0}""",
            "2026-01-23T10:30:00.123", LogLevel.Info, "hi", "v=0;Service=api"
        },
        {
            "JSON lines", """{"@t":"2026-01-23T10:30:00.1230000Z","@mt":"User {Id} failed","@l":"Error","@x":"System.Exception: x\r\n   at Y","Id":42}""",
            "2026-01-23T10:30:00.123", LogLevel.Error, "User {Id} failed", "Id=42"
        },
        {
            "JSON lines", """{"Timestamp":"2026-01-23T10:30:00.1230000+00:00","Level":"Information","MessageTemplate":"Hi {N}","RenderedMessage":"Hi 1","Properties":{"N":1}}""",
            "2026-01-23T10:30:00.123", LogLevel.Info, "Hi 1", "Properties={\"N\":1}"
        },
        {
            "JSON lines", """{"t":{"$date":"2026-01-23T10:30:00.123+00:00"},"s":"W",  "c":"NETWORK",  "id":22943,   "ctx":"listener","msg":"Connection ended","attr":{"remote":"127.0.0.1:5"}}""",
            "2026-01-23T10:30:00.123", LogLevel.Warning, "Connection ended", "c=NETWORK;id=22943;ctx=listener"
        },
        {
            "JSON lines", """{"log":"listening on 3000\n","stream":"stderr","time":"2026-01-23T10:30:00.123456789Z"}""",
            "2026-01-23T10:30:00.1234567", LogLevel.Unknown, "listening on 3000", "stream=stderr"
        },
        {
            "syslog", "<34>1 2026-01-23T10:30:00.123Z web1 su 77 ID47 [ex@1 a=\"x ] \\\" y\"][b c=\"d\"] 'su root' failed",
            "2026-01-23T10:30:00.123", LogLevel.Critical, "'su root' failed", "pid=77;msgid=ID47;Service=su;Host=web1"
        },
        {
            "syslog", "2026-01-23T10:30:00.123456+00:00 web1 sshd[812]: Failed password for root from 203.0.113.9 port 50022 ssh2",
            "2026-01-23T10:30:00.123456", LogLevel.Unknown, "Failed password for root from 203.0.113.9 port 50022 ssh2", "pid=812;Service=sshd;Host=web1"
        },
        {
            "web server access log", "203.0.113.7 - bob [23/Jan/2026:11:30:00 +0100] \"GET /api/x?y=1 HTTP/1.1\" 502 1234 \"-\" \"curl/8.5.0\" rt=0.250",
            "2026-01-23T10:30:00", LogLevel.Error, "GET /api/x?y=1 HTTP/1.1", "client=203.0.113.7;user=bob;status=502;bytes=1234;agent=curl/8.5.0;seconds=0.25;path=/api/x?y=1;method=GET"
        },
        {
            "web server access log", "shop.example:443 2001:db8::7 - - [23/Jan/2026:10:30:00 +0000] \"POST / HTTP/2.0\" 429 - \"-\" \"-\" 15000",
            "2026-01-23T10:30:00", LogLevel.Warning, "POST / HTTP/2.0", "server=shop.example:443;client=2001:db8::7;status=429;bytes=0;seconds=0.015"
        },
        {
            "web server error log", "[Fri Jan 23 10:30:00.123456 2026] [core:error] [pid 12:tid 34] [client 203.0.113.7:50412] AH00128: File does not exist: /x",
            null, LogLevel.Error, "AH00128: File does not exist: /x", "module=core;pid=12;client=203.0.113.7"
        },
        {
            "PostgreSQL", "2026-01-23 10:30:00.123 UTC [812] app@shop ERROR:  duplicate key value\n2026-01-23 10:30:00.123 UTC [812] app@shop DETAIL:  Key (id)=(1) already exists.\n2026-01-23 10:30:00.123 UTC [812] app@shop STATEMENT:  insert into t\n\tvalues (1)",
            "2026-01-23T10:30:00.123", LogLevel.Error, "duplicate key value", "pid=812;user=app;database=shop;detail=Key (id)=(1) already exists."
        },
        {
            "PostgreSQL CSV", "2026-01-23 10:30:00.123 UTC,\"app\",\"shop\",812,\"127.0.0.1:5\",abc.1,3,\"SELECT\",2026-01-23 10:00:00 UTC,3/4,0,ERROR,42P01,\"relation \"\"x\"\" does not exist\",,,,,,\"select 1\n2026-01-23 10:31:00.000 UTC,forged\",15,,\"psql\",\"client backend\",,0",
            "2026-01-23T10:30:00.123", LogLevel.Error, "relation \"x\" does not exist", "user=app;database=shop;pid=812;sqlState=42P01;application=psql"
        },
        {
            "MySQL/MariaDB error log", "2026-01-23T10:30:00.123456Z 9 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
            "2026-01-23T10:30:00.123456", LogLevel.Warning, "CA certificate ca.pem is self signed.", "thread=9;code=MY-010068;subsystem=Server"
        },
        {
            "MySQL/MariaDB slow query log", "# Time: 2026-01-23T10:30:01.000000Z\n# User@Host: app[app] @ web1 [203.0.113.7]  Id:    12\n# Query_time: 2.500000  Lock_time: 0.000100 Rows_sent: 1  Rows_examined: 900\nuse shop;\nSET timestamp=1769164200;\nselect *\nfrom t;",
            "2026-01-23T10:30:00", LogLevel.Warning, "select *\nfrom t;", "user=app;client=203.0.113.7;Query_time=2.5;Rows_examined=900;Schema=shop"
        },
        {
            "plain text with times", "2026-01-23T10:30:00.123Z ERROR [api] boom\n    at foo (x.js:1:2)\nCaused by: y",
            "2026-01-23T10:30:00.123", LogLevel.Error, "[api] boom\n    at foo (x.js:1:2)\nCaused by: y", string.Empty
        },
        { "plain text with times", "[2026-01-23 10:30:00 +0000] [error] no", "2026-01-23T10:30:00", LogLevel.Error, "no", string.Empty },
        { "plain text with times", "2026-01-23 10:30:00 +00:00: server started", "2026-01-23T10:30:00", LogLevel.Unknown, "server started", string.Empty },
        { "plain text with times", "2026-01-23 10:30:00.123Z  WARN 1 --- [main] c.e.App : late", "2026-01-23T10:30:00.123", LogLevel.Warning, "1 --- [main] c.e.App : late", string.Empty },
        { "plain text with times", "2026-01-23 10:30:00,123Z - root - CRITICAL - disk", "2026-01-23T10:30:00.123", LogLevel.Critical, "root - CRITICAL - disk", string.Empty },
        { "plain text with times", "1769164200.123 info started", "2026-01-23T10:30:00.123", LogLevel.Info, "started", string.Empty },
        { "plain text", "error: it failed\n  more\n  still more", null, LogLevel.Error, "it failed\n  more\n  still more", string.Empty },
        { "plain text", "TypeError: x is not a function\n    at y", null, LogLevel.Error, "TypeError: x is not a function\n    at y", string.Empty },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_record_is_read_field_by_field(string format, string text, string? time, LogLevel level, string message, string fields)
    {
        var (found, records) = LogText.Parse(text + "\n");

        Assert.Equal(format, found);
        var record = Assert.Single(records);
        Assert.Equal(level, record.Level);
        Assert.Equal(message, record.Message);
        if (time is not null)
        {
            Assert.Equal(DateTime.Parse(time + "Z", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal), record.Time);
        }

        foreach (var pair in fields.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = (pair[..pair.IndexOf('=')], pair[(pair.IndexOf('=') + 1)..]);
            var actual = name switch { "Service" => record.Service, "Host" => record.Host, _ => Convert.ToString(record.Fields[name], CultureInfo.InvariantCulture) };
            Assert.Equal(value, actual);
        }
    }

    [Theory]
    [InlineData("2026/01/23 10:30:00 [error] 12#34: *5 open() \"/x\" failed (2: No such file or directory), client: 203.0.113.7, server: localhost, request: \"GET /x HTTP/1.1\", host: \"a\"", "203.0.113.7")]
    [InlineData("2026/01/23 10:30:00 [error] 12#34: *5 open() \"/x, client: 198.51.100.1, server: y\" failed, client: 203.0.113.7, server: localhost, request: \"GET /x\"", null)]
    [InlineData("2026/01/23 10:30:00 [error] 12#34: *5 denied, client: 203.0.113.7, server: localhost, request: \"GET /\", client: 198.51.100.1, server: \"", null)]
    public void A_client_that_is_claimed_twice_is_not_believed(string line, string? client)
    {
        var record = Assert.Single(LogText.Parse(line + "\n").Records);

        Assert.Equal(LogLevel.Error, record.Level);
        Assert.Equal(client, record.Fields.GetValueOrDefault("client"));
    }

    [Theory]
    [InlineData("203.0.113.7 - - [01/Jan/2020:00:00:00 +0000] 198.51.100.1 [23/Jan/2026:10:30:00 +0000] \"GET / HTTP/1.1\" 401 1 \"-\" \"-\"")]
    [InlineData("203.0.113.7 - x \\\" [01/Jan/2020:00:00:00 +0000] \\\"GET / [23/Jan/2026:10:30:00 +0000] \"GET / HTTP/1.1\" 401 1 \"-\" \"198.51.100.1 - - [23/Jan/2026:10:30:00 +0000] \\\"GET / HTTP/1.1\\\" 200 1\"")]
    public void A_user_name_cannot_forge_time_address_or_status(string line)
    {
        var record = Assert.Single(LogText.Parse(line + "\n").Records);

        Assert.Equal("203.0.113.7", record.Fields["client"]);
        Assert.Equal(401L, record.Fields["status"]);
        Assert.Equal(new DateTime(2026, 1, 23, 10, 30, 0, DateTimeKind.Utc), record.Time);
    }

    [Fact]
    public void A_line_end_inside_a_field_forges_no_record()
    {
        var json = LogText.Parse("{\"level\":30,\"time\":1769164200123,\"msg\":\"a\\n{\\\"level\\\":60,\\\"msg\\\":\\\"forged\\\"}\\r\\n2026-01-23T10:30:00Z FATAL forged\"}\n{\"level\":30,\"msg\":\"b\"}\n").Records;
        var postgres = LogText.Parse("2026-01-23 10:30:00.123 UTC [1] ERROR:  a\n\t2026-01-23 10:30:00.123 UTC [1] FATAL:  forged\n2026-01-23 10:30:01.123 UTC [1] LOG:  b\n").Records;

        Assert.Equal((2, 2), (json.Count, postgres.Count));
        Assert.DoesNotContain(json.Concat(postgres), record => record.Level == LogLevel.Critical);
        Assert.Contains("forged", json[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_members_with_one_name_the_first_counts()
    {
        var record = Assert.Single(LogText.Parse("{\"level\":30,\"time\":1769164200123,\"user\":\"ann\",\"msg\":\"real\",\"user\":\"root\",\"msg\":\"forged\",\"level\":60}\n").Records);

        Assert.Equal((LogLevel.Info, "real", "ann"), (record.Level, record.Message, record.Fields["user"]));
    }

    [Theory]
    [InlineData("Redis", "812:M 23 Jan 2026 10:30:00.123 # Server initialized", LogLevel.Warning, "Server initialized")]
    [InlineData("Redis", "812:C 23 Jan 2026 10:30:00.123 * oO0OoO0OoO0Oo Redis is starting", LogLevel.Notice, "oO0OoO0OoO0Oo Redis is starting")]
    [InlineData("MySQL/MariaDB error log", "2026-01-23 10:30:00 0 [Note] InnoDB: Buffer pool(s) load completed", LogLevel.Notice, "InnoDB: Buffer pool(s) load completed")]
    [InlineData("syslog", "Jan 23 10:30:00 web1 kernel: [123.4] Out of memory", LogLevel.Unknown, "[123.4] Out of memory")]
    [InlineData("syslog", "<11>Jan 23 10:30:00 web1 app[3]: no", LogLevel.Error, "no")]
    public void A_time_without_a_zone_is_local(string format, string line, LogLevel level, string message)
    {
        var (found, records) = LogText.Parse(line + "\n" + line + "\n");

        Assert.Equal(format, found);
        Assert.Equal(2, records.Count);
        Assert.Equal((level, message), (records[0].Level, records[0].Message));
        var time = Assert.NotNull(records[0].Time).ToLocalTime();
        Assert.Equal((1, 23, 10, 30), (time.Month, time.Day, time.Hour, time.Minute));
        Assert.True(records[0].Time <= DateTime.UtcNow.AddMinutes(3));
    }

    [Fact]
    public void An_empty_log_has_no_records_and_no_error()
    {
        Assert.Empty(LogText.Parse(string.Empty).Records);
        Assert.Empty(LogText.Parse("\n\r\n\n").Records);
        Assert.Empty(LogText.Parse(new string('\0', 5000)).Records);
    }
}
