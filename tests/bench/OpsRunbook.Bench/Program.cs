using System.Globalization;
using OpsRunbook.Bench;

var measurements = new Dictionary<string, Func<Task<Figure?>>>(StringComparer.Ordinal)
{
    ["import"] = () => Import.MeasureAsync(Paths.Root),
    ["checks"] = async () => await MixedChecks.MeasureAsync(),
    ["endpoints"] = async () => await Endpoints.MeasureAsync(),
    ["cachekeys"] = async () => await CacheKeys.MeasureLargestAsync(),
    ["cacheremoval"] = async () => await CacheKeys.MeasureRemovalAsync(),
    ["cachememory"] = async () => await CacheKeys.MeasureMemoryAsync(),
    ["patterns"] = async () => await Logs.PatternsAsync("C.UTF-8", 8),
    ["patterns-c"] = async () => await Logs.PatternsAsync("C", 3),
    ["count"] = async () => await Logs.CountAsync(),
    ["access"] = async () => await Logs.AccessAsync(),
    ["last-hour"] = async () => await Logs.LastHourAsync(),
    ["doubling"] = async () => await Logs.DoublingAsync(),
    ["records"] = async () => await Logs.RecordsAsync(),
    ["certificates"] = async () => await Certificates.FilesAsync(),
    ["tls"] = async () => await Certificates.EndpointsAsync(),
    ["names"] = async () => await Certificates.ManyNamesAsync(),
    ["verify"] = async () => await Backups.VerifyAsync(),
    ["diskusage"] = async () => await Disks.UsageAsync(),
    ["largefiles"] = async () => await Disks.LargestAsync(),
};
var wanted = args.Length == 0 ? measurements.Keys.ToArray() : args;
var figures = new List<Figure>();
foreach (var name in wanted)
{
    Console.Error.WriteLine($"measuring {name} …");
    if (await measurements[name]() is { } figure)
    {
        Console.Error.WriteLine(figure);
        figures.Add(figure);
    }
}

if (args.Length == 0)
{
    await File.WriteAllTextAsync(
        Path.Combine(Paths.Root, "docs/benchmarks.md"),
        string.Create(CultureInfo.InvariantCulture, $"""
        # Benchmarks

        Written by `bash tests/bench/run.sh`. Each row compares OpsRunbook with a real peer on the same machine, the same
        servers and in the same run, in turn; whole processes from start to exit, medians. Absolute times depend on the machine
        ({Environment.ProcessorCount} cores here); quote the ratios.

        | work | peer | goal | OpsRunbook | peer's | ratio | reached |
        |---|---|---|---|---|---|---|
        {string.Join('\n', figures)}

        How: the module is imported in a fresh `pwsh -NoProfile` eleven times in turn with the peer, timed inside the session. The 200
        checks are 120 HTTP, 40 TCP, 20 PostgreSQL, 10 MariaDB and 10 Redis ones, one HTTP answer taking 1 s; the peer is the Monitoring
        Plugin for each (`check_http`, `check_tcp`, `check_pgsql`, `check_mysql`), one after another, as the source runbooks' scripts
        do it. On loopback a plugin needs about 5 ms, so a second of the peer's time is the slow answer itself; no program that waits for
        that answer can be twenty times faster there. The ratio grows with the latency of what is checked. The endpoints are 100 ports on 100 loopback addresses. Checks and endpoints run in the published console runner; its
        start-up is part of the time.

        The caches are Redis servers of the distribution on loopback. Another client sends a `GET` every millisecond meanwhile; its p99 stands beside
        the time, with its p99 during the peer's runs and right before each of ours. All of them share the cores. Both sides look at, and remove, the same keys, and their counts are compared.

        A log twice as large takes less than twice the time because the start is part of both.

        The logs are written from a seed: 200 templates with numbers, UUIDs, addresses, paths and quoted texts, 4 % errors of which a tenth has a
        stack trace; requests of 15 routes and some 32,000 clients. They are in the page cache. Both sides must come to the same counts; for the patterns the
        fifteen most frequent of those without a hexadecimal number. GoAccess 1.7 needs 15 s of processor time for the first 100 MB of the same access log, awk 1.3 s, so awk is the quicker peer.
        The start of the console runner is part of every time, and stands by itself where it is most of it: ripgrep is through with 1 GB before
        .NET has loaded, and the last hour is read in about the time of that start.

        The certificates are ECDSA ones of one authority; both sides must report all of them. The TLS endpoints are 200 ports of one nginx on loopback, with a worker for each core, so that
        its side of the handshakes is part of both times. The certificate of 10,000 names is judged in a `pwsh` session, the median of eleven times.

        The backup is a set in custom format of four tables with 4,600,000 rows each. Both sides load it with two jobs into an empty database; ours also compares checksums and
        rows with those recorded, and drops the database again. What that costs is saved by loading into tables that write no WAL, as the database is thrown away.

        On two cores the walk of the folders is nearly all kernel: `getdents64` and `statx` alone, in a loop in C on one core, take about what du takes in all.

        The disk's tree has 5,000 folders of 100 files, most of them empty, in the kernel's cache. Both sides must come to the same folders, files and sizes.

        """));
}

return figures.TrueForAll(figure => figure.Reached) ? 0 : 1;
