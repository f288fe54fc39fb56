using System.Diagnostics;
using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Restores a set: into a new database, verified there, and only then put in the place of the one that applications use, which is kept. Nothing is ever loaded
/// into a database that is in use.
/// </summary>
/// <param name="member">The backup.</param>
/// <param name="request">What is wanted.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes a <see cref="DbRestoreResult"/>.</param>
public sealed class DatabaseRestore(BackupMember member, DatabaseRestoreRequest request, ChangeRunner changes, IOperationOutput output)
{
    private const int LongestName = 63;
    private static readonly TimeSpan LastWork = TimeSpan.FromMinutes(2);

    private readonly string _stamp = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Restores.</summary>
    /// <param name="cancellationToken">Ends it; until applications are given the new database, everything is then as before.</param>
    /// <returns>A task that ends when the services run again.</returns>
    /// <exception cref="OpsException">What stands in the way; the message says what is there now.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var (database, live) = Live();
        var set = request.Kept is null ? await ChooseAsync(cancellationToken) : null;
        var target = await database.TargetAsync(cancellationToken);
        await using var server = await RestoreServers.OpenAsync(database, target, cancellationToken);
        if (set is not null)
        {
            await RestoreNeeds.RequireAsync(server, database, set, changes, output, cancellationToken);
        }

        var services = new DependentServices(member.Session, database.Name, changes, output, request.Timeout);
        var running = server is PostgreSqlRestore ? await services.FindRunningAsync(cancellationToken) : [];
        if (changes.IsWhatIf)
        {
            await PlanAsync(set, database, live, running.Select(service => (service.Name, service.Host)).ToList(), server is PostgreSqlRestore, cancellationToken);
            return;
        }

        var change = new Change(set is null ? $"Put '{request.Kept}' back as '{live}'" : $"Restore {set.Name}{(server is PostgreSqlRestore ? $" in place of '{live}'" : " into a new database")}", database.Name, database.HostName)
        {
            Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["database"] = live, ["services"] = string.Join(", ", running.Select(service => service.Name)) },
        };
        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return;
        }

        string? backedUp = null;
        if (request.BackupCurrent)
        {
            backedUp = (await new BackupMaker(member, new BackupRequest(), changes, output).RunAsync(cancellationToken))?.Set
                ?? throw new OpsException("Backup.NotMade", OpsErrorKind.Refused, $"'{live}' was not backed up, and so nothing was restored.", "Answer its question with yes, or restore without -BackupCurrent.", database.Name);
        }

        var result = await changes.RunAsync(
            change,
            async token => server is PostgreSqlRestore postgres
                ? await ReplaceAsync(postgres, target, database, live, set, services, running, backedUp, token)
                : await PrepareAsync((MySqlRestore)server, target, database, live, set!, backedUp, token),
            done => new ChangeResult(JournalOutcome.Succeeded, done.Message)
            {
                After = new Dictionary<string, string?>(StringComparer.Ordinal) { ["database"] = done.Database, ["kept"] = done.KeptAs },
            },
            cancellationToken);
        await output.WriteAsync(result, CancellationToken.None);
    }

    /// <summary>A name for a database beside another: what it is of, what it is, and since when.</summary>
    /// <param name="live">Name of the database.</param>
    /// <param name="role">What the other one is.</param>
    /// <param name="stamp">Time, UTC.</param>
    /// <returns>The name, as long as the servers allow.</returns>
    internal static string NameOf(string live, string role, string stamp)
    {
        var end = $"_{role}_{stamp}";
        var begin = live;
        while (Encoding.UTF8.GetByteCount(begin) + end.Length > LongestName)
        {
            begin = begin[..^1];
        }

        return begin + end;
    }

    private (DatabaseMember Database, string Live) Live()
    {
        if (member.Engine == BackupEngine.Redis)
        {
            throw new OpsException(
                "Backup.EngineNotSupported",
                OpsErrorKind.InvalidArgument,
                $"'{member.Name}' is a backup of Redis, which reads its snapshot when it starts and cannot be given one while it runs.",
                "Test the set with Test-DbBackup -Level Restore, stop the server, put the file in the place that CONFIG GET dir and dbfilename name (with appendonly off), and start it. docs/backups.md has the steps.",
                member.Name);
        }

        if (member.Definition.Restore is not null)
        {
            throw new OpsException(
                "Backup.OwnCommand", OpsErrorKind.InvalidArgument, $"The stack says that '{member.Name}' is restored by a command of its own ('restore:').", "Run that command, or take it out of the stack file to restore with this module.", member.Name);
        }

        var database = member.Database ?? throw new OpsException(
            "Backup.EngineNotSupported", OpsErrorKind.InvalidArgument, $"'{member.Definition.Database}' is no database of the stack '{member.Session.Stack.Name}'.", null, member.Name);
        var live = database.Definition.Database ?? throw new OpsException(
            "Backup.DatabaseMissing", OpsErrorKind.InvalidArgument, $"The stack does not say which database of its server '{database.Name}' is.", "Add 'database:' to it in the stack file.", database.Name);
        return live == PostgreSqlRestore.Administrative && database.Definition.Engine == DatabaseEngine.Postgres
            ? throw new OpsException("Backup.Administrative", OpsErrorKind.Refused, "The database 'postgres' is the one that the server is administered from, and cannot be replaced.", "Applications belong into a database of their own.", database.Name)
            : (database, live);
    }

    private async Task<BackupSet> ChooseAsync(CancellationToken cancellationToken)
    {
        var sets = await BackupSelection.ChooseAsync(member, request.Set is null ? [] : [request.Set], newest: false, output, cancellationToken);
        var fitting = request.Set is null ? sets.Where(set => set.State == BackupState.Complete).ToList() : sets;
        var set = fitting is [.., var last] ? last : null;
        if (set is null || (request.Set is not null && fitting.Count > 1))
        {
            throw new OpsException(
                "Backup.NoSet", OpsErrorKind.NotFound, set is null ? $"'{member.Name}' has no set to restore." : $"Several sets of '{member.Name}' fit '{request.Set}'.", "See them with Get-DbBackup.", member.Name);
        }

        if (set.State == BackupState.Damaged)
        {
            throw DumpErrors.Damaged(set.Name, $"{set.Problem}.");
        }

        changes.Require(
            "FailedTest",
            set.LastVerdict is not { Passed: false },
            $"{set.Name} failed its last test: {set.LastVerdict?.How}",
            "Take an older set with -Set; Get-DbBackup shows them.",
            set.Name);
        return set;
    }

    private async Task PlanAsync(
        BackupSet? set, DatabaseMember database, string live, IReadOnlyList<(string Name, string Host)> running, bool replaces, CancellationToken cancellationToken)
    {
        var host = database.HostName;
        if (request.BackupCurrent)
        {
            await changes.PlanAsync("Backup", live, host, $"into {member.Definition.Directory}", cancellationToken);
        }

        if (set is not null)
        {
            var copy = NameOf(live, "restore", _stamp);
            await changes.PlanAsync("Create", copy, host, $"an empty database like '{live}'", cancellationToken);
            await changes.PlanAsync("Restore", copy, host, $"{set.Name}, {ByteSize.Format(set.Bytes)}", cancellationToken);
            await changes.PlanAsync("Verify", copy, host, member.Definition.TestQuery is null ? "count its tables and rows" : "count its tables and rows, and ask testQuery", cancellationToken);
        }

        if (!replaces)
        {
            return;
        }

        foreach (var service in running.Reverse())
        {
            await changes.PlanAsync("Stop", service.Name, service.Host, $"it depends on '{database.Name}'", cancellationToken);
        }

        await changes.PlanAsync("Rename", live, host, $"to {NameOf(live, "before", _stamp)}, which is kept", cancellationToken);
        await changes.PlanAsync("Rename", request.Kept ?? NameOf(live, "restore", _stamp), host, $"to {live}", cancellationToken);
        foreach (var service in running)
        {
            await changes.PlanAsync("Start", service.Name, service.Host, "it was stopped for this", cancellationToken);
        }
    }

    // Without the new name until it is whole: MySQL renames no database, and to move its tables would not take views, routines, triggers and events with them.
    private async Task<DbRestoreResult> PrepareAsync(
        MySqlRestore server, DatabaseTarget target, DatabaseMember database, string live, BackupSet set, string? backedUp, CancellationToken cancellationToken)
    {
        var copy = NameOf(live, "restore", _stamp);
        var content = await LoadAsync(server, target, database, live, set, copy, cancellationToken);
        await server.FinishAsync(copy, cancellationToken);
        var events = server.Events.Count == 0 ? string.Empty : $" Then switch its events on: {string.Join("; ", server.Events.Select(name => $"ALTER EVENT {MySqlSession.Identifier(name)} ENABLE"))}.";
        return Result(DbRestoreOutcome.Prepared, HealthStatus.Warning, database, target, set, copy, content, backedUp, $"{set.Name} is restored in '{copy}' and verified: {content.How}; '{live}' is as it was.") with
        {
            NextStep = $"Stop what uses '{live}', set its database and the stack's 'database:' to '{copy}', and start it.{events}",
        };
    }

    private async Task<DbRestoreResult> ReplaceAsync(
        PostgreSqlRestore server,
        DatabaseTarget target,
        DatabaseMember database,
        string live,
        BackupSet? set,
        DependentServices services,
        IReadOnlyList<Services.ServiceTarget> running,
        string? backedUp,
        CancellationToken cancellationToken)
    {
        var swap = new PostgreSqlSwap(server, target);
        var (exists, comment, mark) = await swap.ReadAsync(live, cancellationToken);
        if (mark is { Stopped.Count: > 0 })
        {
            output.Warning($"An earlier restore of '{live}' was interrupted after it had replaced the database. It had stopped {string.Join(", ", mark.Stopped)}; they are started at the end of this one.");
            services.Remember(mark.Stopped);
        }

        var incoming = request.Kept;
        RestoredContent? content = null;
        var own = mark is null ? comment : mark.Comment;
        if (set is not null)
        {
            incoming = NameOf(live, "restore", _stamp);
            content = await LoadAsync(server, target, database, live, set, incoming, cancellationToken);
        }
        else if (await swap.ReadAsync(incoming!, cancellationToken) is not { Mark: { Role: DatabaseMark.Kept } kept } || kept.Of != live)
        {
            throw new OpsException(
                "Backup.NotKept", OpsErrorKind.NotFound, $"There is no database '{incoming}' on {target.Text} that a restore of '{live}' has kept.", "The result of that restore and Get-OpsJournal name it.", incoming);
        }

        var old = exists ? await KeptNameAsync(swap, live, cancellationToken) : null;
        long? down = null;
        var isWell = true;
        try
        {
            if (exists && set is not null)
            {
                await swap.CopyPropertiesAsync(live, incoming!, cancellationToken);
            }

            down = Stopwatch.GetTimestamp();
            await services.StopAsync(running, cancellationToken);
            await swap.RenameAsync(live, incoming!, old, own, services.Stopped, cancellationToken);
        }
        catch
        {
            await services.StartAsync(cancellationToken);
            if (set is not null)
            {
                await DropAsync(server, incoming!);
            }

            throw;
        }

        isWell = await services.StartAsync(cancellationToken);
        if (services.Stopped.Count > 0 && isWell)
        {
            await server.CommentAsync(live, own, CancellationToken.None);
        }

        if (set is not null)
        {
            await server.UnlockAsync(incoming!, CancellationToken.None);
        }

        var what = set is null ? $"'{incoming}' is '{live}' again" : $"{set.Name} is restored as '{live}': {content!.How}";
        return Result(DbRestoreOutcome.Replaced, isWell ? HealthStatus.Healthy : HealthStatus.Critical, database, target, set, live, content, backedUp, what + (old is null ? "." : $"; what was there is kept as '{old}'.")) with
        {
            KeptAs = old,
            Undo = old is null ? null : $"Restore-Database -Name {Quote(member.Name)} -Kept {Quote(old)}",
            Services = services.Stopped,
            Downtime = Stopwatch.GetElapsedTime(down.Value),
            NextStep = old is null ? null : $"When it is no longer needed: DROP DATABASE {PostgreSqlSession.Identifier(old)}",
        };
    }

    // An earlier restore may have been in the same second, or before the clock was set back.
    private async Task<string> KeptNameAsync(PostgreSqlSwap swap, string live, CancellationToken cancellationToken)
    {
        var name = NameOf(live, "before", _stamp);
        for (var number = 2; (await swap.ReadAsync(name, cancellationToken)).Exists; number++)
        {
            name = NameOf(live, "before", string.Create(CultureInfo.InvariantCulture, $"{_stamp}_{number}"));
        }

        return name;
    }

    private async Task<RestoredContent> LoadAsync(
        IRestoreServer server, DatabaseTarget target, DatabaseMember database, string live, BackupSet set, string copy, CancellationToken cancellationToken)
    {
        await ScratchDatabase.ClearAsync(server, target, output, cancellationToken);
        foreach (var left in await server.FindLeftAsync(NameOf(live, "restore", string.Empty), marked: true, cancellationToken))
        {
            await server.DropAsync(left, cancellationToken);
            output.Warning($"'{left}', the unfinished copy of a restore that was interrupted, was dropped. '{live}' had not been touched by it.");
        }

        try
        {
            await server.CreateAsync(copy, live, mark: true, cancellationToken);
            var read = 0L;
            output.Progress($"Restoring {set.Name} into {copy}", ByteSize.Format(set.Bytes), null);
            var options = new LoadOptions(IsScratch: false)
            {
                Jobs = request.Jobs,
                Database = set.Manifest!.Database ?? live,
                Progress = count => output.Progress($"Restoring {set.Name} into {copy}", ByteSize.Format(read += count), null),
            };
            await server.LoadAsync(set, new SetCheck(set), copy, options, cancellationToken);
            var content = new RestoredContent(set);
            await content.CountAsync(server, copy, cancellationToken);
            await content.AskAsync(target with { Database = ScratchDatabase.At(target.Database, copy) }, database, member.Definition.TestQuery, cancellationToken);
            if (server is PostgreSqlRestore)
            {
                // Nothing knows how many rows its tables have, and the first queries would be slow.
                await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken, copy);
                await session.ExecuteAsync("ANALYZE", cancellationToken);
            }

            return content;
        }
        catch (Exception error)
        {
            await DropAsync(server, copy);
            if (error is OpsException failure)
            {
                throw new OpsException(failure.Id, failure.Kind, $"{failure.Message} '{live}' was not touched.", failure.NextStep, failure.Target, failure);
            }

            throw;
        }
    }

    private async Task DropAsync(IRestoreServer server, string copy)
    {
        using var limit = new CancellationTokenSource(LastWork);
        try
        {
            await server.DropAsync(copy, limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            output.Warning($"The unfinished copy '{copy}' could not be dropped: {error.Message} The next Restore-Database drops it.");
        }
    }

    private static string Quote(string name) => $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";

    private DbRestoreResult Result(
        DbRestoreOutcome outcome, HealthStatus status, DatabaseMember database, DatabaseTarget target, BackupSet? set, string name, RestoredContent? content, string? backedUp, string message) => new()
        {
            Status = status,
            Outcome = outcome,
            Name = member.Name,
            Set = set?.Name,
            Database = name,
            Tables = content?.Tables.Count ?? 0,
            Rows = content?.Tables.Sum(table => table.Rows) ?? 0,
            Duration = Stopwatch.GetElapsedTime(_start),
            BackedUpAs = backedUp,
            Message = message,
            Server = target.Text,
            Host = database.HostName,
            Stack = member.Session.Stack.Name,
        };
}
