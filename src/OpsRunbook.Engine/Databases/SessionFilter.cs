namespace OpsRunbook.Engine.Databases;

/// <summary>Which sessions are wanted.</summary>
public sealed record SessionFilter
{
    private OperatorPattern? _match;

    /// <summary>In one of these states; none for all.</summary>
    public IReadOnlyList<DbSessionState> States { get; init; } = [];

    /// <summary>Waiting for their client at least so long; null for no limit.</summary>
    public TimeSpan? IdleFor { get; init; }

    /// <summary>Running a statement at least so long; null for no limit.</summary>
    public TimeSpan? RunningFor { get; init; }

    /// <summary>Of one of these users, with wildcards; none for all.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Of one of these applications, with wildcards; none for all.</summary>
    public IReadOnlyList<string> Applications { get; init; } = [];

    /// <summary>From one of these addresses, with wildcards, with or without the port; none for all.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Regular expression that the statement contains; null for all.</summary>
    public string? Match { get; init; }

    /// <summary>The session is wanted.</summary>
    /// <param name="session">A session.</param>
    /// <returns>True when it is.</returns>
    /// <exception cref="OpsException"><c>Db.PatternInvalid</c>, <c>Db.PatternTooSlow</c>.</exception>
    public bool Includes(DbSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return (States.Count == 0 || States.Contains(session.State))
            && (IdleFor is null || session.Idle >= IdleFor)
            && (RunningFor is null || session.Running >= RunningFor)
            && Fits(Users, session.User)
            && Fits(Applications, session.Application)
            && (Fits(Addresses, session.Address) || Fits(Addresses, WithoutPort(session.Address)))
            && (Match is null || (session.Query is { } query && (_match ??= OperatorPattern.ForStatements(Match)).IsMatch(query)));
    }

    private static bool Fits(IReadOnlyList<string> patterns, string? name) =>
        patterns.Count == 0 || (name is not null && patterns.Any(pattern => NameFilter.Fits(pattern, name)));

    private static string? WithoutPort(string? address) => address?.LastIndexOf(':') is > 0 and int colon ? address[..colon] : address;
}
