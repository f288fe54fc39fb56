namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Something that is counted under a key of bytes.</summary>
/// <param name="key">The key.</param>
/// <param name="hash">Its hash.</param>
internal abstract class KeyEntry(byte[] key, int hash)
{
    /// <summary>The key.</summary>
    public byte[] Key { get; } = key;

    /// <summary>Its hash.</summary>
    public int Hash { get; } = hash;
}
