namespace OpsRunbook.Engine.Cache;

/// <summary>A key as it was reviewed.</summary>
/// <param name="Key">Its bytes.</param>
/// <param name="Type">Its type at the time; null when that is not known.</param>
public sealed record ReviewedKey(ReadOnlyMemory<byte> Key, string? Type)
{
    /// <summary>A key as <see cref="CacheKey"/> has it.</summary>
    /// <param name="text">The key as text.</param>
    /// <param name="base64">Its exact bytes; null when the text is exact.</param>
    /// <param name="type">Its type; null when that is not known.</param>
    /// <returns>The key.</returns>
    /// <exception cref="OpsException"><c>Cache.KeyInvalid</c>.</exception>
    public static ReviewedKey From(string text, string? base64, string? type) => new(KeyText.Bytes(text, base64), string.IsNullOrEmpty(type) ? null : type);
}
