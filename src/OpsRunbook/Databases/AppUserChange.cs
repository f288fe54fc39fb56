namespace OpsRunbook;

/// <summary>What was changed of a user of an application.</summary>
public sealed class AppUserChange
{
    /// <summary>What was done: <c>SetRole</c>, <c>Disable</c>, <c>Enable</c>.</summary>
    public required AppUserAction Action { get; init; }

    /// <summary>The user, as the application names it.</summary>
    public required string User { get; init; }

    /// <summary>The role that the user has now; null when it was not about a role.</summary>
    public string? Role { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Name of the host from which the server is reached; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }
}
