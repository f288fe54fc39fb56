namespace OpsRunbook.Engine.Cache;

/// <summary>What a removal would take, before anybody is asked.</summary>
internal sealed class KeyPreview
{
    private const int MostExamples = 5;
    private const int MostSized = 2000;

    private readonly List<string> _examples = [];
    private long _sizedKeys;
    private long _sizedBytes;

    /// <summary>Keys that would go.</summary>
    public long Keys { get; private set; }

    /// <summary>Those of them that the stack protects.</summary>
    public long Protected { get; private set; }

    /// <summary>The first protected one.</summary>
    public string? ProtectedExample { get; private set; }

    /// <summary>Memory that they take, by a sample; null when it is not known.</summary>
    public long? EstimatedBytes => _sizedKeys == 0 ? null : (long)((double)_sizedBytes / _sizedKeys * Keys);

    /// <summary>Some more sizes are wanted.</summary>
    public bool WantsSizes => _sizedKeys < MostSized;

    /// <summary>Counts a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isProtected">The stack protects it.</param>
    public void Add(ReadOnlySpan<byte> key, bool isProtected)
    {
        Keys++;
        if (_examples.Count < MostExamples)
        {
            _examples.Add($"'{KeyText.Shown(key)}'");
        }

        if (isProtected)
        {
            Protected++;
            ProtectedExample ??= KeyText.Shown(key);
        }
    }

    /// <summary>Takes the sizes of some of the keys into account.</summary>
    /// <param name="keys">The keys.</param>
    public void AddSizes(IReadOnlyList<KeyFacts> keys)
    {
        foreach (var key in keys.Where(key => key.Bytes is not null))
        {
            _sizedKeys++;
            _sizedBytes += key.Bytes ?? 0;
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var size = EstimatedBytes is { } bytes ? $", about {ByteSize.Format(bytes)}" : string.Empty;
        var more = Keys > _examples.Count ? "for example " : string.Empty;
        return $"{Keys} {(Keys == 1 ? "key" : "keys")}{size}: {more}{string.Join(", ", _examples)}";
    }
}
