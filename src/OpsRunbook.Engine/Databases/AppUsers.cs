using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>The users of an application, by the statements that the stack has for them.</summary>
/// <param name="member">The database that they live in.</param>
/// <param name="output">Takes rows and changes.</param>
public sealed class AppUsers(DatabaseMember member, IOperationOutput output)
{
    /// <summary>Lists the users.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException"><c>AppUser.NoStatement</c>, or the database cannot be reached.</exception>
    public async Task ListAsync(CancellationToken cancellationToken)
    {
        var statement = Statement(member.Definition.AppUsers?.List, "list");
        await new DatabaseQuery(member, output).ReadAsync(new DbQueryRequest(statement, new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase)), cancellationToken);
    }

    /// <summary>Changes one user: exactly one row, or nothing.</summary>
    /// <param name="action">What is done.</param>
    /// <param name="user">The user.</param>
    /// <param name="role">The role, where one is given.</param>
    /// <param name="changes">The road for changes.</param>
    /// <param name="cancellationToken">Ends it and rolls it back.</param>
    /// <returns>A task that ends with the commit.</returns>
    /// <exception cref="OpsException"><c>AppUser.NoStatement</c>, <c>AppUser.NotChanged</c>, or the database cannot be reached.</exception>
    public async Task ChangeAsync(AppUserAction action, string user, string? role, ChangeRunner changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var statements = member.Definition.AppUsers;
        var text = action switch
        {
            AppUserAction.SetRole => Statement(statements?.SetRole, "setRole"),
            AppUserAction.Disable => Statement(statements?.Disable, "disable"),
            _ => Statement(statements?.Enable, "enable"),
        };
        var values = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["user"] = user };
        if (role is not null)
        {
            values["role"] = role;
        }

        var query = DatabaseAdapters.Query(member, await member.TargetAsync(cancellationToken));
        var statement = DatabaseQuery.Parse(query, new DbQueryRequest(text, values));
        var change = new Change(role is null ? action.ToString() : $"{action} '{role}'", $"user '{user}' of {member.Name}", member.HostName);
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync(action.ToString(), change.Target, member.HostName, $"{statement.Shown}; exactly one row, else it is rolled back", cancellationToken);
            return;
        }

        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return;
        }

        await changes.RunAsync(
            change,
            async token =>
            {
                try
                {
                    return await query.WriteAsync(statement, values, _ => ValueTask.CompletedTask, 1, token);
                }
                catch (OpsException error) when (error.Id == "Db.RowsUnexpected")
                {
                    throw new OpsException(
                        "AppUser.NotChanged", OpsErrorKind.Refused, $"The user '{user}' of {member.Name} was not changed. {error.Message}", "Look with Set-AppUser -List whether there is exactly one such user, and whether it is so already.", user, error);
                }
            },
            _ => new ChangeResult(JournalOutcome.Succeeded) { After = role is null ? new Dictionary<string, string?>() : new Dictionary<string, string?> { ["role"] = role } },
            cancellationToken);
        await output.WriteAsync(new AppUserChange { Action = action, User = user, Role = role, Database = member.Name, Host = member.HostName }, cancellationToken);
    }

    private string Statement(string? statement, string key) => string.IsNullOrWhiteSpace(statement)
        ? throw new OpsException(
            "AppUser.NoStatement",
            OpsErrorKind.InvalidArgument,
            $"The stack does not say how the users of '{member.Name}' are kept.",
            $"Add the statement to the stack file: databases.{member.Name}.appUsers.{key}.",
            member.Name)
        : statement;
}
