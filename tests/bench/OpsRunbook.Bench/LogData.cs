using System.Globalization;
using System.Text;

namespace OpsRunbook.Bench;

/// <summary>Logs of a day as a busy application and its web server write them, the same for the same seed and size.</summary>
internal static class LogData
{
    private const int Seed = 20260123;
    private const int Templates = 200;
    private static readonly DateTime Start = new(2026, 1, 23, 0, 0, 0, DateTimeKind.Utc);

    private static readonly string[] Subjects = ["Order", "Payment", "Session", "Webhook", "Invoice", "Machine", "Inventory", "Job", "Upload", "Report"];
    private static readonly string[] Verbs = ["created", "updated", "queued", "delivered", "archived", "synchronised", "validated", "exported", "cached", "rejected"];
    private static readonly string[] Tails =
    [
        "{n} for user {n} in {n}ms", "id={u} source={ip}:{n}", "path {p} size {n} bytes", "by {e} from {ip}", "name \"{w}\" attempt {n} of 5",
        "checksum {h} ok", "{n} of {n} rows, trace {u}", "queue '{w}' depth {n}", "GET {p} took {n}.{n} ms", "token {h} expires in {n}s",
    ];

    private static readonly string[] Failures =
    [
        "connect ECONNREFUSED {ip}:{n}", "timeout of {n}ms exceeded at {p}", "deadlock detected, process {n} waits for process {n}", "duplicate key value violates unique constraint \"{w}\" id={u}",
        "cannot read {p}: permission denied", "mail to {e} bounced with code {n}", "checksum {h} does not match {h}", "payment {u} declined after {n} attempts",
    ];

    private static readonly string[] Routes =
    [
        "/", "/health", "/api/orders", "/api/orders/{n}", "/api/users/{n}", "/api/users/{n}/orders", "/api/machines/{u}", "/api/machines/{u}/inventory", "/api/login",
        "/assets/app.{h}.js", "/assets/style.css", "/api/search?q={w}&page={n}", "/api/reports/{n}/export", "/webhook/payments", "/favicon.ico",
    ];

    private static readonly string[] Agents =
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
        "curl/8.5.0", "Prometheus/2.42.0", "okhttp/4.12.0",
    ];

    /// <summary>An application's log: about 200 templates, 4 % errors, some with a stack trace.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="bytes">Its size, not much exceeded.</param>
    public static void WriteApplication(string path, long bytes)
    {
        var random = new Random(Seed);
        var templates = Enumerable.Range(0, Templates).Select(i => i < 24
            ? $"ERROR [{Subjects[i % 10].ToLowerInvariant()}] {Subjects[i % 10]} {Failures[i % 8]}"
            : $"{(i % 11 == 0 ? "WARN " : i % 3 == 0 ? "DEBUG" : "INFO ")} [{Subjects[i % 10].ToLowerInvariant()}] {Subjects[i % 10]} {Verbs[i / 10 % 10]} {Tails[(i / 7) % 10]}").ToArray();
        Write(path, bytes, 100, (text, time) =>
        {
            var error = random.Next(100) < 4;
            text.Append(time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z '", CultureInfo.InvariantCulture));
            Fill(text, templates[error ? random.Next(24) : 24 + random.Next(Templates - 24)], random);
            text.Append('\n');
            for (var frame = error && random.Next(10) == 0 ? 4 : 0; frame > 0; frame--)
            {
                Fill(text, "    at Service.{w} (/srv/app/dist/{w}.js:{n}:{n})\n", random);
            }
        });
    }

    /// <summary>A web server's log in the combined format with the request's time at the end.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="bytes">Its size, not much exceeded.</param>
    public static void WriteAccess(string path, long bytes)
    {
        var random = new Random(Seed + 1);
        Write(path, bytes, 153, (text, time) =>
        {
            var status = random.Next(1000) switch { < 25 => 404, < 33 => 401, < 38 => 429, < 50 => 500, < 55 => 502, < 90 => 304, < 150 => 201, _ => 200 };
            text.Append(CultureInfo.InvariantCulture, $"203.0.{random.Next(4) * random.Next(64)}.{random.Next(250)} - - [{time:dd/MMM/yyyy:HH:mm:ss} +0000] \"{(random.Next(5) == 0 ? "POST" : "GET")} ");
            Fill(text, Routes[random.Next(Routes.Length)], random);
            var seconds = Math.Exp(random.NextDouble() * 5) / 1000 * (status >= 500 ? 20 : 1);
            text.Append(CultureInfo.InvariantCulture, $" HTTP/1.1\" {status} {random.Next(200, 30000)} \"-\" \"{Agents[random.Next(Agents.Length)]}\" {seconds:0.000}\n");
        });
    }

    private static void Write(string path, long bytes, int lineLength, Action<StringBuilder, DateTime> write)
    {
        // The times spread over one day whatever the size.
        var step = TimeSpan.FromDays(1) / (bytes / (double)lineLength);
        var text = new StringBuilder(1 << 17);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 20);
        for (var line = 0L; file.Length + text.Length < bytes; line++)
        {
            write(text, Start + (step * line));
            if (text.Length >= 1 << 16)
            {
                file.Write(Encoding.ASCII.GetBytes(text.ToString()));
                text.Clear();
            }
        }

        file.Write(Encoding.ASCII.GetBytes(text.ToString()));
    }

    private static void Fill(StringBuilder text, string template, Random random)
    {
        Span<byte> id = stackalloc byte[16];
        for (var i = 0; i < template.Length; i++)
        {
            var end = template[i] == '{' ? template.IndexOf('}', i) : -1;
            if (end < 0)
            {
                text.Append(template[i]);
                continue;
            }

            switch (template.AsSpan(i + 1, end - i - 1))
            {
                case "n":
                    text.Append(random.Next(1, 100_000));
                    break;
                case "u":
                    random.NextBytes(id);
                    text.Append(new Guid(id));
                    break;
                case "h":
                    text.Append(CultureInfo.InvariantCulture, $"{random.NextInt64():x16}");
                    break;
                case "ip":
                    text.Append(CultureInfo.InvariantCulture, $"10.{random.Next(256)}.{random.Next(256)}.{random.Next(1, 255)}");
                    break;
                case "p":
                    text.Append(CultureInfo.InvariantCulture, $"/srv/data/{random.Next(500)}/file-{random.Next(10_000)}.json");
                    break;
                case "e":
                    text.Append(CultureInfo.InvariantCulture, $"user{random.Next(10_000)}@example.com");
                    break;
                default:
                    text.Append("abcdefghijklmnopqrst", random.Next(8), 4 + random.Next(8));
                    break;
            }

            i = end;
        }
    }
}
