namespace OpsRunbook;

/// <summary>A condition on one label of alerts. A label that an alert does not have counts as empty.</summary>
/// <param name="Name">Name of the label.</param>
/// <param name="Value">Text, or regular expression that the whole value must match.</param>
/// <param name="IsRegex"><paramref name="Value"/> is a regular expression.</param>
/// <param name="IsEqual">The value must match; false: it must not.</param>
public sealed record AlertMatcher(string Name, string Value, bool IsRegex = false, bool IsEqual = true)
{
    /// <summary>As it is written in Alertmanager: <c>instance=~"web.*"</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        var sign = (IsEqual, IsRegex) switch
        {
            (true, false) => "=",
            (true, true) => "=~",
            (false, false) => "!=",
            _ => "!~",
        };
        return $"{Name}{sign}\"{Value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)}\"";
    }
}
