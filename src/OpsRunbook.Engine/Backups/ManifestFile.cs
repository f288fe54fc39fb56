using System.Text.Json.Serialization;

namespace OpsRunbook.Engine.Backups;

/// <summary>A file of a set as its manifest records it.</summary>
internal sealed record ManifestFile
{
    /// <summary>Path below the set, with <c>/</c>; for a set that is one file, its name.</summary>
    public required string Path { get; init; }

    /// <summary>Size in bytes; null when a foreign manifest does not tell.</summary>
    public long? Bytes { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal digits; null when a foreign manifest has another checksum or none.</summary>
    public string? Sha256 { get; init; }

    /// <summary>MD5 or SHA-1 of a foreign manifest in lower-case hexadecimal digits; null for none. Never written by us.</summary>
    [JsonIgnore]
    public string? WeakChecksum { get; init; }
}
