namespace OpsRunbook.Engine.Stacks;

/// <summary>A stack file as it was read, right or wrong.</summary>
public sealed class StackDocument
{
    private readonly Dictionary<string, ConfigNode> _positions;

    internal StackDocument(string path, OpsStack stack, ConfigProblems problems, IReadOnlyList<(int Line, string Key, string Message)> warnings, Dictionary<string, ConfigNode> positions)
    {
        Path = path;
        Stack = stack;
        Problems = [.. problems.All];
        Warnings = warnings;
        _positions = positions;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What could be read of it.</summary>
    public OpsStack Stack { get; }

    /// <summary>What is wrong with it, in the order of the file: line (0 when it is about no line), key path, and the failure. Empty for a valid file.</summary>
    public IReadOnlyList<(int Line, string Key, OpsException Error)> Problems { get; }

    /// <summary>What is allowed but unwise, such as a plain secret: line, key path, and a sentence.</summary>
    public IReadOnlyList<(int Line, string Key, string Message)> Warnings { get; }

    /// <summary>Line of a key.</summary>
    /// <param name="keyPath">For example <c>databases.db.password</c>.</param>
    /// <returns>Line from 1; null when the file does not have the key.</returns>
    public int? LineOf(string keyPath) => _positions.TryGetValue(keyPath, out var node) ? node.Line : null;
}
