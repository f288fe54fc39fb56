namespace OpsRunbook;

/// <summary>What became of the rule by which a log is rotated.</summary>
public sealed class LogRotationChange
{
    /// <summary>The rule was written; false when it was there already.</summary>
    public required bool Changed { get; init; }

    /// <summary>Entry of the stack's logs.</summary>
    public required string Name { get; init; }

    /// <summary>File of the rule.</summary>
    public required string Path { get; init; }

    /// <summary>Where the old file is kept; null when there was none or nothing was changed.</summary>
    public string? Kept { get; init; }

    /// <summary>The rule.</summary>
    public required string Rule { get; init; }

    /// <summary>What the forced run on a copy made of the logs; empty when nothing was changed.</summary>
    public IReadOnlyList<string> Proof { get; init; } = [];

    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <inheritdoc/>
    public override string ToString() => Path;
}
