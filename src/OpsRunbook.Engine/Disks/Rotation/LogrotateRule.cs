namespace OpsRunbook.Engine.Disks.Rotation;

/// <summary>A rule of logrotate as it reads it.</summary>
/// <param name="Patterns">Files and patterns.</param>
/// <param name="Every">How often, in words: <c>daily</c>.</param>
/// <param name="Kept">How many old logs are kept, in its own words.</param>
internal sealed record LogrotateRule(IReadOnlyList<string> Patterns, string Every, string Kept)
{
    /// <summary>The files that it means just now.</summary>
    public HashSet<string> Logs { get; } = new(StringComparer.Ordinal);

    /// <summary>How many old logs are kept; null when there is no number.</summary>
    public int? Count => int.TryParse(Kept.Split(' ')[0], out var count) ? count : Kept.StartsWith("no ", StringComparison.Ordinal) ? 0 : null;

    /// <summary>In words: <c>daily, 14 kept</c>.</summary>
    public string Schedule => $"{Every}, {Count?.ToString() ?? "all"} kept";
}
