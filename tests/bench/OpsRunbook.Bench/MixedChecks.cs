using System.Globalization;
using System.Net;
using System.Text;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Bench;

/// <summary>200 checks of a stack, one of them slow, against the Monitoring Plugins one after another.</summary>
internal static class MixedChecks
{
    private const int Http = 120;
    private const int Tcp = 40;
    private const int Postgres = 20;
    private const int MariaDb = 10;
    private const int Redis = 10;

    public static async Task<Figure> MeasureAsync()
    {
        var postgres = await Servers.PostgreSqlAsync();
        var mariadb = await Servers.MariaDbAsync();
        var redis = await Servers.RedisAsync();
        using var slow = new SlowServer();
        var nginx = await Servers.NginxAsync();

        var stack = new StringBuilder("stack: bench\nthresholds: { latency: { warning: 5s, critical: 10s }, dbConnections: { warning: 99, critical: 100 } }\nservices:\n");
        var peers = new StringBuilder();
        for (var i = 0; i < Http; i++)
        {
            var url = i == 0 ? slow.Url : nginx.Url;
            var port = new Uri(url).Port;
            stack.AppendLine(CultureInfo.InvariantCulture, $"  web{i}: {{ health: {{ url: \"{url}\" }} }}");
            peers.AppendLine(CultureInfo.InvariantCulture, $"{Paths.Plugins}/check_http -H 127.0.0.1 -p {port} -u / -t 5");
        }

        for (var i = 0; i < Tcp; i++)
        {
            stack.AppendLine(CultureInfo.InvariantCulture, $"  tcp{i}: {{ health: {{ tcp: \"127.0.0.1:{nginx.Port}\" }} }}");
            peers.AppendLine(CultureInfo.InvariantCulture, $"{Paths.Plugins}/check_tcp -H 127.0.0.1 -p {nginx.Port}");
        }

        stack.AppendLine("databases:");
        for (var i = 0; i < Postgres; i++)
        {
            stack.AppendLine(CultureInfo.InvariantCulture, $"  pg{i}: {{ engine: postgres, server: 127.0.0.1, port: {postgres.Port}, database: {postgres.Database}, user: {postgres.User}, password: \"${{env:BENCH_PG}}\" }}");
            peers.AppendLine(CultureInfo.InvariantCulture, $"PGPASSWORD=\"$BENCH_PG\" {Paths.Plugins}/check_pgsql -H 127.0.0.1 -P {postgres.Port} -d {postgres.Database} -l {postgres.User}");
        }

        for (var i = 0; i < MariaDb; i++)
        {
            stack.AppendLine(CultureInfo.InvariantCulture, $"  my{i}: {{ engine: mariadb, server: 127.0.0.1, port: {mariadb.Port}, user: {mariadb.User}, password: \"${{env:BENCH_MY}}\" }}");
            peers.AppendLine(CultureInfo.InvariantCulture, $"{Paths.Plugins}/check_mysql -H 127.0.0.1 -P {mariadb.Port} -u {mariadb.User} -p \"$BENCH_MY\"");
        }

        stack.AppendLine("caches:");
        for (var i = 0; i < Redis; i++)
        {
            stack.AppendLine(CultureInfo.InvariantCulture, $"  redis{i}: {{ engine: redis, server: 127.0.0.1, port: {redis.Port}, password: \"${{env:BENCH_REDIS}}\" }}");
            peers.AppendLine(CultureInfo.InvariantCulture, $"{Paths.Plugins}/check_tcp -H 127.0.0.1 -p {redis.Port} -E -s \"AUTH $BENCH_REDIS\\r\\nPING\\r\\n\" -e +PONG");
        }

        var folder = Directory.CreateTempSubdirectory("opsrunbook-bench-").FullName;
        try
        {
            var file = Path.Combine(folder, "bench.yaml");
            var script = Path.Combine(folder, "peers.sh");
            await File.WriteAllTextAsync(file, stack.ToString());
            await File.WriteAllTextAsync(script, peers.ToString().Replace("\n", " >/dev/null && echo passed\n", StringComparison.Ordinal));
            var environment = new Dictionary<string, string>
            {
                ["BENCH_PG"] = postgres.Password,
                ["BENCH_MY"] = mariadb.Password,
                ["BENCH_REDIS"] = redis.Password,
            };
            var (ours, theirs) = await Run.PairAsync(
                3,
                () => Run.OnceAsync([Paths.Runner, "Get-ServiceHealth", "-Kind", "Service,Database,Cache", "-Stack", file, "-OutputFormat", "NdJson"], environment: environment),
                () => Run.OnceAsync(["sh", script], environment: environment));
            RequireAll(ours.Output, "{\"Status\":\"Healthy\"", "OpsRunbook");
            RequireAll(theirs.Output, "passed", "Monitoring Plugins");
            return new Figure(
                "200 HTTP/TCP/DB checks, one slow (1 s)",
                "Monitoring Plugins one after another",
                "≤ 1.3 s, ≥ 20×",
                $"{ours.Wall.TotalSeconds:0.00} s",
                $"{theirs.Wall.TotalSeconds:0.00} s",
                $"{theirs.Wall / ours.Wall:0.0}×",
                ours.Wall.TotalSeconds <= 1.3 && theirs.Wall / ours.Wall >= 20);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // A comparison counts only when both sides did all the work.
    private static void RequireAll(string output, string sign, string who)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToLookup(line => line.Contains(sign, StringComparison.Ordinal));
        if (lines[true].Count() != Http + Tcp + Postgres + MariaDb + Redis)
        {
            throw new InvalidOperationException($"{who}: only {lines[true].Count()} checks passed; the others said:\n{string.Join('\n', lines[false].Take(5))}");
        }
    }

    /// <summary>Answers every request after one second.</summary>
    private sealed class SlowServer : IDisposable
    {
        private readonly HttpListener _listener = new();

        public SlowServer()
        {
            Url = $"http://127.0.0.1:{TestRun.FreePort()}/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _ = ServeAsync();
        }

        public string Url { get; }

        public void Dispose() => ((IDisposable)_listener).Dispose();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                _ = AnswerAsync(context);
            }
        }

        private static async Task AnswerAsync(HttpListenerContext context)
        {
            await Task.Delay(1000);
            await context.Response.OutputStream.WriteAsync("ok"u8.ToArray());
            context.Response.Close();
        }
    }
}
