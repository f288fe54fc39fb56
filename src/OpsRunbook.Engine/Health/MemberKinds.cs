namespace OpsRunbook.Engine.Health;

/// <summary>What kinds of members have in common.</summary>
internal static class MemberKinds
{
    /// <summary>A member of this kind can be named by <c>dependsOn</c>. Others may have the same name as one that is.</summary>
    /// <param name="kind">The kind.</param>
    /// <returns>True when it can.</returns>
    public static bool CanBeDependedOn(MemberKind kind) => kind is MemberKind.Service or MemberKind.Database or MemberKind.Cache or MemberKind.WebServer;
}
