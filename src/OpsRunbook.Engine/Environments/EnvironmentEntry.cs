namespace OpsRunbook.Engine.Environments;

/// <summary>One assignment, comment or empty line of an environment file; a quoted value may go over several lines.</summary>
internal sealed record EnvironmentEntry
{
    /// <summary>Where it begins in the text.</summary>
    public required int Start { get; init; }

    /// <summary>Where the next one begins: after the line end.</summary>
    public required int End { get; init; }

    /// <summary>Name of the variable; null for a comment, an empty line, and what the reader ignores.</summary>
    public string? Key { get; init; }

    /// <summary>Value as the reader of the file takes it.</summary>
    public string Value { get; init; } = string.Empty;

    /// <summary>Where the value begins in the text, quotes included.</summary>
    public int ValueStart { get; init; }

    /// <summary>Where the value ends in the text, quotes included; a comment after it is not part of it.</summary>
    public int ValueEnd { get; init; }

    /// <summary>Quote around the value; null for none.</summary>
    public char? Quote { get; init; }

    /// <summary>Why readers of this dialect do not agree on what it means; null when they do.</summary>
    public string? Problem { get; init; }
}
