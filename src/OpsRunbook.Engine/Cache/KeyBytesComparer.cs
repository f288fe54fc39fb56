using System.Diagnostics.CodeAnalysis;

namespace OpsRunbook.Engine.Cache;

/// <summary>Compares keys by their bytes.</summary>
internal sealed class KeyBytesComparer : IEqualityComparer<ReadOnlyMemory<byte>>
{
    /// <summary>The one that is needed.</summary>
    public static readonly KeyBytesComparer Instance = new();

    private KeyBytesComparer()
    {
    }

    /// <inheritdoc/>
    public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

    /// <inheritdoc/>
    public int GetHashCode([DisallowNull] ReadOnlyMemory<byte> obj)
    {
        var hash = default(HashCode);
        hash.AddBytes(obj.Span);
        return hash.ToHashCode();
    }
}
