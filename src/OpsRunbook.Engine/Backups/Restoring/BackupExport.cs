using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Backups;

/// <summary>Rows out of a backup, by a query: the set is restored into a scratch database, or only the tables that are named.</summary>
/// <param name="member">The backup.</param>
/// <param name="request">Which set, which tables, which query.</param>
/// <param name="changes">The road for the scratch database.</param>
/// <param name="output">Takes the rows.</param>
public sealed class BackupExport(BackupMember member, BackupExportRequest request, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Exports.</summary>
    /// <param name="cancellationToken">Ends it; the scratch database is dropped.</param>
    /// <returns>A task that ends with the last row.</returns>
    /// <exception cref="OpsException">The set cannot be restored, or the query fails.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var database = request.Server is { } name
            ? BackupSelection.Server(member, name)
            : member.Database ?? throw new OpsException(
                "Backup.EngineNotSupported", OpsErrorKind.InvalidArgument, $"'{member.Definition.Database}' is no SQL database, and rows come out of those only.", null, member.Name);
        var sets = (await BackupSelection.ChooseAsync(member, request.Set is null ? [] : [request.Set], newest: false, output, cancellationToken)).Where(set => set.State == BackupState.Complete).ToList();
        if (sets.Count == 0)
        {
            throw new OpsException("Backup.NoSet", OpsErrorKind.NotFound, $"'{member.Name}' has no set that could be restored.", "See what there is with Get-DbBackup.", member.Name);
        }

        var set = sets[^1];
        if (request.Tables.Count > 0 && set.Manifest!.Format is not (BackupFormat.PostgreSqlCustom or BackupFormat.PostgreSqlDirectory or BackupFormat.PostgreSqlTar))
        {
            output.Warning($"{set.Name} is SQL, which is restored as a whole; -Table makes no difference.");
        }

        // What the statement is, is known before anything is restored.
        var statement = SqlStatement.Parse(request.Query, database.Definition.Engine, [.. request.Parameters.Keys]);
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Create", ScratchDatabase.Prefix + "…", database.HostName, $"an empty database on the server of '{database.Name}'", cancellationToken);
            await changes.PlanAsync("Restore", set.Name, database.HostName, request.Tables.Count == 0 ? "everything" : $"only {string.Join(", ", request.Tables)}", cancellationToken);
            await changes.PlanAsync("Query", ScratchDatabase.Prefix + "…", database.HostName, CommandRedactor.RedactText(statement.Shown), cancellationToken);
            await changes.PlanAsync("Drop", ScratchDatabase.Prefix + "…", database.HostName, "the scratch database", cancellationToken);
            return;
        }

        var change = new Change($"Restore {set.Name} into a scratch database and read from it", database.Name, database.HostName)
        {
            Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["statement"] = statement.Shown, ["parameters"] = string.Join(", ", statement.Names) },
        };
        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return;
        }

        await changes.RunAsync(
            change,
            token => ReadAsync(set, database, statement, token),
            rows => new ChangeResult(JournalOutcome.Succeeded) { After = new Dictionary<string, string?>(StringComparer.Ordinal) { ["rows"] = rows.ToString(System.Globalization.CultureInfo.InvariantCulture) } },
            cancellationToken);
    }

    private async Task<long> ReadAsync(BackupSet set, DatabaseMember database, SqlStatement statement, CancellationToken cancellationToken)
    {
        await using var scratch = await ScratchDatabase.CreateAsync(database, output, server => RestoreNeeds.RequireAsync(server, database, set, changes, output, cancellationToken), cancellationToken);
        output.Progress($"Restoring {set.Name} into {scratch.Name}", ByteSize.Format(set.Bytes), null);
        await scratch.Server.LoadAsync(
            set,
            new SetCheck(set),
            scratch.Name,
            new LoadOptions(IsScratch: true) { Tables = request.Tables, Jobs = request.Jobs, Database = set.Manifest!.Database ?? member.Database?.Definition.Database },
            cancellationToken);
        var rows = 0L;
        await foreach (var row in DatabaseAdapters.Query(database, scratch.Target).ReadAsync(statement, request.Parameters, cancellationToken))
        {
            rows++;
            await output.WriteAsync(row, cancellationToken);
        }

        await scratch.Server.RequireSameAsync(cancellationToken);
        return rows;
    }
}
