namespace OpsRunbook.Engine.Health;

/// <summary>A member of the stack with the checks that make up its health.</summary>
/// <param name="Name">Name in the stack.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Host">Host it runs on: the stack's name for it, or <c>local</c>.</param>
/// <param name="DependsOn">Names of the members that it cannot work without.</param>
/// <param name="Checks">Its checks; the last healthy one says the most about it.</param>
public sealed record HealthMember(
    string Name,
    MemberKind Kind,
    string Host,
    IReadOnlyList<string> DependsOn,
    IReadOnlyList<IHealthCheck> Checks);
