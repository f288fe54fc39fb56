using System.Diagnostics;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Backups;

/// <summary>Tests sets of a backup, and records the verdicts in their manifests.</summary>
/// <param name="member">The backup.</param>
/// <param name="request">Which sets, and how.</param>
/// <param name="changes">The road for the scratch database.</param>
/// <param name="output">Takes a <see cref="DbBackupTest"/> for each set.</param>
public sealed class BackupTest(BackupMember member, BackupTestRequest request, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Tests them, from the oldest to the newest.</summary>
    /// <param name="cancellationToken">Ends the tests; a set in the middle of one keeps its earlier verdicts.</param>
    /// <returns>A task that ends with the last set.</returns>
    /// <exception cref="OpsException"><c>Backup.NoSet</c>, or the folder or server cannot be reached.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var set in await BackupSelection.ChooseAsync(member, request.Sets, request.Newest, output, cancellationToken))
        {
            try
            {
                await TestAsync(set, cancellationToken);
            }
            catch (OpsException error)
            {
                // The test could not be made; nothing is known about the set.
                output.Error(error);
            }
        }
    }

    /// <summary>An error is about the set itself, not about the machines that it was tested on.</summary>
    internal static bool IsAboutSet(OpsException error) => error.Id switch
    {
        "Backup.LoadFailed" => !error.Message.Contains("No space left", StringComparison.Ordinal) && !error.Message.Contains("connection to server", StringComparison.Ordinal)
            && !error.Message.Contains("server closed the connection", StringComparison.Ordinal) && !error.Message.Contains("terminating connection", StringComparison.Ordinal)
            && !error.Message.Contains("ERROR 20", StringComparison.Ordinal) && !error.Message.Contains("disk full", StringComparison.Ordinal),
        "Backup.Damaged" or "Backup.Incomplete" or "Backup.UnsafeEntry" or "Backup.ForeignCommand" or "Backup.RowsDiffer" or "Backup.TestQueryFailed" or "Backup.DatabaseNotInSet" => true,
        _ => false,
    };

    private async Task TestAsync(BackupSet set, CancellationToken cancellationToken)
    {
        if (changes.IsWhatIf)
        {
            await PlanAsync(set, cancellationToken);
            return;
        }

        var (startedAt, start) = (DateTime.UtcNow, Stopwatch.GetTimestamp());
        if (set.State == BackupState.Damaged)
        {
            await WriteAsync(set, new Finding(false, $"{set.Name} is damaged: {set.Problem}."), isRecorded: false, startedAt, start, cancellationToken);
            return;
        }

        var check = new SetCheck(set);
        Finding finding;
        try
        {
            finding = request.Level switch
            {
                BackupLevel.Checksum => new Finding(true, Sentence(await check.CheckSumsAsync(cancellationToken))),
                BackupLevel.Stream => new Finding(true, Sentence(await check.CheckStreamAsync(cancellationToken))),
                _ when set.Manifest!.Engine == BackupEngine.Redis => new Finding(true, Sentence(await RedisLoad.RunAsync(set, check, cancellationToken))),
                _ => await RestoreAsync(set, check, cancellationToken) ?? throw new OperationCanceledException(cancellationToken),
            };
        }
        catch (OpsException error) when (IsAboutSet(error))
        {
            finding = new Finding(false, error.Message);
        }

        var verdict = new BackupVerdict
        {
            Level = request.Level,
            Passed = finding.Passed,
            At = DateTime.UtcNow,
            How = finding.Message,
            By = BackupOrigin.Who,
        };
        var isRecorded = false;
        try
        {
            await set.RecordAsync(verdict, check.Files.Count == set.Files.Count ? check.Files : null, cancellationToken);
            isRecorded = true;
        }
        catch (OpsException error)
        {
            output.Error(error);
        }

        await WriteAsync(set, finding, isRecorded, startedAt, start, cancellationToken);
    }

    private async Task<Finding?> RestoreAsync(BackupSet set, SetCheck check, CancellationToken cancellationToken)
    {
        var database = Server(set);
        var change = new Change($"Restore {set.Name} into a scratch database", database.Name, database.HostName);
        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return null;
        }

        return await changes.RunAsync(
            change,
            async token =>
            {
                await using var scratch = await ScratchDatabase.CreateAsync(database, output, server => RestoreNeeds.RequireAsync(server, database, set, changes, output, token), token);
                var read = 0L;
                var options = new LoadOptions(IsScratch: true)
                {
                    Jobs = request.Jobs,
                    Database = set.Manifest!.Database ?? member.Database?.Definition.Database,
                    Progress = count => output.Progress($"Restoring {set.Name} into {scratch.Name}", ByteSize.Format(read += count), null),
                };
                output.Progress($"Restoring {set.Name} into {scratch.Name}", ByteSize.Format(set.Bytes), null);
                var content = new RestoredContent(set);
                try
                {
                    await scratch.Server.LoadAsync(set, check, scratch.Name, options, token);
                    await content.CountAsync(scratch.Server, scratch.Name, token);
                    await content.AskAsync(scratch.Target, database, member.Definition.TestQuery, token);
                }
                finally
                {
                    // A server that failed in the middle is no news about the set, neither good nor bad.
                    await scratch.Server.RequireSameAsync(token);
                }

                return new Finding(true, $"It was restored on {scratch.Target.Text}: {content.How}{(check.HasChecksums ? "; the checksums are those that were recorded" : string.Empty)}.")
                {
                    Tables = content.Tables.Count,
                    Rows = content.Tables.Sum(table => table.Rows),
                    Answer = content.Answer,
                    Server = scratch.Target.Text,
                };
            },
            found => new ChangeResult(JournalOutcome.Succeeded, found.Message),
            cancellationToken);
    }

    private DatabaseMember Server(BackupSet set) => request.Server is { } name
        ? BackupSelection.Server(member, name)
        : member.Database ?? throw new OpsException(
            "Backup.EngineNotSupported", OpsErrorKind.InvalidArgument, $"{set.Name} belongs to '{member.Definition.Database}', which is no database of the stack.", "Name one to restore on with -Server.", set.Name);

    private async Task PlanAsync(BackupSet set, CancellationToken cancellationToken)
    {
        if (request.Level == BackupLevel.Restore && set.Manifest?.Engine != BackupEngine.Redis)
        {
            var database = Server(set);
            await changes.PlanAsync("Create", ScratchDatabase.Prefix + "…", database.HostName, $"an empty database on the server of '{database.Name}'", cancellationToken);
            await changes.PlanAsync("Restore", set.Name, database.HostName, $"{ByteSize.Format(set.Bytes)} into it, then count its tables and rows", cancellationToken);
            await changes.PlanAsync("Drop", ScratchDatabase.Prefix + "…", database.HostName, "the scratch database", cancellationToken);
        }
        else
        {
            await changes.PlanAsync("Read", set.Name, set.Host.Name, $"{ByteSize.Format(set.Bytes)}, {(request.Level == BackupLevel.Checksum ? "its checksums" : "to its end")}", cancellationToken);
        }

        await changes.PlanAsync("Record", set.Name, set.Host.Name, "the verdict in its manifest", cancellationToken);
    }

    private ValueTask WriteAsync(BackupSet set, Finding finding, bool isRecorded, DateTime startedAt, long start, CancellationToken cancellationToken) => output.WriteAsync(
        new DbBackupTest
        {
            Status = finding.Passed ? HealthStatus.Healthy : HealthStatus.Critical,
            Name = member.Name,
            Set = set.Name,
            Level = request.Level,
            Tables = finding.Tables,
            Rows = finding.Rows,
            Bytes = set.Bytes,
            Duration = Stopwatch.GetElapsedTime(start),
            Answer = finding.Answer,
            IsRecorded = isRecorded,
            Message = finding.Message,
            Host = set.Host.Name,
            Directory = member.Definition.Directory,
            Server = finding.Server,
            StartedAt = startedAt,
            Stack = member.Session.Stack.Name,
        },
        cancellationToken);

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..] + ".";

    private sealed record Finding(bool Passed, string Message)
    {
        public int? Tables { get; init; }

        public long? Rows { get; init; }

        public string? Answer { get; init; }

        public string? Server { get; init; }
    }
}
