using System.Globalization;
using System.Text;
using System.Threading.Channels;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>Backs up a database of PostgreSQL with <c>pg_dump</c>.</summary>
internal sealed class PostgreSqlBackup : IBackupSource
{
    private const int FirstWithZstd = 16;
    private readonly string _name;
    private readonly PostgreSqlSession _session;
    private readonly PostgreSqlTool _tool;
    private readonly BackupRequest _request;
    private readonly string _database;
    private readonly bool _isDirect;

    private PostgreSqlBackup(string name, PostgreSqlSession session, PostgreSqlTool tool, BackupRequest request, string database, bool isDirect)
    {
        (_name, _session, _tool, _request, _database, _isDirect) = (name, session, tool, request, database, isDirect);
    }

    /// <inheritdoc/>
    public required BackupManifest Description { get; init; }

    /// <inheritdoc/>
    public long? DataBytes { get; private init; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [];

    /// <inheritdoc/>
    public string Plan => $"pg_dump {string.Join(' ', Arguments(null, null))} {_database} on {_tool.Host.Name}";

    private BackupFormat Format => Description.Format;

    private string FileName => BackupName.FileName(_database) + Format switch
    {
        BackupFormat.PostgreSqlDirectory => ".dir",
        BackupFormat.PostgreSqlPlain => ".sql" + Description.Compression switch { BackupCompression.Gzip => ".gz", BackupCompression.Zstd => ".zst", _ => string.Empty },
        _ => ".dump",
    };

    /// <summary>Reaches the server and finds the program.</summary>
    /// <param name="member">The backup.</param>
    /// <param name="request">How it is to be made.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The source; dispose it.</returns>
    /// <exception cref="OpsException"><c>Backup.ToolTooOld</c>, <c>Backup.FormatNotSupported</c>, or the server cannot be reached.</exception>
    public static async Task<PostgreSqlBackup> OpenAsync(BackupMember member, BackupRequest request, CancellationToken cancellationToken)
    {
        var format = request.Format ?? BackupFormat.PostgreSqlCustom;
        if (format is not (BackupFormat.PostgreSqlCustom or BackupFormat.PostgreSqlDirectory or BackupFormat.PostgreSqlPlain))
        {
            throw BackupErrors.FormatNotSupported(member.Name, BackupEngine.PostgreSql, $"written as {format}", "Use PostgreSqlCustom, PostgreSqlDirectory or PostgreSqlPlain.");
        }

        var target = await member.Database!.TargetAsync(cancellationToken);
        var session = await target.WithinAsync(token => PostgreSqlSession.OpenAsync(target, token), cancellationToken);
        PostgreSqlTool? tool = null;
        try
        {
            var database = target.Database.Database ?? "postgres";
            tool = await PostgreSqlTool.OpenAsync(target, "pg_dump", format == BackupFormat.PostgreSqlDirectory ? member.Folder.Host : null, cancellationToken);
            var server = session.Version / 10000;
            if (tool.Major > 0 && tool.Major < server)
            {
                throw new OpsException(
                    "Backup.ToolTooOld",
                    OpsErrorKind.Refused,
                    $"{tool.Version} on {tool.Host.Name} is older than the server of '{member.Name}', PostgreSQL {server}, and cannot dump it.",
                    $"Install the client of PostgreSQL {server} or newer on {tool.Host.Name}.",
                    member.Name);
            }

            // The archive formats compress their parts by themselves, and stay readable in any order that way.
            var isArchive = format != BackupFormat.PostgreSqlPlain;
            if (isArchive && request.Compression == BackupCompression.Zstd && tool.Major < FirstWithZstd)
            {
                throw BackupErrors.FormatNotSupported(
                    member.Name, BackupEngine.PostgreSql, $"compressed with Zstandard in this format by {tool.Version}", "Use Gzip or None, the format PostgreSqlPlain, or a pg_dump from 16 on.");
            }

            var compression = isArchive ? BackupCompression.None : request.Compression ?? BackupCompression.Gzip;
            var sizes = await session.QueryAsync("SELECT pg_database_size(current_database()), current_setting('server_version')", row => (Bytes: row.GetInt64(0), Version: row.GetString(1)), cancellationToken);
            return new PostgreSqlBackup(member.Name, session, tool, request, database, isArchive && tool.Host.Name == member.HostName)
            {
                DataBytes = sizes[0].Bytes,
                Description = new BackupManifest
                {
                    Name = member.Name,
                    Engine = BackupEngine.PostgreSql,
                    Database = database,
                    Format = format,
                    Compression = compression,
                    Server = target.Text,
                    ServerVersion = sizes[0].Version,
                    Tool = tool.Version,
                },
            };
        }
        catch
        {
            await session.DisposeAsync();
            if (tool is not null)
            {
                await tool.DisposeAsync();
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ManifestTable>?> DumpAsync(BackupStaging staging, Action<long> progress, CancellationToken cancellationToken)
    {
        // Counts that are to be compared later must be those of the very rows that are in the dump.
        var snapshot = _request.CountRows ? await BeginSnapshotAsync(cancellationToken) : null;
        if (_isDirect)
        {
            await WriteDirectlyAsync(staging, Arguments(snapshot, $"{staging.Path}/{FileName}"), cancellationToken);
        }
        else
        {
            var running = await _tool.Host.StartAsync(_tool.Command(_database, Arguments(snapshot, null)), cancellationToken);
            var written = await staging.WriteAsync(FileName, Description.Compression, running, progress, cancellationToken);
            if (Format == BackupFormat.PostgreSqlPlain && !Encoding.UTF8.GetString(written.Tail).Contains("-- PostgreSQL database dump complete", StringComparison.Ordinal))
            {
                throw BackupErrors.DumpFailed(_name, "pg_dump ended without its closing line.");
            }
        }

        return snapshot is null ? null : await CountAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        await _tool.DisposeAsync();
    }

    private IEnumerable<string> Arguments(string? snapshot, string? path)
    {
        yield return "--no-password";
        yield return Format switch { BackupFormat.PostgreSqlDirectory => "--format=directory", BackupFormat.PostgreSqlPlain => "--format=plain", _ => "--format=custom" };
        if (Format == BackupFormat.PostgreSqlDirectory)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--jobs={_request.Jobs}");
        }

        if (Format != BackupFormat.PostgreSqlPlain && _request.Compression is { } compression)
        {
            yield return compression switch { BackupCompression.None => "--compress=0", BackupCompression.Zstd => "--compress=zstd", _ => "--compress=6" };
        }

        if (snapshot is not null)
        {
            yield return $"--snapshot={snapshot}";
        }

        if (path is not null)
        {
            yield return $"--file={path}";
        }
    }

    // An archive that is written into a file knows where each table begins, and is restored in parallel the quicker for it.
    private async Task WriteDirectlyAsync(BackupStaging staging, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var input = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        try
        {
            var command = _tool.WatchedCommand(_database, arguments) with { FurtherInput = input.Reader.ReadAllAsync(CancellationToken.None) };
            await using var running = await _tool.Host.StartAsync(command, cancellationToken);
            await running.Output.CopyToAsync(Stream.Null, cancellationToken);
            var ended = await running.EndAsync(cancellationToken);
            if (!ended.Succeeded)
            {
                throw ended.StandardError.Contains("No space left", StringComparison.Ordinal)
                    ? await staging.FailureAsync(BackupStaging.Said(ended), CancellationToken.None)
                    : BackupErrors.DumpFailed(_name, BackupStaging.Said(ended));
            }
        }
        finally
        {
            input.Writer.TryComplete();
        }
    }

    private async Task<string> BeginSnapshotAsync(CancellationToken cancellationToken)
    {
        await _session.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellationToken);
        return (await _session.QueryAsync("SELECT pg_export_snapshot()", row => row.GetString(0), cancellationToken))[0];
    }

    private async Task<IReadOnlyList<ManifestTable>> CountAsync(CancellationToken cancellationToken)
    {
        // Tables of extensions are made by the extension, and a partitioned table has no rows of its own.
        const string tables = """
            SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
            ORDER BY 1, 2
            """;
        var counted = new List<ManifestTable>();
        foreach (var (schema, name) in await _session.QueryAsync(tables, row => (row.GetString(0), row.GetString(1)), cancellationToken))
        {
            var rows = await _session.QueryAsync($"SELECT count(*) FROM ONLY {PostgreSqlSession.Identifier(schema)}.{PostgreSqlSession.Identifier(name)}", row => row.GetInt64(0), cancellationToken);
            counted.Add(new ManifestTable(schema, name, rows[0]));
        }

        await _session.ExecuteAsync("COMMIT", cancellationToken);
        return counted;
    }
}
