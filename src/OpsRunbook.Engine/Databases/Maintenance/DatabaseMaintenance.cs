using System.Diagnostics;
using System.Globalization;
using Npgsql;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>Looks after the tables of a database, one after the other.</summary>
/// <param name="member">The database.</param>
/// <param name="request">What is wanted.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes a <see cref="DbMaintenanceResult"/> for each table and operation.</param>
public sealed class DatabaseMaintenance(DatabaseMember member, MaintenanceRequest request, ChangeRunner changes, IOperationOutput output)
{
    /// <summary>Does it.</summary>
    /// <param name="cancellationToken">Ends it, on the server too.</param>
    /// <returns>A task that ends with the last table.</returns>
    /// <exception cref="OpsException"><c>Db.OperationNotSupported</c>, <c>Db.MaintenanceRunning</c>, or the database cannot be reached.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var target = await member.TargetAsync(cancellationToken);
        await using var engine = await target.WithinAsync(token => DatabaseAdapters.MaintenanceAsync(member, target, token), cancellationToken);
        foreach (var operation in request.Operations.Where(operation => !engine.Operations.Contains(operation)))
        {
            throw MaintenanceErrors.NotSupported(member.Name, operation, engine.Operations);
        }

        var tables = request.Filter.Choose(await engine.ReadTablesAsync(cancellationToken), member.Name, output);
        foreach (var leftover in await engine.FindLeftoversAsync(tables, cancellationToken))
        {
            if (!request.Operations.Contains(DbMaintenanceOperation.RemoveInvalidIndex))
            {
                output.Warning(leftover);
            }
        }

        var steps = await AllowedAsync(engine, tables, cancellationToken);
        if (changes.IsWhatIf)
        {
            foreach (var (operation, table) in steps)
            {
                await changes.PlanAsync(operation.ToString(), Name(table), member.HostName, $"{engine.Statement(operation, table)}; {ByteSize.Format(table.SizeBytes)}", cancellationToken);
            }

            return;
        }

        if (steps.Count == 0)
        {
            return;
        }

        var total = ByteSize.Format(steps.Select(step => step.Table).Distinct().Sum(table => table.SizeBytes));
        var what = $"{string.Join(", ", request.Operations)} of {(steps.Count == 1 ? Name(steps[0].Table) : $"{steps.Count.ToString(CultureInfo.InvariantCulture)} tables")} ({total})";
        if (await changes.ConfirmAsync(new Change(what, member.Name, member.HostName), cancellationToken))
        {
            await engine.LockAsync(cancellationToken);
            await WorkAsync(engine, steps, cancellationToken);
        }
    }

    private static string Name(DbTable table) => $"{table.Schema}.{table.Table}";

    // The connection was lost, as far as the driver can tell it from a refusal.
    private static bool IsLost(OpsException error) =>
        error.Kind == OpsErrorKind.Connection || (error.Id == "Db.ProtocolError" && error.InnerException is NpgsqlException and not PostgresException);

    private async Task<List<(DbMaintenanceOperation Operation, DbTable Table)>> AllowedAsync(IDatabaseMaintenance engine, IReadOnlyList<DbTable> tables, CancellationToken cancellationToken)
    {
        var guards = new MaintenanceGuards(member, engine, changes, output);
        var ordered = request.Order == DbMaintenanceOrder.Size
            ? tables.OrderByDescending(table => table.SizeBytes)
            : tables.OrderBy(table => table.SizeBytes);
        var steps = new List<(DbMaintenanceOperation, DbTable)>();
        foreach (var (table, operation) in ordered.SelectMany(table => request.Operations.Select(operation => (table, operation))))
        {
            try
            {
                if (engine.Refusal(operation, table) is { } refusal)
                {
                    throw refusal;
                }

                await guards.RequireAsync(operation, table, cancellationToken);
                steps.Add((operation, table));
            }
            catch (OpsException error)
            {
                output.Error(error);
                await WriteAsync(DbMaintenanceOutcome.Skipped, operation, table, null, table.SizeBytes, null, error.Message, cancellationToken);
            }
        }

        return steps;
    }

    private async Task WorkAsync(IDatabaseMaintenance engine, List<(DbMaintenanceOperation Operation, DbTable Table)> steps, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        string? end = null;
        for (var index = 0; index < steps.Count; index++)
        {
            var (operation, table) = steps[index];
            if (end is null && request.MaxDuration is { } limit && Stopwatch.GetElapsedTime(start) >= limit)
            {
                end = $"the {Duration.Format(limit)} of -MaxDuration are over";
                output.Warning($"Maintenance of '{member.Name}' ends with {(steps.Count - index).ToString(CultureInfo.InvariantCulture)} of {steps.Count.ToString(CultureInfo.InvariantCulture)} steps left: {end}.");
            }

            if (end is not null)
            {
                await WriteAsync(DbMaintenanceOutcome.NotReached, operation, table, null, table.SizeBytes, null, end, cancellationToken);
                continue;
            }

            var activity = FormattableString.Invariant($"{operation} of {Name(table)} in {member.Name} ({index + 1} of {steps.Count})");
            output.Progress(activity, ByteSize.Format(table.SizeBytes), null);
            if (!await StepAsync(engine, operation, table, (phase, percent) => output.Progress(activity, phase, percent), cancellationToken))
            {
                end = "the connection to the server was lost";
            }
        }
    }

    // False when the server is gone.
    private async Task<bool> StepAsync(IDatabaseMaintenance engine, DbMaintenanceOperation operation, DbTable table, Action<string, int?> progress, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        long? before = null, after = null;
        var change = new Change(operation.ToString(), $"{Name(table)} of {member.Name}", member.HostName)
        {
            Before = new Dictionary<string, string?> { ["bytes"] = table.SizeBytes.ToString(CultureInfo.InvariantCulture) },
        };
        try
        {
            var message = await changes.RunAsync(
                change,
                async token =>
                {
                    try
                    {
                        before = table.SizeBytes;
                        var said = await engine.RunAsync(operation, table, request.LockTimeout, progress, token);
                        after = await SizeAsync(engine, table, token);
                        return said;
                    }
                    catch (OpsException error) when (error.Id is not ("Db.TableLocked" or "Db.TableNotFound"))
                    {
                        throw MaintenanceErrors.Failed(operation, $"{Name(table)} in '{member.Name}'", error, IsLost(error));
                    }
                },
                said => new ChangeResult(JournalOutcome.Succeeded, said.Length > 0 ? said : null)
                {
                    After = new Dictionary<string, string?> { ["bytes"] = after?.ToString(CultureInfo.InvariantCulture) },
                },
                cancellationToken);
            await WriteAsync(DbMaintenanceOutcome.Succeeded, operation, table, Stopwatch.GetElapsedTime(start), before, after, message, cancellationToken);
            return true;
        }
        catch (OpsException error)
        {
            output.Error(error);
            await WriteAsync(
                error.Id == "Db.TableLocked" ? DbMaintenanceOutcome.Skipped : DbMaintenanceOutcome.Failed, operation, table, Stopwatch.GetElapsedTime(start), before, null, error.Message, cancellationToken);
            return error.Id != "Db.ConnectionLost";
        }
    }

    // What is done is done, whether its size can still be read or not.
    private static async Task<long?> SizeAsync(IDatabaseMaintenance engine, DbTable table, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.ReadSizeAsync(table, cancellationToken);
        }
        catch (OpsException)
        {
            return null;
        }
    }

    private ValueTask WriteAsync(
        DbMaintenanceOutcome outcome, DbMaintenanceOperation operation, DbTable table, TimeSpan? duration, long? before, long? after, string message, CancellationToken cancellationToken) => output.WriteAsync(
        new DbMaintenanceResult
        {
            Outcome = outcome,
            Operation = operation,
            Database = member.Name,
            Schema = table.Schema,
            Table = table.Table,
            Id = table.Id,
            Duration = duration,
            SizeBefore = before,
            SizeAfter = after,
            Message = message,
            Host = member.HostName,
        },
        cancellationToken);
}
