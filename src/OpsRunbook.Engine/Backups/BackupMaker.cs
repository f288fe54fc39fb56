using System.Globalization;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Backups;

/// <summary>Makes a set: by the server's own tools, or by the command of the stack.</summary>
/// <param name="member">The backup.</param>
/// <param name="request">How it is to be made.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes a <see cref="DbBackup"/>.</param>
public sealed class BackupMaker(BackupMember member, BackupRequest request, ChangeRunner changes, IOperationOutput output)
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromHours(24);

    /// <summary>Makes the set and emits it.</summary>
    /// <param name="cancellationToken">Ends it; nothing is kept then.</param>
    /// <returns>The set; null under <c>-WhatIf</c> and when the operator declined.</returns>
    /// <exception cref="OpsException"><c>Backup.…</c>: there is no new set.</exception>
    public async Task<DbBackup?> RunAsync(CancellationToken cancellationToken)
    {
        var folder = member.Folder;
        var known = await folder.ListAsync(cancellationToken);
        return member.Definition.Command is { Count: > 0 } command
            ? await CommandAsync(folder, known, command, cancellationToken)
            : await DumpAsync(folder, known, cancellationToken);
    }

    private async Task<DbBackup?> DumpAsync(BackupFolder folder, IReadOnlyList<BackupSet> known, CancellationToken cancellationToken)
    {
        await using var source = await BackupSources.OpenAsync(member, request, cancellationToken);
        await RequireSpaceAsync(folder, BackupSpace.Needed(known, source.DataBytes), cancellationToken);
        foreach (var warning in source.Warnings)
        {
            output.Warning(warning);
        }

        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Backup", $"{member.Name} to {folder.Directory}", member.HostName, source.Plan, cancellationToken);
            return null;
        }

        var change = new Change("Backup", $"{member.Name} to {folder.Directory}", member.HostName);
        return await changes.ConfirmAsync(change, cancellationToken)
            ? await EmitAsync(folder, await changes.RunAsync(change, token => WriteAsync(folder, source, token), Judge, cancellationToken), cancellationToken)
            : null;
    }

    private async Task<string> WriteAsync(BackupFolder folder, IBackupSource source, CancellationToken cancellationToken)
    {
        await using var holding = await FolderLock.TakeAsync(folder, member.Name, cancellationToken);

        // Only now is it certain that nobody else takes the same number.
        var sets = await folder.ListAsync(cancellationToken);
        foreach (var leftover in sets.Where(set => set.State == BackupState.Interrupted))
        {
            output.Warning($"{leftover.Path} on {folder.Host.Name} is left of an interrupted run. Remove-DbBackup removes it.");
        }

        var started = DateTime.UtcNow;
        var sequence = 1 + sets.Select(set => BackupName.TryParse(set.Name, out _, out var number, out _) ? number : 0).Append(0).Max();
        var staging = await BackupStaging.CreateAsync(folder, member.Name, BackupName.Of(member.Name, started, sequence), cancellationToken);
        try
        {
            var activity = $"Backup of {member.Name}";
            var tables = await source.DumpAsync(staging, bytes => output.Progress(activity, ByteSize.Format(bytes), null), cancellationToken);
            output.Progress(activity, "checksums", null);
            await staging.CompleteAsync(
                source.Description with { Sequence = sequence, Started = started, Ended = DateTime.UtcNow, Tables = tables, CreatedBy = BackupOrigin.Who }, cancellationToken);
            return staging.Name;
        }
        catch
        {
            await staging.RemoveAsync();
            throw;
        }
    }

    private async Task<DbBackup?> CommandAsync(BackupFolder folder, IReadOnlyList<BackupSet> known, List<string> command, CancellationToken cancellationToken)
    {
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("Backup", $"{member.Name} to {folder.Directory}", member.HostName, CommandRedactor.RedactText(string.Join(' ', command)), cancellationToken);
            return null;
        }

        var change = new Change("Backup", $"{member.Name} to {folder.Directory}", member.HostName);
        return await changes.ConfirmAsync(change, cancellationToken)
            ? await EmitAsync(folder, await changes.RunAsync(change, token => RunCommandAsync(folder, known, command, token), Judge, cancellationToken), cancellationToken)
            : null;
    }

    // The command's own word is not enough: there must be a set that was not there before, and it must be one.
    private async Task<string> RunCommandAsync(BackupFolder folder, IReadOnlyList<BackupSet> known, List<string> command, CancellationToken cancellationToken)
    {
        await using var holding = await FolderLock.TakeAsync(folder, member.Name, cancellationToken);
        var result = await folder.Host.RunAsync(new HostCommand([.. command]) { Timeout = CommandLimit }, cancellationToken);
        if (!result.Succeeded)
        {
            throw new OpsException(
                "Backup.CommandFailed",
                OpsErrorKind.OperationFailed,
                string.Create(CultureInfo.InvariantCulture, $"{command[0]} on {folder.Host.Name}, which backs up '{member.Name}', ended with {result.ExitCode}: {CommandRedactor.RedactText(result.Summary)}"),
                "Look at what it left in the folder before relying on it.",
                member.Name);
        }

        var before = known.ToDictionary(set => set.Name, set => (set.Bytes, set.Changed), StringComparer.Ordinal);
        var made = (await folder.ListAsync(cancellationToken)).Where(set => set.State is BackupState.Complete or BackupState.Damaged && (!before.TryGetValue(set.Name, out var old) || old != (set.Bytes, set.Changed))).ToList();
        return made switch
        {
            [] => throw new OpsException(
                "Backup.CommandMadeNothing",
                OpsErrorKind.OperationFailed,
                $"{command[0]} on {folder.Host.Name} ended well, and there is no new set of '{member.Name}' in {folder.Directory}.",
                "Check the 'directory:' and 'pattern:' of the backup in the stack file, and that what the command writes is a dump.",
                member.Name),
            [.., { State: BackupState.Damaged } damaged] => throw BackupErrors.DumpFailed(member.Name, $"{damaged.Path} is damaged: {damaged.Problem}."),
            [.., var last] => last.Name,
        };
    }

    private async Task RequireSpaceAsync(BackupFolder folder, long? needed, CancellationToken cancellationToken)
    {
        var free = await BackupSpace.FreeAsync(folder, cancellationToken);
        if (needed is null || free is null)
        {
            output.Verbose($"Whether {folder.Directory} has room for the backup of '{member.Name}' is not known.");
        }
        else if (needed > free)
        {
            throw BackupErrors.NoSpace(member.Name, folder.Host.Name, folder.Directory, needed.Value, free.Value);
        }
    }

    private async Task<DbBackup> EmitAsync(BackupFolder folder, string name, CancellationToken cancellationToken)
    {
        var sets = await folder.ListAsync(cancellationToken);
        var backup = new BackupJudge(member, DateTime.UtcNow).Judge(sets).FirstOrDefault(set => set.Set == name)
            ?? throw BackupErrors.DumpFailed(member.Name, $"{folder.PathOf(name)} is gone already.");
        var good = sets.Where(set => set.State == BackupState.Complete).ToList();
        if (good.Find(set => set.Name == name) is { } made && BackupJudge.Jump(made, good) is { } jump)
        {
            output.Warning($"The new set of '{member.Name}' is of an unusual size: {jump}.");
        }

        await output.WriteAsync(backup, cancellationToken);
        return backup;
    }

    private static ChangeResult Judge(string name) => new(JournalOutcome.Succeeded) { After = new Dictionary<string, string?> { ["set"] = name } };
}
