using System.Text;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>Backs up a database of MariaDB or MySQL with <c>mariadb-dump</c> or <c>mysqldump</c>, in a single transaction.</summary>
internal sealed class MySqlBackup : IBackupSource
{
    // Without a database name before the first: a set can be restored under another name.
    private static readonly string[] Options =
        ["--single-transaction", "--quick", "--routines", "--events", "--triggers", "--hex-blob", "--no-tablespaces", "--default-character-set=utf8mb4", "--max-allowed-packet=1G"];

    private readonly string _name;
    private readonly DatabaseTarget _target;
    private readonly MySqlTool _tool;
    private readonly bool _offersTls;
    private readonly string _database;

    private MySqlBackup(string name, DatabaseTarget target, MySqlTool tool, bool offersTls, string database) =>
        (_name, _target, _tool, _offersTls, _database) = (name, target, tool, offersTls, database);

    /// <inheritdoc/>
    public required BackupManifest Description { get; init; }

    /// <inheritdoc/>
    public long? DataBytes { get; private init; }

    /// <inheritdoc/>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <inheritdoc/>
    public string Plan => $"{Description.Tool?.Split(' ')[0]} {string.Join(' ', Options)} {_database} on {_target.Host.Name}";

    private string FileName => BackupName.FileName(_database) + ".sql" + Description.Compression switch { BackupCompression.Gzip => ".gz", BackupCompression.Zstd => ".zst", _ => string.Empty };

    /// <summary>Reaches the server and finds the program.</summary>
    /// <param name="member">The backup.</param>
    /// <param name="request">How it is to be made.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The source; dispose it.</returns>
    /// <exception cref="OpsException"><c>Backup.FormatNotSupported</c>, <c>Backup.DatabaseMissing</c>, or the server cannot be reached.</exception>
    public static async Task<MySqlBackup> OpenAsync(BackupMember member, BackupRequest request, CancellationToken cancellationToken)
    {
        if (request.Format is not (null or BackupFormat.MySqlPlain))
        {
            throw BackupErrors.FormatNotSupported(member.Name, BackupEngine.MySql, $"written as {request.Format}", "Leave -Format away.");
        }

        var target = await member.Database!.TargetAsync(cancellationToken);
        var database = target.Database.Database ?? throw new OpsException(
            "Backup.DatabaseMissing", OpsErrorKind.InvalidArgument, $"'{member.Name}' does not say which database of {target.Text} is backed up.", "Add 'database:' to it in the stack file, or /name to the address.", member.Name);
        var greeting = await target.WithinAsync(
            async token =>
            {
                await using var stream = await target.ConnectAsync(token);
                return await MySqlHandshake.ReadAsync(stream, target.Text, token);
            },
            cancellationToken);
        var tool = new MySqlTool(target, "mariadb-dump", "mysqldump");
        var version = await tool.VersionAsync(cancellationToken);
        await using var session = await MySqlSession.OpenAsync(target, greeting, cancellationToken);
        var sql = $"""
            SELECT COALESCE(SUM(data_length + index_length), 0) AS size, COALESCE(SUM(engine <> 'InnoDB'), 0) AS others
            FROM information_schema.tables WHERE table_schema = {MySqlSession.Literal(database)} AND table_type = 'BASE TABLE'
            """;
        var size = await target.WithinAsync(token => session.RowAsync(sql, token), cancellationToken);
        var others = size.Number("others") ?? 0;
        List<string> warnings = [];
        if (others > 0)
        {
            warnings.Add($"{others} tables of '{member.Name}' are not InnoDB: what is written to them during the backup may be in it in part.");
        }

        if (request.CountRows)
        {
            warnings.Add($"The rows of '{member.Name}' are not counted: {version.Split(' ')[0]} takes no snapshot that could be shared.");
        }

        return new MySqlBackup(member.Name, target, tool, greeting.OffersTls, database)
        {
            DataBytes = size.Number("size"),
            Warnings = warnings,
            Description = new BackupManifest
            {
                Name = member.Name,
                Engine = BackupEngine.MySql,
                Database = database,
                Format = BackupFormat.MySqlPlain,
                Compression = request.Compression ?? BackupCompression.Gzip,
                Server = target.Text,
                ServerVersion = greeting.Product,
                Tool = version,
            },
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ManifestTable>?> DumpAsync(BackupStaging staging, Action<long> progress, CancellationToken cancellationToken)
    {
        var running = await _target.Host.StartAsync(_tool.Command(_offersTls, [.. Options, "--", _database]), cancellationToken);
        var written = await staging.WriteAsync(FileName, Description.Compression, running, progress, cancellationToken);
        return Encoding.UTF8.GetString(written.Tail).TrimEnd().Split('\n')[^1].StartsWith("-- Dump completed", StringComparison.Ordinal)
            ? null
            : throw BackupErrors.DumpFailed(_name, $"{Description.Tool?.Split(' ')[0]} ended without its closing line.");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
