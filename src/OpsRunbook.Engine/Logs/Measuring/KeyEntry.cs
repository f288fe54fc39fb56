namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Something that is counted under a key of bytes.</summary>
/// <param name="key">The key.</param>
internal abstract class KeyEntry(byte[] key)
{
    /// <summary>The key.</summary>
    public byte[] Key { get; } = key;
}
