namespace OpsRunbook;

/// <summary>What a change of a cache's memory limit or eviction policy has done, and how to take it back.</summary>
public sealed class CachePolicyChange
{
    /// <summary>Eviction policy now.</summary>
    public required string Policy { get; init; }

    /// <summary>Eviction policy before.</summary>
    public required string OldPolicy { get; init; }

    /// <summary>Memory limit now, bytes; 0 for none.</summary>
    public required long MaxMemory { get; init; }

    /// <summary>Memory limit before, bytes; 0 for none.</summary>
    public required long OldMaxMemory { get; init; }

    /// <summary>It was written to the server's configuration file. False: the next start of the server brings the old values back.</summary>
    public required bool SurvivesRestart { get; init; }

    /// <summary>Command that takes the change back.</summary>
    public required string Undo { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server, <c>host:port</c>.</summary>
    public required string Node { get; init; }
}
