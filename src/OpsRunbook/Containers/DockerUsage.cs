namespace OpsRunbook;

/// <summary>One thing that a container engine keeps, with its size and who uses it, as in <c>docker system df --verbose</c>.</summary>
public sealed class DockerUsage
{
    /// <summary>What it is.</summary>
    public required DockerUsageKind Kind { get; init; }

    /// <summary>Name: first tag of an image (<c>&lt;none&gt;</c> without one), container, volume, network, or what made an entry of the build cache.</summary>
    public required string Name { get; init; }

    /// <summary>Full id; the name of a volume.</summary>
    public required string Id { get; init; }

    /// <summary>The stack's name for the host of the engine, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>All tags of an image; empty for everything else.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Size in bytes; null when the engine does not know it (a volume of a plug-in) or the thing has none (a network).</summary>
    public long? SizeBytes { get; init; }

    /// <summary>The part of an image that other images use too, bytes; null for everything else.</summary>
    public long? SharedBytes { get; init; }

    /// <summary>What its removal would give back at once, bytes: 0 while it is in use. Null when it is not known.</summary>
    public long? ReclaimableBytes { get; init; }

    /// <summary>Something uses it: a container, running or not; for a container itself, that it runs.</summary>
    public required bool InUse { get; init; }

    /// <summary>Containers that use it, stopped ones too; empty for none, and for the build cache.</summary>
    public IReadOnlyList<string> UsedBy { get; init; } = [];

    /// <summary>
    /// Members of the stack that need it: those whose containers use it, and those whose image it is. Compose services
    /// that the stack does not know have their own name.
    /// </summary>
    public IReadOnlyList<string> Services { get; init; } = [];

    /// <summary>When it was made, UTC; null when the engine does not know.</summary>
    public DateTime? CreatedAt { get; init; }

    /// <summary>When an entry of the build cache was last used, UTC; null for everything else.</summary>
    public DateTime? LastUsedAt { get; init; }

    /// <summary>Time since it was made; null when the engine does not know.</summary>
    public TimeSpan? Age { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";
}
