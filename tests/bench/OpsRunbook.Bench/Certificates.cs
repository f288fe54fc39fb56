using System.Globalization;
using System.Text.Json;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Bench;

/// <summary>Certificates in files and at endpoints, against openssl in a loop.</summary>
internal static class Certificates
{
    private const int Files = 1000;
    private const int Endpoints = 200;

    /// <summary>1,000 PEM files.</summary>
    public static async Task<Figure> FilesAsync()
    {
        var folder = TestRun.NewFolder("bench-certificates");
        var names = Directory.CreateDirectory(Path.Combine(folder, "pem")).FullName;
        for (var i = 0; i < Files; i++)
        {
            // Each is another one, signed by the same authority.
            File.Copy(TestCertificates.Issue($"site-{i}.example.test").CertificateFile, Path.Combine(names, string.Create(CultureInfo.InvariantCulture, $"site-{i:0000}.pem")));
        }

        var (ours, theirs) = await Run.PairAsync(
            3,
            () => Run.OnceAsync([Paths.Runner, "Test-Certificate", names, "-OutputFormat", "NdJson"]),
            () => Run.OnceAsync(["sh", "-c", "for f in \"$1\"/*.pem; do openssl x509 -noout -enddate -in \"$f\"; done", "sh", names]));
        RequireLines(ours, Files);
        RequireLines(theirs, Files);
        var ratio = theirs.Wall / ours.Wall;
        return new Figure(
            "1,000 PEM files: dates, names, chain, weak parts",
            "`openssl x509 -noout -enddate` in a loop",
            "≥ 50×",
            $"{ours.Wall.TotalSeconds:0.00} s",
            $"{theirs.Wall.TotalSeconds:0.00} s",
            $"{ratio:0.0}×",
            ratio >= 50);
    }

    /// <summary>200 TLS endpoints of one nginx.</summary>
    public static async Task<Figure> EndpointsAsync()
    {
        var ports = Enumerable.Range(0, Endpoints).Select(_ => TestRun.FreePort()).ToList();
        await using var nginx = await Servers.NewNginxAsync(
            server => $$"""
                server {
                  listen 127.0.0.1:{{server.Port}};
                  {{string.Join('\n', ports.Select(port => $"listen 127.0.0.1:{port} ssl;"))}}
                  ssl_certificate {{server.Folder}}/cert.pem;
                  ssl_certificate_key {{server.Folder}}/key.pem;
                }
                """,
            workers: Environment.ProcessorCount);
        var targets = ports.ConvertAll(port => $"127.0.0.1:{port}");
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => Run.OnceAsync([Paths.Runner, "Test-Certificate", "-Endpoint", string.Join(',', targets), "-CaFile", TestCertificates.CaFile, "-OutputFormat", "NdJson"]),
            () => Run.OnceAsync(["sh", "-c", "for e do openssl s_client -connect \"$e\" -servername localhost </dev/null 2>/dev/null; done", "sh", .. targets]));
        RequireLines(ours, Endpoints);
        RequireLines(theirs, Endpoints);
        var ratio = theirs.Wall / ours.Wall;
        return new Figure(
            "200 TLS endpoints on loopback: handshake, chain, names, dates",
            "`openssl s_client` in a loop",
            "≥ 20×",
            $"{ours.Wall.TotalSeconds:0.00} s",
            $"{theirs.Wall.TotalSeconds:0.00} s",
            $"{ratio:0.0}×",
            ratio >= 20);
    }

    /// <summary>A certificate with 10,000 names, inside a session that has judged another one before.</summary>
    public static async Task<Figure> ManyNamesAsync()
    {
        var folder = await OpenSslCertificates.FolderAsync();
        var module = Path.Combine(Paths.Root, "OpsRunbook.psd1");
        var script = $$"""
            Import-Module '{{module}}'
            $null = Test-Certificate '{{folder}}/p256.pem'
            $times = foreach ($i in 1..11) {
              $clock = [Diagnostics.Stopwatch]::StartNew()
              $status = Test-Certificate '{{folder}}/many.pem' -ServerName name-10000.many.example.test
              $clock.Elapsed.TotalMilliseconds
              if ($status.Names.Count -ne 10000 -or -not $status.NameMatches) { throw 'wrong' }
            }
            ($times | Sort-Object)[5].ToString([cultureinfo]::InvariantCulture)
            """;
        var ours = await Run.OnceAsync(["pwsh", "-NoProfile", "-NonInteractive", "-Command", script]);
        var milliseconds = double.Parse(ours.Output.Trim(), CultureInfo.InvariantCulture);
        return new Figure("a certificate with 10,000 names, in a session", "–", "< 100 ms", $"{milliseconds:0} ms", "–", "–", milliseconds < 100);
    }

    private static void RequireLines(Run run, int count)
    {
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line.StartsWith("notAfter", StringComparison.Ordinal) || line == "-----BEGIN CERTIFICATE-----" || IsStatus(line));
        if (lines != count)
        {
            throw new InvalidOperationException($"Only {lines} of {count} certificates were read.");
        }
    }

    private static bool IsStatus(string line)
    {
        using var document = line.StartsWith('{') ? JsonDocument.Parse(line) : null;
        return document is not null && document.RootElement.GetProperty("NotAfter").ValueKind == JsonValueKind.String;
    }
}
