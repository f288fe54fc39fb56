using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Guards of windows.</summary>
internal static class WindowGuards
{
    /// <summary>Refuses what would fall into a time in which nothing may be changed.</summary>
    /// <param name="changes">The road of changes.</param>
    /// <param name="stack">The stack.</param>
    /// <param name="from">Begin, UTC.</param>
    /// <param name="until">End, UTC.</param>
    /// <exception cref="OpsException"><c>Guard.Freeze</c>.</exception>
    public static void RequireNoFreeze(ChangeRunner changes, OpsStack stack, DateTime from, DateTime until)
    {
        var freeze = stack.Maintenance?.Freeze.Find(freeze => freeze.From < until && freeze.Until > from);
        changes.Require(
            "Freeze",
            freeze is null,
            $"Nothing may be changed in the stack '{stack.Name}' from {freeze?.From:yyyy-MM-dd HH:mm} to {freeze?.Until:yyyy-MM-dd HH:mm} UTC{(freeze?.Reason is { } reason ? $": {reason}" : string.Empty)}.",
            "Wait until it is over.",
            stack.Name);
    }
}
