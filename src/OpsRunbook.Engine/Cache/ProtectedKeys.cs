namespace OpsRunbook.Engine.Cache;

/// <summary>Keys that are not to be removed, by the patterns of the stack and those of the call.</summary>
/// <param name="protect">Patterns of the stack.</param>
/// <param name="exclude">Patterns of the call.</param>
internal sealed class ProtectedKeys(IEnumerable<string> protect, IEnumerable<string> exclude)
{
    private readonly RedisGlob[] _protect = [.. protect.Select(pattern => new RedisGlob(pattern))];
    private readonly RedisGlob[] _exclude = [.. exclude.Select(pattern => new RedisGlob(pattern))];

    /// <summary>There is a protected pattern.</summary>
    public bool Any => _protect.Length > 0;

    /// <summary>Patterns of the stack, for messages.</summary>
    public string Patterns => string.Join(", ", _protect.Select(pattern => pattern.Text));

    /// <summary>A pattern of the stack fits the key.</summary>
    public bool IsProtected(ReadOnlySpan<byte> key) => Fits(_protect, key);

    /// <summary>A pattern of the call fits the key.</summary>
    public bool IsExcluded(ReadOnlySpan<byte> key) => Fits(_exclude, key);

    private static bool Fits(RedisGlob[] patterns, ReadOnlySpan<byte> key)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(key))
            {
                return true;
            }
        }

        return false;
    }
}
