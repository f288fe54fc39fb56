using System.Globalization;
using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Backups;

/// <summary>Backs up a Redis server: a snapshot by <c>BGSAVE</c>, then its file.</summary>
internal sealed class RedisBackup : IBackupSource
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private readonly string _name;
    private readonly CacheServer _server;
    private readonly IHost _host;
    private readonly string _path;

    private RedisBackup(string name, CacheServer server, IHost host, string path) => (_name, _server, _host, _path) = (name, server, host, path);

    /// <inheritdoc/>
    public required BackupManifest Description { get; init; }

    /// <inheritdoc/>
    public long? DataBytes { get; private init; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [];

    /// <inheritdoc/>
    public string Plan => $"BGSAVE on {_server.Node}, then a copy of {_path} on {_host.Name}";

    /// <summary>Reaches the server and finds its file.</summary>
    /// <param name="member">The backup.</param>
    /// <param name="request">How it is to be made.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The source; dispose it.</returns>
    /// <exception cref="OpsException"><c>Backup.FormatNotSupported</c>, <c>Backup.SnapshotNotReadable</c>, or the server cannot be reached.</exception>
    public static async Task<RedisBackup> OpenAsync(BackupMember member, BackupRequest request, CancellationToken cancellationToken)
    {
        if (request.Format is not (null or BackupFormat.RedisRdb))
        {
            throw BackupErrors.FormatNotSupported(member.Name, BackupEngine.Redis, $"written as {request.Format}", "Leave -Format away.");
        }

        var server = await member.Cache!.OpenAsync(cancellationToken);
        try
        {
            if (server.IsCluster)
            {
                throw BackupErrors.FormatNotSupported(member.Name, BackupEngine.Redis, "made of a cluster as a whole", "Back up each of its masters.");
            }

            var host = member.Session.Host(member.Cache.Cache.Host);
            var path = $"{(await SettingAsync(server, "dir", cancellationToken)).TrimEnd('/')}/{await SettingAsync(server, "dbfilename", cancellationToken)}";
            if (server.Options.Server is not ("localhost" or "::1") && !server.Options.Server.StartsWith("127.", StringComparison.Ordinal))
            {
                throw NotReadable(member.Name, path, host.Name, $"the server is on {server.Options.Server}.");
            }

            var info = await InfoAsync(server, cancellationToken);
            return new RedisBackup(member.Name, server, host, path)
            {
                DataBytes = info.Number("used_memory"),
                Description = new BackupManifest
                {
                    Name = member.Name,
                    Engine = BackupEngine.Redis,
                    Format = BackupFormat.RedisRdb,
                    Compression = request.Compression ?? BackupCompression.None,
                    Server = server.Node,
                    ServerVersion = server.Info.Text("redis_version"),
                    Tool = "BGSAVE",
                },
            };
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ManifestTable>?> DumpAsync(BackupStaging staging, Action<long> progress, CancellationToken cancellationToken)
    {
        var saved = await SaveAsync(cancellationToken);

        // A file of that name can be another server's; the one that was just written has the time of the save.
        var stat = await _host.RunAsync(new HostCommand("stat", "-L", "-c", "%Y", "--", _path), cancellationToken);
        if (!stat.Succeeded || !long.TryParse(stat.StandardOutput.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var changed))
        {
            throw NotReadable(_name, _path, _host.Name, HostScripts.IsForbidden(stat.StandardError) ? "this user may not read it." : "it is not there.");
        }

        if (changed < saved - 5)
        {
            throw NotReadable(_name, _path, _host.Name, "the file there is older than the snapshot, so it is another server's.");
        }

        var running = await _host.StartAsync(new HostCommand("cat", "--", _path), cancellationToken);
        var extension = Description.Compression switch { BackupCompression.Gzip => ".gz", BackupCompression.Zstd => ".zst", _ => string.Empty };
        var written = await staging.WriteAsync("dump.rdb" + extension, Description.Compression, running, progress, cancellationToken);

        // The last byte before the checksum of eight bytes says that the file is complete.
        const int checksum = 8;
        return written.Head.AsSpan().StartsWith("REDIS"u8) && written.Tail.Length > checksum && written.Tail[^(checksum + 1)] == 0xff
            ? null
            : throw BackupErrors.DumpFailed(_name, $"{_path} on {_host.Name} is not a complete snapshot.");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static OpsException NotReadable(string name, string path, string host, string cause) => new(
        "Backup.SnapshotNotReadable",
        OpsErrorKind.OperationFailed,
        $"The snapshot of '{name}', {path}, cannot be read on {host}: {cause}",
        "Give the cache the 'host:' on which its server runs: a container, or a machine over SSH, with a user that may read the file.",
        name);

    private static async Task<string> SettingAsync(CacheServer server, string name, CancellationToken cancellationToken) =>
        (await server.Connection.ExecuteAsync(new RedisCommand("CONFIG", "GET", name), cancellationToken)).Items is [_, var value]
            ? value.Text
            : throw RedisErrors.Protocol(server.Node, new InvalidDataException($"it does not say its {name}"));

    private static async Task<RedisInfo> InfoAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var replies = await server.Connection.PipelineAsync([new RedisCommand("INFO", "persistence"), new RedisCommand("INFO", "memory")], cancellationToken);
        return new RedisInfo(replies.Where(reply => !reply.IsError).Select(reply => reply.Text));
    }

    private async Task<long> LastSaveAsync(CancellationToken cancellationToken) => (await _server.Connection.ExecuteAsync(new RedisCommand("LASTSAVE"), cancellationToken)).Integer;

    // LASTSAVE counts in seconds: a save in the second of the one before could not be told from it. One that is under way
    // began before now, and what was written since would be missing.
    private async Task<long> SaveAsync(CancellationToken cancellationToken)
    {
        await IdleAsync(cancellationToken);
        var before = await LastSaveAsync(cancellationToken);
        while (long.Parse((await _server.Connection.ExecuteAsync(new RedisCommand("TIME"), cancellationToken)).Items[0].Text, CultureInfo.InvariantCulture) <= before)
        {
            await Task.Delay(Look, cancellationToken);
        }

        await _server.Connection.ExecuteAsync(new RedisCommand("BGSAVE"), cancellationToken);
        var info = await IdleAsync(cancellationToken);
        var after = await LastSaveAsync(cancellationToken);
        if (after <= before || info.Text("rdb_last_bgsave_status") != "ok")
        {
            throw BackupErrors.DumpFailed(_name, $"{_server.Node} could not write its snapshot.", "Look into the server's log; often its disk is full or it may not fork.");
        }

        return after;
    }

    private async Task<RedisInfo> IdleAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var info = await InfoAsync(_server, cancellationToken);
            if (info.Number("rdb_bgsave_in_progress") == 0)
            {
                return info;
            }

            await Task.Delay(Look, cancellationToken);
        }
    }
}
